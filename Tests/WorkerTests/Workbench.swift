// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletHost
import MartletModel
import MartletPorts
import MartletTestKit
import MartletWorker
import Synchronization

/// A coordinator that only takes down what the worker says.
final class NotedDispatch: TaskDispatch {
    struct Unreachable: Error {}

    let orders: AsyncStream<WorkerOrder>.Continuation
    let registered = Journal<WorkerProfile>()
    let beats = Journal<[LeaseToken]>()
    let reports = Journal<RunProgress>()
    let results = Journal<(lease: LeaseToken, result: AttemptResult)>()
    let unregistered = Journal<WorkerID>()
    let speeds = Journal<Double?>()
    /// The leases that the next beat is told are lost.
    let lost = Mutex<[LeaseToken]>([])
    private let stream: AsyncStream<WorkerOrder>
    private let isReachable: Bool

    init(isReachable: Bool = true) {
        self.isReachable = isReachable
        (stream, orders) = AsyncStream.makeStream(of: WorkerOrder.self)
    }

    func register(_ worker: WorkerProfile, holding leases: [LeaseToken]) async throws -> AsyncStream<WorkerOrder> {
        registered.note(worker)
        return stream
    }

    func heartbeat(_ worker: WorkerID, holding leases: [LeaseToken], load: WorkerLoad?) async throws -> [LeaseToken] {
        beats.note(leases)
        guard isReachable else { throw Unreachable() }
        return lost.withLock { $0 }
    }

    func measured(_ worker: WorkerID, speed: Double?) async { speeds.note(speed) }

    func report(_ lease: LeaseToken, progress: RunProgress) async { reports.note(progress) }

    func finish(_ lease: LeaseToken, result: AttemptResult) async throws -> Bool {
        results.note((lease, result))
        guard isReachable else { throw Unreachable() }
        return true
    }

    func unregister(_ worker: WorkerID) async { unregistered.note(worker) }

    /// The result of one attempt, when it is there.
    func result(of lease: LeaseToken) async throws -> AttemptResult {
        let all = try await results.wait(for: "the result of \(lease.task)") { $0.contains { $0.lease == lease } }
        return all.first { $0.lease == lease }?.result ?? .interrupted
    }
}

/// A worker with everything around it.
struct Workbench {
    let directory: TemporaryDirectory
    let clock = ManualClock()
    let dispatch: NotedDispatch
    let encoder: ScriptedEncoder
    let worker: Worker
    let source: String

    init(
        isReachable: Bool = true,
        _ script: @escaping ScriptedEncoder.Script = { _, _ in .picture(frames: 250) }
    ) throws {
        directory = try TemporaryDirectory()
        source = try directory.write("a film", to: "film.mkv")
        dispatch = NotedDispatch(isReachable: isReachable)
        encoder = ScriptedEncoder(script)
        var configuration = Worker.Configuration()
        configuration.niceness = 7
        configuration.stallTimeout = .seconds(11)
        worker = Worker(
            profile: .sample(slots: 2), configuration: configuration, dispatch: dispatch, encoder: encoder,
            prober: ScriptedProber(), files: LocalFiles(), time: clock)
    }

    /// Begins to work.
    func begin() -> Task<Void, any Error> { Task { [worker] in try await worker.run() } }

    /// A task of 250 frames, 40 ms each; `change` makes it another.
    func assignment(
        _ task: TaskSpecification = .sample(), epoch: Int = 1, times: [Int64] = [],
        change: (inout TaskAssignment) -> Void = { _ in }
    ) async throws -> TaskAssignment {
        var result = TaskAssignment(
            lease: LeaseToken(job: JobID("job"), task: task.id, epoch: Epoch(epoch), worker: WorkerID("w1")),
            task: task, sourcePath: source, fingerprint: try await LocalFiles().fingerprint(of: source),
            timeBase: TimeBase(1, 1000), expectedTimes: times, directory: directory.path, inputs: [:])
        change(&result)
        return result
    }

    /// Lets the worker do one task, and answers how it ended.
    func outcome(of assignment: TaskAssignment) async throws -> AttemptResult {
        let work = begin()
        dispatch.orders.yield(.run(assignment))
        let result = try await dispatch.result(of: assignment.lease)
        dispatch.orders.finish()
        try await waiting(for: "the worker's end") { try await work.value }
        return result
    }
}
