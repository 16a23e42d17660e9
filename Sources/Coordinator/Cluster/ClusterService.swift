// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletModel
internal import MartletPorts
internal import MartletScheduling
internal import MartletWire

/// A cluster's coordinator as users and workers meet it.
///
/// It takes jobs in, keeps them, reads and plans each when its turn comes, and hands it to the `Coordinator`, which
/// conducts the work. It finds every job again after it ended in whatever way, and goes on where it was.
package actor ClusterService {
    let configuration: ClusterConfiguration
    let surroundings: ClusterSurroundings
    let roster: WorkerRoster
    /// Is told figures about the work.
    package nonisolated let meter = WorkMeter()
    /// The jobs that are not over.
    var live: [JobID: LiveJob] = [:]
    /// Which of them may begin.
    var turns: Turns
    /// The connections of workers, by worker; each ends what it has to when it is closed.
    var sessions: [WorkerID: WorkerSession] = [:]
    /// The processes that users have taken out, by their workers' names.
    var removed: [WorkerID: String] = [:]
    /// What works at present; `nil` while the records cannot be written.
    private(set) var engine: Engine?
    /// The records as they were left while they cannot be written, and why they cannot.
    private var formerStore: (any JobStore)?
    private var breakage: String?
    private var broadcast = Broadcast()
    private var isStopped = false
    private let start: Moment

    /// A coordinator and the records it works with.
    struct Engine: Sendable {
        let coordinator: Coordinator
        let store: any JobStore
        let relay: Task<Void, Never>
    }

    /// Makes a service that does nothing yet.
    package init(configuration: ClusterConfiguration, surroundings: ClusterSurroundings) {
        self.configuration = configuration
        self.surroundings = surroundings
        roster = WorkerRoster(required: configuration.requiredWorkers)
        turns = Turns(limit: configuration.scheduling.maximumConcurrentJobs)
        start = surroundings.time.now()
    }

    /// Begins: jobs that were not over go on.
    ///
    /// - Throws: what opening the records throws.
    package func begin() async throws {
        try surroundings.files.makeDirectory(jobsDirectory)
        try await open()
        watchSpace()
    }

    /// Stops; workers are told to come back later, and everything that was decided is on the disk when it returns.
    package func stop() async {
        isStopped = true
        spaceWatch?.cancel()
        let working = live.values.compactMap(\.work)
        if let engine { await close(engine) }
        for work in working { work.cancel() }
        for work in working { await work.value }
        formerStore = nil
        broadcast.finish()
    }

    /// Why nothing can be done now; `nil` when all is well.
    package var hindrance: String? {
        if isStopped { return "the coordinator is stopping" }
        if engine == nil { return "the records of jobs cannot be written" + (breakage.map { ": \($0)" } ?? "") }
        guard (try? hasSpace(at: configuration.directory)) == false else { return nil }
        return "the coordinator's disk is full: nothing new is begun until there is space"
    }

    /// Where jobs can be looked up, even when no record can be written.
    var records: (any JobStore)? { engine?.store ?? formerStore }

    // MARK: The engine

    private func open() async throws {
        let store = try await surroundings.openStore()
        var configuration = Coordinator.Configuration(directory: jobsDirectory)
        configuration.scheduling = self.configuration.scheduling
        configuration.workersOutlive = true
        configuration.meter = meter
        let coordinator = Coordinator(
            configuration: configuration, surroundings: surroundings.coordinator(store: store, catalog: roster))
        let events = await coordinator.events()
        let relay = Task { [weak self] in
            for await event in events { await self?.relayed(event) }
        }
        engine = Engine(coordinator: coordinator, store: store, relay: relay)
        (formerStore, breakage) = (nil, nil)
        for job in try await store.jobs(JobQuery(states: Set(JobState.allCases.filter { !$0.isFinal }))) {
            let job = (id: job.id, live: LiveJob(job))
            live[job.id] = job.live
            turns.add(job.id, job.live)
        }
        admit()
    }

    private func close(_ engine: Engine) async {
        self.engine = nil
        roster.allLost()
        for session in sessions.values { await session.end() }
        await engine.coordinator.stop()
        await engine.relay.value
    }

    /// The records failed: everything goes on from what they hold, as soon as they can be written again.
    func recover(from error: any Error) async {
        guard let broken = engine, !isStopped else { return }
        var problem = ProblemView(AttemptFailure(error))
        (formerStore, breakage) = (broken.store, problem.message)
        problem.message += "; the job goes on when that is mended"
        for id in live.keys {
            live[id]?.hindrance = problem
            live[id]?.work = nil
            broadcast.send(.warning(id, problem.message))
        }
        turns = Turns(limit: configuration.scheduling.maximumConcurrentJobs)
        await close(broken)
        while !isStopped {
            do {
                try await surroundings.time.sleep(until: surroundings.time.now() + configuration.spaceInterval)
                guard try hasSpace(at: configuration.directory) else { continue }
                try await open()
                return
            } catch { continue }
        }
    }

    var jobsDirectory: String { "\(configuration.directory)/jobs" }

    // MARK: Turns

    /// Begins what may begin: the most urgent first, as many as may be at work at once; less urgent ones do not count.
    func admit() {
        guard engine != nil, !isStopped else { return }
        while let id = turns.next() { live[id]?.work = Task { await self.conduct(id) } }
    }

    /// Everything that happens from now on; ends when the service stops.
    package func events() -> AsyncStream<Event> {
        let (stream, continuation) = AsyncStream.makeStream(of: Event.self)
        let listener = broadcast.add(continuation)
        continuation.onTermination = { [weak self] _ in Task { await self?.forget(listener) } }
        return stream
    }

    private func forget(_ listener: Int) { broadcast.remove(listener) }

    /// Tells everyone who watches.
    func emit(_ event: Event) { broadcast.send(event) }

    private func relayed(_ event: Event) {
        switch event {
        // Said when it was taken in, long before.
        case .jobSubmitted: return
        // Said when all that is known of the end has been kept.
        case .jobCompleted, .jobFailed: return
        case .jobStateChanged(_, let state) where state.isFinal: return
        case .progress(let job, let stage, let fraction, let rate, let remaining):
            live[job]?.stage = stage
            live[job]?.fraction = fraction
            live[job]?.framesPerSecond = rate
            live[job]?.remainingSeconds = remaining
        case .jobStateChanged(let job, .waitingForWorkers):
            live[job]?.waits(for: "no worker is there that can do what is left of it")
        case .jobStateChanged(let job, _): live[job]?.waitsNoLonger()
        case .taskStarted(let job, _, _, _): live[job]?.hindrance = nil
        case .workerRegistered(let worker): registered(worker)
        case .workerUnregistered(let worker): givenUp(worker)
        default: break
        }
        emit(event)
    }

    /// Seconds since it began.
    var uptime: Double { (surroundings.time.now() - start).inSeconds }

    // MARK: Space

    private var spaceWatch: Task<Void, Never>?

    func hasSpace(at path: String) throws -> Bool {
        try surroundings.files.freeSpace(at: path) >= configuration.spaceReserve
    }

    /// Looks at the free space while jobs are at work: a full disk is noticed before it breaks anything.
    private func watchSpace() {
        let (time, interval) = (surroundings.time, configuration.spaceInterval)
        spaceWatch = Task { [weak self] in
            while !Task.isCancelled {
                do { try await time.sleep(until: time.now() + interval) } catch { return }
                await self?.lookAtSpace()
            }
        }
    }

    private func lookAtSpace() async {
        guard let engine, live.values.contains(where: { $0.work != nil }) else { return }
        let isShort = (try? hasSpace(at: configuration.directory)) == false
        await engine.coordinator.spaceChanged(isShort: isShort)
        let problem = ProblemView(
            code: "coordinator.no_space", message: "the coordinator's disk is full; the job goes on when there is space"
        )
        for id in live.keys {
            if isShort {
                live[id]?.hindrance = problem
            } else if live[id]?.hindrance == problem {
                live[id]?.hindrance = nil
            }
        }
    }
}
