// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import Foundation
import Glibc
import MartletModel
import MartletTestKit
import MartletWire
import Testing

/// What is left of a cluster when the monkey is done with it: everything that must be true then.
struct ChaosAftermath {
    /// What is wrong, each in one sentence.
    private(set) var faults: [String] = []
    /// How everything ended, in numbers.
    private(set) var summary = ""

    private let cluster: ChaosCluster

    /// Waits until the cluster has settled, ends it, and looks at everything.
    ///
    /// - Parameter patience: how long nothing may happen before all jobs are over.
    init(of cluster: ChaosCluster, patience: Duration) async throws {
        self.cluster = cluster
        try await cluster.rest()
        try await workersReturn()
        await cluster.note("workers are back")
        try await jobsEnd(within: patience)
        let jobs = try await cluster.user.jobs() ?? []
        faults += await cluster.ledger.faults(in: jobs)
        try await lookAtAttempts(of: jobs)
        await lookAtProcesses()
        faults += await cluster.end()
        try await lookAtFiles(of: jobs)
        faults += await cluster.faults
    }

    private mutating func workersReturn() async throws {
        let (cluster, names) = (cluster, Set(await cluster.names))
        var views: [WorkerView] = []
        let isWell = try await until(.seconds(60)) {
            views = try await cluster.user.look("/api/v1/workers", for: [WorkerView].self) ?? []
            return names.isSubset(of: views.map(\.id.text))
        }
        if !isWell { faults.append("workers do not return: \(names.sorted()), but \(views.map(\.id.text))") }
    }

    /// Waits as long as something gets on.
    private mutating func jobsEnd(within patience: Duration) async throws {
        var told = ""
        while true {
            // The ledger says which ones do not end, and why.
            let (cluster, before) = (cluster, told)
            let isNews = try await until(patience) {
                guard let jobs = try await cluster.user.jobs() else { return false }
                told = jobs.filter { !$0.state.isFinal }
                    .map { " \($0.output.dropFirst(6)) \($0.state) \($0.tasksCompleted)/\($0.tasksTotal)" }.joined()
                return told != before || told.isEmpty
            }
            guard isNews, !told.isEmpty else { return }
            await cluster.note("still open:\(told)")
        }
    }

    private mutating func lookAtAttempts(of jobs: [JobView]) async throws {
        var results: [String: Int] = [:]
        for job in jobs {
            let tasks = try await cluster.user.look("/api/v1/jobs/\(job.id)/tasks", for: [TaskView].self) ?? []
            for task in tasks {
                for attempt in task.attempts {
                    let reason = attempt.error.map { " (\($0.code))" } ?? ""
                    results[attempt.result + reason, default: 0] += 1
                    if job.state.isFinal, attempt.endedMs == nil {
                        faults.append("\(job.id) is over, and an attempt at \(task.id) is not")
                    }
                }
                let good = task.attempts.count { $0.result == "completed" }
                if job.state == .completed, good != 1 {
                    faults.append("\(job.id) is completed, and \(good) attempts at \(task.id) are")
                }
            }
        }
        let ends = Dictionary(grouping: jobs) {
            "\($0.state.rawValue)\($0.state == .failed ? " (\($0.error?.code ?? ""))" : "")"
        }
        summary = "\(jobs.count) jobs: \(Self.list(ends.mapValues(\.count))); attempts: \(Self.list(results))"
        let workers = try await cluster.user.look("/api/v1/workers", for: [WorkerView].self) ?? []
        for worker in workers where !worker.running.isEmpty {
            faults.append("worker \(worker.id) runs \(worker.running) after all jobs' end")
        }
    }

    private static func list(_ counts: [String: Int]) -> String {
        counts.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }.joined(separator: ", ")
    }

    /// Nothing encodes any more, and the coordinator has let go of what it had open.
    private mutating func lookAtProcesses() async {
        let cluster = cluster
        let isQuiet = await until(.seconds(20)) { await cluster.helpers.isEmpty }
        if !isQuiet { faults.append("still running: \(await cluster.helpers.map(RunningPrograms.command(of:)))") }
        var open: [String] = []
        // Connections over a network that was cut off end with the server's patience for idle ones, a minute.
        let isClosed = await until(.seconds(90)) {
            open = await cluster.openFiles
            return open.count <= Self.usual + cluster.workers
        }
        if !isClosed { faults.append("the coordinator has \(open.count) descriptors open: \(open.sorted())") }
        for path in open where path.contains("/data/jobs/") || path.contains("/films/") {
            faults.append("the coordinator has \(path) open")
        }
    }

    /// Descriptors of an idle coordinator: standard streams, lock, records, pools, and a few kept connections.
    private static let usual = 40

    private mutating func lookAtFiles(of jobs: [JobView]) async throws {
        let (files, directory) = (FileManager.default, cluster.directory)
        var allowed = Set(ChaosOrder.all.map(\.film))
        for job in jobs where job.state == .completed {
            let output = String(job.output.drop { $0 != ":" }.dropFirst())
            allowed.insert(output)
            guard let order = await cluster.ledger.entries[output]?.order else { continue }
            let bytes = files.contents(atPath: directory.file("coordinator/films/\(output)"))
            if bytes != (try await ChaosReferences.shared.bytes(of: order)) {
                faults.append("\(job.id) (\(output), \(order)) has \(bytes == nil ? "no output" : "other bytes")")
            }
        }
        for name in try files.contentsOfDirectory(atPath: directory.file("coordinator/films"))
        where !allowed.contains(name) { faults.append("left in the media root: \(name)") }
        // What failed may be retried, and then its finished segments count.
        let failed = Set(jobs.filter { $0.state == .failed }.map(\.id.text))
        for path in Self.files(in: directory.file("coordinator/data")) {
            let parts = path.split(separator: "/").map(String.init)
            let isOfFailed =
                parts.count > 1 && parts[0] == "jobs" && failed.contains(String(parts[1].prefix { $0 != "." }))
            let isRecord = parts.count == 1 && (parts[0] == "lock" || parts[0].hasPrefix("state.sqlite"))
            if !isOfFailed, !isRecord { faults.append("left with the coordinator: \(path)") }
        }
        for number in 0..<cluster.workers {
            for path in Self.files(in: directory.file("worker-\(number)")) where !path.hasSuffix("/lock") {
                faults.append("left with worker \(number): \(path)")
            }
        }
        for path in Self.files(in: directory.file("tmp")) { faults.append("left in TMPDIR: \(path)") }
    }

    /// The paths of all files in a directory, as seen from there.
    private static func files(in directory: String) -> [String] {
        (FileManager.default.enumerator(atPath: directory)?.compactMap { $0 as? String } ?? []).filter { path in
            var isDirectory: ObjCBool = false
            return FileManager.default.fileExists(atPath: "\(directory)/\(path)", isDirectory: &isDirectory)
                && !isDirectory.boolValue
        }
    }

    /// Whether something comes true in time. What other processes do can only be asked for.
    private func until(_ limit: Duration, _ isTrue: () async throws -> Bool) async rethrows -> Bool {
        let end = ContinuousClock.now + limit
        while true {
            if try await isTrue() { return true }
            guard ContinuousClock.now < end else { return false }
            try? await Task.sleep(for: .milliseconds(100))
        }
    }
}

extension ChaosCluster {
    /// What the workers are called now.
    var names: [String] { places.compactMap { $0.key == .coordinator ? nil : $0.value.name } }

    /// Everything that runs for this cluster, but coordinator and workers.
    var helpers: [Int32] {
        let known = Set(places.values.compactMap { $0.process?.handle?.processID })
        return RunningPrograms.mentioning(directory.path).filter { !known.contains($0) }
    }

    /// What the coordinator has open.
    var openFiles: [String] {
        guard let process = places[.coordinator]?.process?.handle?.processID else { return [] }
        let links = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(process)/fd")) ?? []
        return links.compactMap {
            try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(process)/fd/\($0)")
        }
    }

    /// Ends workers and coordinator in order; gives what is wrong with that.
    func end() async -> [String] {
        for number in 0..<workers { await leave(.worker(number)) }
        await leave(.coordinator)
        let left = helpers
        return left.isEmpty ? [] : ["outlived the cluster: \(left.map(RunningPrograms.command(of:)))"]
    }
}

/// What `martlet transcode` makes of each order, undisturbed; made once.
actor ChaosReferences {
    /// For all rounds of a test run.
    static let shared = ChaosReferences()

    private var making: [ChaosOrder: Task<Data, any Error>] = [:]

    /// The bytes of an order's output.
    func bytes(of order: ChaosOrder) async throws -> Data {
        let task =
            making[order]
            ?? Task {
                let options = order.options.flatMap { ["--\($0.key)", $0.value] }
                return try await Transcode.succeed(order.film, to: "out.\(order.suffix)", options).bytes()
            }
        making[order] = task
        return try await task.value
    }
}
