// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import MartletCoordinator
internal import MartletModel
internal import MartletWire
internal import Synchronization

/// Transcodes films: takes jobs in, keeps them, and has workers do them.
///
/// ```swift
/// let coordinator = Coordinator(configuration: .init())
/// try await coordinator.start()
/// let job = try await coordinator.submit(
///     name: "my-video", source: "/input/video.mkv", output: "/output/video.mp4",
///     parameters: TranscodeParameters())
/// for await event in coordinator.events() {
///     if case .progress(let id, let share) = event { print(id, share) }
///     if case .jobCompleted(job.id) = event { break }
/// }
/// await coordinator.stop()
/// ```
///
/// Jobs are kept in a directory with a store of its own: a coordinator that is
/// started there again goes on with what was not finished. A worker in this
/// process does the work; it runs `ffmpeg`, which must be installed.
public final class Coordinator: Sendable {
    /// How a coordinator behaves.
    public struct Configuration: Sendable, Hashable {
        /// Where jobs keep their state and pieces; `nil` for a temporary directory that `stop()` removes.
        public var directory: String?
        /// How many encodes run at once in this process: 0 for one a processor; `nil` when only workers that are
        /// registered are to work.
        public var slots: Int? = 0
        /// How many jobs are at work at once, default 10.
        public var maximumConcurrentJobs = 10
        /// How often a piece that fails is tried again, default 3.
        public var retries = 3
        /// The path of ffmpeg; `nil` looks in `PATH`.
        public var ffmpeg: String?
        /// Where facts about films and about ffmpeg are kept between runs; `nil` for nowhere.
        public var cacheDirectory: String?
        /// The path of the program `martlet`, which then reads media files in processes of its own, so that a file that
        /// crashes FFmpeg's libraries is one failed job; `nil` reads them in this process.
        public var mediaProgram: String?

        /// Makes the default configuration.
        public init() {}
    }

    private enum Phase {
        case idle
        case running(Machinery)
        case stopped
    }

    private struct State {
        var phase = Phase.idle
        var listeners: [Int: AsyncStream<Event>.Continuation] = [:]
        var latestListener = 0
    }

    private let configuration: Configuration
    private let state = Mutex(State())

    /// Makes a coordinator that does nothing yet.
    public init(configuration: Configuration = .init()) { self.configuration = configuration }

    deinit {
        // What nobody can reach any more ends in the background.
        if case .running(let machinery) = state.withLock(\.phase) { Task { await machinery.stop() } }
    }

    /// Begins: opens the store, goes on with jobs that were not over, and starts the worker of this process.
    ///
    /// A coordinator is started once, and not again after it was stopped.
    ///
    /// - Throws: `MartletError` when there is no ffmpeg, or the directory is used by another coordinator.
    public func start() async throws {
        let machinery = try await translating {
            try self.state.withLock { state in
                guard case .idle = state.phase else {
                    throw MartletError(
                        code: "library.wrong_state", message: "The coordinator was started already.",
                        advice: "Make another one.")
                }
                let machinery = try Machinery(self.configuration)
                state.phase = .running(machinery)
                return machinery
            }
        }
        do {
            try await machinery.begin { [weak self] event in self?.tell(event) }
        } catch {
            await stop()
            throw MartletError(error)
        }
    }

    /// Stops: running encodes are ended, and finished pieces are kept. The streams of events end.
    public func stop() async {
        let (machinery, listeners) = state.withLock { state in
            defer {
                state.phase = .stopped
                state.listeners = [:]
            }
            guard case .running(let machinery) = state.phase else {
                return (nil as Machinery?, state.listeners)
            }
            return (machinery, state.listeners)
        }
        await machinery?.stop()
        for listener in listeners.values { listener.finish() }
    }

    /// Makes a worker known.
    ///
    /// One without an address begins to work in this process, beside the one that is there from the start. One with an
    /// address is listed; it speaks the plain JSON protocol, in which streams are given out, and films are not.
    ///
    /// - Throws: `MartletError` when the name is taken, or the coordinator is not running.
    public func register(_ worker: WorkerInfo) async throws {
        try await translating { try await self.machinery().register(worker) }
        if worker.address != nil { tell(.workerRegistered(worker.id)) }
    }

    /// The workers, by name.
    public func workers() async throws -> [WorkerInfo] {
        try await translating { try self.machinery().workers() }
    }

    /// Takes a job in, and keeps it; its source is read when its turn comes.
    ///
    /// - Parameters:
    ///   - name: what the user calls it; the source's file name when empty.
    ///   - source: the film's path.
    ///   - output: where the result goes; its suffix names the container unless the parameters do.
    ///   - overwrite: whether an output that exists is replaced.
    /// - Returns: the job as it is now; `finished(_:)` waits for its end.
    /// - Throws: `MartletError` for a path that cannot be used, or an output that exists.
    public func submit(
        name: String, source: String, output: String, parameters: TranscodeParameters = .init(),
        priority: Job.Priority = .normal, verification: Job.Verification = .counts, overwrite: Bool = false
    ) async throws -> Job {
        try await translating {
            let machinery = try self.machinery()
            let paths = (source: Self.absolute(source), output: Self.absolute(output))
            var submission = JobSubmission(source: paths.source, output: paths.output)
            submission.name = name
            submission.overwrite = overwrite
            let order = JobOrder(
                output: paths.output, parameters: try parameters.model(output: paths.output),
                priority: priority.model, verification: VerificationLevel(rawValue: verification.rawValue) ?? .counts)
            return Job(try await machinery.service.submit(submission, as: order))
        }
    }

    /// A job as it is now.
    ///
    /// - Throws: `MartletError` when there is none of that name.
    public func job(_ id: Job.ID) async throws -> Job {
        try await translating { Job(try await self.machinery().service.job(id.model)) }
    }

    /// The latest jobs, newest first, at most 1,000.
    public func jobs() async throws -> [Job] {
        try await translating {
            try await self.machinery().service.jobs(state: nil, limit: 1_000, cursor: nil).jobs.map(Job.init)
        }
    }

    /// Waits until a job is over, and returns how it ended.
    ///
    /// - Throws: `MartletError` when there is no such job, or the coordinator stopped before its end;
    ///   `CancellationError`. A job that failed is no error here: see `Job.problem`.
    public func finished(_ id: Job.ID) async throws -> Job {
        let events = events()
        var job = try await job(id)
        if job.state.isFinal { return job }
        for await event in events {
            guard case .jobStateChanged(id, let state) = event, state.isFinal else { continue }
            job = try await self.job(id)
            return job
        }
        try Task.checkCancellation()
        throw Self.notRunning
    }

    /// Cancels a job; nothing happens when it is over.
    ///
    /// - Throws: `MartletError` when there is none of that name.
    public func cancel(_ id: Job.ID) async throws {
        try await translating { _ = try await self.machinery().service.cancel(id.model) }
    }

    /// Takes up a job again that failed or was cancelled.
    ///
    /// - Throws: `MartletError` when there is none of that name, or it is in another state.
    public func retry(_ id: Job.ID) async throws {
        try await translating { _ = try await self.machinery().service.retry(id.model) }
    }

    /// Everything that happens from now on, until the coordinator stops. Each call gives a stream of its own.
    public func events() -> AsyncStream<Event> {
        let (stream, continuation) = AsyncStream.makeStream(of: Event.self)
        let number = state.withLock { state -> Int? in
            if case .stopped = state.phase { return nil }
            state.latestListener += 1
            state.listeners[state.latestListener] = continuation
            return state.latestListener
        }
        guard let number else {
            continuation.finish()
            return stream
        }
        continuation.onTermination = { [weak self] _ in self?.state.withLock { $0.listeners[number] = nil } }
        return stream
    }

    private func tell(_ event: Event) {
        let listeners = state.withLock { Array($0.listeners.values) }
        for listener in listeners { listener.yield(event) }
    }

    private static let notRunning = MartletError(
        code: "library.wrong_state", message: "The coordinator is not running.", advice: "Start it first.")

    private func machinery() throws -> Machinery {
        guard case .running(let machinery) = state.withLock(\.phase) else { throw Self.notRunning }
        return machinery
    }

    /// Does something, and says what goes wrong in the words of this module.
    private func translating<Value: Sendable>(_ work: @Sendable () async throws -> Value) async throws -> Value {
        do { return try await work() } catch let error as CancellationError { throw error } catch {
            throw MartletError(error)
        }
    }
}

extension Job.Priority {
    fileprivate var model: MartletModel.Priority {
        switch self {
        case .low: .low
        case .normal: .normal
        case .high: .high
        case .critical: .critical
        }
    }
}
