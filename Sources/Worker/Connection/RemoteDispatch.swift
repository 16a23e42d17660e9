// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletModel
package import MartletPorts
import MartletWire

/// A coordinator elsewhere, as a worker sees it.
///
/// Orders come over a WebSocket, results go up over HTTP. A connection that
/// breaks is made anew while running tasks go on: the worker then names the
/// leases that it still holds, and says again how tasks ended when nobody has
/// answered that.
package actor RemoteDispatch: TaskDispatch {
    /// How a worker keeps its connection.
    package struct Configuration: Sendable {
        /// How long to wait before a broken connection is tried again. Default 3 s.
        package var reconnectDelay: Duration = .seconds(3)
        /// Whether a broken connection is tried again at all, and a coordinator that is not there waited for.
        package var isPersistent = true
        /// How long an answer may take before the connection counts as broken. Default 10 s.
        package var answerTimeout: Duration = .seconds(10)
        /// Called when the coordinator has let the worker in (`true`), and when the connection is gone (`false`).
        package var changed: @Sendable (Bool) -> Void = { _ in }

        /// Makes the default configuration.
        package init() {}
    }

    private let configuration: Configuration
    private let build: EncoderBuild
    private let instance: String
    private let coordinator: CoordinatorAddress
    private let caller: any HTTPCaller
    private let workspace: Workspace
    private let time: any TimeSource

    private var profile: WorkerProfile?
    private var orders: AsyncStream<WorkerOrder>.Continuation?
    private var session: Session?
    private var conversation: Task<Void, Never>?
    private var isLeaving = false
    private var backoff: Backoff
    private var leases: [LeaseToken: LeaseStage] = [:]
    private var reported: [LeaseToken: Moment] = [:]
    /// The files of their jobs that leases read; what one task made here may be read by the next.
    private var inputs: [LeaseToken: Set<String>] = [:]
    private var beats: [(number: Int, continuation: CheckedContinuation<[LeaseToken], any Error>?)] = []
    private var latestLoad: WorkerLoad?
    private var space = SpacePolicy()
    private var beatCount = 0
    private var prefetching: Task<Void, Never>?
    private var interval: Duration?
    private var chunkSize = 1 << 20

    /// Why the orders ended; `nil` while they go on, and when the worker left by itself.
    package private(set) var failure: (any Error)?

    /// Makes a dispatch that is not connected yet.
    ///
    /// - Parameter build: the worker's ffmpeg.
    package init(
        configuration: Configuration = Configuration(), build: EncoderBuild, coordinator: CoordinatorAddress,
        caller: any HTTPCaller, workspace: Workspace, time: any TimeSource
    ) {
        self.configuration = configuration
        self.build = build
        instance = String(UInt64.random(in: 0...UInt64.max), radix: 36)
        self.coordinator = coordinator
        self.caller = caller
        self.workspace = workspace
        self.time = time
        backoff = .connection(delay: configuration.reconnectDelay)
    }

    /// Connects, and waits until the coordinator says welcome.
    ///
    /// - Throws: the coordinator's own code when it refuses the worker; the caller's error when it cannot be reached
    ///   and the dispatch is not persistent; `CancellationError`.
    package func register(
        _ worker: WorkerProfile, holding leases: [LeaseToken]
    ) async throws -> AsyncStream<WorkerOrder> {
        profile = worker
        try workspace.begin()
        let session = try await join()
        let (stream, continuation) = AsyncStream.makeStream(of: WorkerOrder.self)
        orders = continuation
        self.session = session
        conversation = Task { await self.converse(session) }
        return stream
    }

    package func heartbeatInterval() async -> Duration? { interval }

    package func heartbeat(
        _ worker: WorkerID, holding leases: [LeaseToken], load: WorkerLoad?
    ) async throws -> [LeaseToken] {
        guard let session else { throw WorkerError.connectionLost }
        var load = load
        if !hasSpace() { load?.takesTasks = false }
        latestLoad = load
        beatCount += 1
        let number = beatCount
        let deadline = Task { [time, timeout = configuration.answerTimeout] in
            guard (try? await time.sleep(until: time.now() + timeout)) != nil else { return }
            await self.missed(number, on: session)
        }
        defer { deadline.cancel() }
        let held = Array(self.leases.keys)
        return try await withCheckedThrowingContinuation { continuation in
            beats.append((number, continuation))
            session.say(.heartbeat(holding: held, load: load))
        }
    }

    /// Says it now, and with every further connection.
    package func measured(_ worker: WorkerID, speed: Double?) async {
        profile?.isMeasuring = false
        profile?.speed = speed
        session?.say(.measured(speed: speed))
    }

    package func report(_ lease: LeaseToken, progress: RunProgress) async {
        let now = time.now()
        if let last = reported[lease], now - last < .seconds(1) { return }
        guard let session, leases[lease] != nil else { return }
        reported[lease] = now
        session.say(progress, of: lease)
    }

    /// Hands in a result: its file goes up first, then the coordinator is told, as often as it takes.
    package func finish(_ lease: LeaseToken, result: AttemptResult) async throws -> Bool {
        guard leases[lease] != nil else { return false }
        let judged = await workspace.judged(result, of: lease)
        noteSpace(judged)
        var result = await deliver(judged, of: lease)
        if await isLetOut(result) { result = .interrupted }
        guard let result, result != .interrupted, !Task.isCancelled else {
            // Nobody waits for this: a coordinator that does not hear it takes the lease back by itself.
            if result != nil { session?.say(.finished(lease, .interrupted)) }
            release(lease)
            return false
        }
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                leases[lease] = .told(result, continuation)
                tell(lease, result)
            }
        } onCancel: {
            Task { await self.settle(lease, .failure(CancellationError())) }
        }
    }

    package func unregister(_ worker: WorkerID) async {
        isLeaving = true
        for case .preparing(let preparation) in leases.values { preparation.cancel() }
        if let session {
            session.say(.leaving)
            let limit = Task { [time] in
                if (try? await time.sleep(until: time.now() + .seconds(2))) != nil { await session.cut("leaving") }
            }
            await session.finish()
            limit.cancel()
        }
        conversation?.cancel()
        await conversation?.value
    }
}

/// The connection.
extension RemoteDispatch {
    /// Connects, as often as it takes.
    private func join() async throws -> Session {
        while true {
            do {
                return try await knock()
            } catch {
                guard configuration.isPersistent, !Task.isCancelled, WorkerError.isPassing(error) else { throw error }
                try await pause()
            }
        }
    }

    private func pause() async throws {
        var generator = SystemRandomNumberGenerator()
        try await time.sleep(until: time.now() + backoff.next(using: &generator))
    }

    /// Connects once, and registers.
    private func knock() async throws -> Session {
        guard let profile else { throw WorkerError.connectionLost }
        let knock = Knock(
            coordinator: coordinator, caller: caller, time: time, patience: configuration.answerTimeout)
        let socket = try await knock.openSocket()
        let welcome = try await knock.register(
            WorkerRegistration(profile: profile, build: build, instance: instance, holding: Array(leases.keys)),
            over: socket)
        chunkSize = welcome.chunkSize
        interval = welcome.heartbeat
        configuration.changed(true)
        return welcome.session
    }

    /// Speaks with the coordinator until there is no more to say.
    private func converse(_ first: Session) async {
        var session = first
        while true {
            let start = time.now()
            self.session = session
            for case (let lease, .told(let result, _)) in leases { tell(lease, result) }
            while let message = await session.receive() { hear(message) }
            lose(session)
            if isLeaving || !configuration.isPersistent { break }
            // Two workers of one name throw each other out: that must not go on as fast as it can.
            if time.now() - start >= .seconds(10) { backoff.succeeded() }
            do {
                try await pause()
                session = try await join()
            } catch {
                if !isLeaving { failure = error }
                break
            }
        }
        if !isLeaving, failure == nil { failure = WorkerError.connectionLost }
        end()
    }

    private func lose(_ session: Session) {
        self.session = nil
        configuration.changed(false)
        for beat in beats { beat.continuation?.resume(throwing: WorkerError.connectionLost) }
        beats = []
    }

    private func end() {
        orders?.finish()
        prefetching?.cancel()
        for lease in Array(leases.keys) { settle(lease, .failure(WorkerError.connectionLost)) }
    }

    private func missed(_ number: Int, on session: Session) async {
        guard beats.contains(where: { $0.number == number }) else { return }
        await session.cut("no answer")
    }

    private func hear(_ message: CoordinatorMessage) {
        switch message {
        case .welcome, .refused: break
        case .run(let assignment): accept(assignment)
        case .prefetch(let assignment):
            prefetching?.cancel()
            prefetching = Task { await workspace.prefetch(assignment) }
        case .stop(let lease): stop(lease)
        case .lost(let lost):
            for lease in lost { stop(lease) }
            if !beats.isEmpty { beats.removeFirst().continuation?.resume(returning: lost) }
        case .taken(let lease, let counts): settle(lease, .success(counts))
        }
    }
}

/// The leases.
extension RemoteDispatch {
    private func accept(_ assignment: TaskAssignment) {
        // Said again after a broken connection.
        guard leases[assignment.lease] == nil else { return }
        inputs[assignment.lease] = Set(assignment.inputs.values)
        leases[assignment.lease] = .preparing(Task { await self.prepare(assignment) })
    }

    private func prepare(_ assignment: TaskAssignment) async {
        let lease = assignment.lease
        do {
            let local = try await workspace.localised(assignment)
            guard case .preparing = leases[lease] else { return }
            try Task.checkCancellation()
            leases[lease] = .running
            orders?.yield(.run(local))
        } catch {
            guard case .preparing = leases[lease] else { return }
            let isCancelled = Task.isCancelled || error is CancellationError
            var result = await workspace.judged(
                isCancelled ? .interrupted : .failed(AttemptFailure(error)), of: lease)
            noteSpace(result)
            if await isLetOut(result) { result = .interrupted }
            guard case .preparing = leases[lease] else { return }
            leases[lease] = .told(result, nil)
            tell(lease, result)
            if result == .interrupted { release(lease) }
        }
    }

    /// Whether a task ended because the coordinator does not let the worker in any more. That is no fault of the task:
    /// the connection is broken off, and made anew if the coordinator allows it.
    private func isLetOut(_ result: AttemptResult?) async -> Bool {
        guard case .failed(let failure)? = result, failure.code == WorkerError.Code.refused.rawValue else {
            return false
        }
        await session?.cut("not let in any more")
        return true
    }

    private func stop(_ lease: LeaseToken) {
        switch leases[lease] {
        case .preparing(let preparation): preparation.cancel()
        case .running: orders?.yield(.stop(lease))
        case .told, nil: break
        }
    }

    private func tell(_ lease: LeaseToken, _ result: AttemptResult) {
        session?.say(.finished(lease, result))
    }

    /// Takes the coordinator's last word on a lease.
    private func settle(_ lease: LeaseToken, _ answer: Result<Bool, any Error>) {
        switch leases[lease] {
        case .told(_, let continuation):
            release(lease)
            continuation?.resume(with: answer)
        case .preparing(let preparation): preparation.cancel()
        case .running, nil: break
        }
    }

    private func hasSpace() -> Bool {
        guard let free = try? workspace.files.freeSpace(at: workspace.directory) else { return true }
        return space.takesTasks(free: free, now: time.now())
    }

    /// Says at once when the disk is full: the next task could come as the answer to the failure of this one.
    private func noteSpace(_ result: AttemptResult) {
        guard case .failed(let failure) = result, failure.code == WorkerError.Code.noSpace.rawValue,
            let free = try? workspace.files.freeSpace(at: workspace.directory)
        else { return }
        space.ranOut(free: free, now: time.now())
        guard let session, var load = latestLoad else { return }
        load.takesTasks = false
        beatCount += 1
        beats.append((beatCount, nil))
        session.say(.heartbeat(holding: Array(leases.keys), load: load))
    }

    private func release(_ lease: LeaseToken) {
        leases[lease] = nil
        reported[lease] = nil
        inputs[lease] = nil
        let others = leases.keys.filter { $0.job == lease.job }
        let wanted = others.reduce(into: Set<String>()) { $0.formUnion(inputs[$1] ?? []) }
        workspace.clear(lease, isLastOfJob: others.isEmpty, sparing: wanted)
    }

    /// Brings the file of a result to the coordinator; answers what it is to be told, `nil` for nothing at all.
    private func deliver(_ result: AttemptResult, of lease: LeaseToken) async -> AttemptResult? {
        switch result {
        case .interrupted, .failed: return result
        case .completed(let artifact):
            let upload = ResultUpload(
                lease: lease, artifact: artifact, path: workspace.path(of: artifact, lease.job), chunkSize: chunkSize,
                coordinator: coordinator, caller: caller, files: workspace.files, time: time)
            do {
                return try await upload.run() ? result : nil
            } catch {
                if Task.isCancelled || error is CancellationError { return .interrupted }
                return .failed(workspace.failure(of: error))
            }
        }
    }
}
