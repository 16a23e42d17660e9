// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import Foundation
import MartletModel
import MartletPorts
import MartletSQLiteStore

/// Writes to the job store at the path given, says so line by line, and goes on until it is killed.
///
/// A line `task 7 12` says that task 7 is kept with epoch 12, `attempt 7 12`
/// that this attempt is, and `job 5` that the job has revision 5. A second job is begun anew all the time: `renewal 3`
/// says that it has the name 3, and its one task too. Each is said after the call returned, and not before.
@main
struct StoreWriter {
    static func main() async throws {
        let store = try await SQLiteJobStore.open(path: CommandLine.arguments[1])
        let id = JobID("job-1")
        guard var job = try await store.job(id) else { fatalError("no job to write to") }
        guard var other = try await store.job(JobID("renewed")) else { fatalError("no job to renew") }
        var tasks = try await store.tasks(of: id)
        for round in 1... {
            for index in tasks.indices {
                tasks[index].epoch += 1
                tasks[index].state = .running
                _ = try await store.update(tasks[index])
                say("task \(index) \(tasks[index].epoch)")
                try await store.record(
                    AttemptRecord(
                        job: id, task: tasks[index].specification.id, epoch: tasks[index].epoch,
                        worker: WorkerID("w"), startedMilliseconds: Int64(round)))
                say("attempt \(index) \(tasks[index].epoch)")
                other.name = "\(round * tasks.count + index)"
                var task = tasks[index]
                (task.job, task.specification.id) = (other.id, TaskID(other.name))
                if let revision = try await store.renew(other, tasks: [task]) { other.revision = revision }
                say("renewal \(other.name)")
            }
            job.state = round.isMultiple(of: 2) ? .processing : .waitingForWorkers
            if let revision = try await store.update(job) { job.revision = revision }
            say("job \(job.revision)")
        }
    }

    private static func say(_ line: String) {
        FileHandle.standardOutput.write(Data((line + "\n").utf8))
    }
}
