// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import Foundation
import MartletModel
import MartletPorts
import MartletSQLiteStore
import MartletTestKit
import Synchronization
import Testing

@Suite struct KilledWriterTests {
    /// The number of lines after which the writer is killed, wherever it is then.
    @Test(arguments: [1, 2, 17, 60, 133, 250, 400]) func everythingItSaidIsThere(lines: Int) async throws {
        let directory = try ScratchDirectory()
        let job = JobRecord.sample(plan: .sample(segments: 50))
        let tasks = TaskSpecification.samples(20).map { TaskRecord(job: job.id, specification: $0) }
        do {
            let store = try await SQLiteJobStore.open(path: directory.file())
            #expect(try await store.insert(job))
            try await store.insert(tasks)
            #expect(try await store.insert(.sample("renewed")))
        }

        let seen = Mutex(0)
        let observer = ChildProcess.Observer(onOutputLine: { _, writer in
            let count = seen.withLock { seen in
                seen += 1
                return seen
            }
            if count == lines { writer.send(SIGKILL) }
        })
        let outcome = try await ChildProcess.run(
            try Self.writer(), [directory.file()], observer: observer)
        #expect(outcome.ending == .signalled(SIGKILL), "\(outcome.errors)")

        let store = try await SQLiteJobStore.open(path: directory.file())
        let kept = try await store.tasks(of: job.id)
        let attempts = Set(try await store.attempts(of: job.id).map { "\($0.task) \($0.epoch)" })
        let keptJob = try #require(try await store.job(job.id))
        let renewed = try #require(try await store.job(JobID("renewed")))
        let only = try await store.tasks(of: renewed.id).map(\.specification.id.text)
        #expect(only == (Int(renewed.name) == nil ? [] : [renewed.name]))
        #expect(kept.count == tasks.count)
        #expect(keptJob.plan == job.plan)
        let said = outcome.output.split(separator: "\n").map { $0.split(separator: " ") }
        #expect(said.count >= lines)
        for words in said {
            let numbers = words.dropFirst().compactMap { Int($0) }
            switch words[0] {
            case "task": #expect(kept[numbers[0]].epoch >= numbers[1])
            case "renewal": #expect(Int(renewed.name).map { $0 >= numbers[0] } == true)
            case "attempt": #expect(attempts.contains("\(kept[numbers[0]].specification.id) \(numbers[1])"))
            default: #expect(keptJob.revision >= numbers[0])
            }
        }
        // And it goes on: nothing is locked, nothing damaged.
        let last = kept.map { task in
            var task = task
            task.epoch += 1
            task.state = .completed
            task.artifact = .sample(task.specification.id)
            return task
        }
        #expect(try await store.update(last).isEmpty)
        #expect(try await store.tasks(of: job.id) == last)
    }

    /// The path of the writer, which is built beside the tests.
    private static func writer() throws -> String {
        let path = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
            .appendingPathComponent("StoreWriter").path
        try #require(FileManager.default.isExecutableFile(atPath: path), "no program at \(path)")
        return path
    }
}
