// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletModel
package import MartletPorts
package import MartletScheduling

/// Sees jobs through: hands their tasks to workers, keeps what they make, and joins it.
///
/// It is a driver: every decision is made by `SchedulerMachine`. Its actions are
/// performed one after the other, records before deeds, so that after a crash
/// the store tells what there still is to do.
package actor Coordinator {
    /// How a coordinator behaves.
    package struct Configuration: Sendable {
        /// Where jobs keep what their tasks make: one directory a job.
        package var directory: String
        /// The numbers that scheduling goes by.
        package var scheduling = SchedulingConfiguration()
        /// Whether workers outlive this process, default no. Then files in a job's directory that no record names are
        /// kept, since they may be results that are still on their way.
        package var workersOutlive = false
        /// Is told figures about the work; `nil` for nobody.
        package var meter: WorkMeter?

        /// Makes a configuration with default numbers.
        package init(directory: String) { self.directory = directory }
    }

    let configuration: Configuration
    let surroundings: CoordinatorSurroundings
    let finisher: Finisher
    var machine: SchedulerMachine
    var jobs: [JobID: JobContext] = [:]
    var connections: [WorkerID: Connection] = [:]
    /// Jobs that are watched before they are done.
    var watchedJobs: Set<JobID> = []
    /// The jobs that are being taken in, and their outputs.
    var arriving: [JobID: String] = [:]
    /// Why the store can no longer be relied upon; `nil` while it can.
    private(set) var breakage: (any Error)?
    private var isStopped = false
    private var lastWaiter = 0
    private var broadcast = Broadcast()
    /// What is decided and was not begun to be performed.
    private var agenda: [Decision] = []
    /// What performs the agenda, once everything before it is performed; `nil` while the agenda is empty.
    private var gathering: Task<Void, Never>?
    /// The last that was begun.
    private var tail: Task<Void, Never>?
    private var alarm: Task<Void, Never>?

    /// Makes a coordinator without jobs and workers.
    package init(configuration: Configuration, surroundings: CoordinatorSurroundings) {
        self.configuration = configuration
        self.surroundings = surroundings
        self.finisher = Finisher(
            assembler: surroundings.assembler, verifier: surroundings.verifier, meter: surroundings.meter,
            files: surroundings.files)
        self.machine = SchedulerMachine(configuration: configuration.scheduling)
    }

    // MARK: Watching

    /// Everything that happens from now on; ends when the coordinator stops.
    package func events() -> AsyncStream<Event> {
        let (stream, continuation) = AsyncStream.makeStream(of: Event.self)
        if isStopped {
            continuation.finish()
            return stream
        }
        let listener = broadcast.add(continuation)
        continuation.onTermination = { [weak self] _ in Task { await self?.forget(listener) } }
        return stream
    }

    /// Waits for a job's end.
    ///
    /// - Throws: why it failed; `CoordinatorError.unknownJob`; `CancellationError` when the job was cancelled, or the
    ///   calling task is: the job goes on then.
    package func outcome(of job: JobID) async throws -> FinishedJob {
        guard let context = jobs[job] else { throw CoordinatorError(.unknownJob, "there is no job \(job)") }
        if let outcome = context.outcome { return try outcome.get() }
        lastWaiter += 1
        let waiter = lastWaiter
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                // A cancellation from now on comes after this, since it has to wait for this actor.
                if Task.isCancelled {
                    continuation.resume(throwing: CancellationError())
                } else {
                    jobs[job]?.waiters[waiter] = continuation
                }
            }
        } onCancel: {
            Task { await self.giveUp(waiter, of: job) }
        }
    }

    private func giveUp(_ waiter: Int, of job: JobID) {
        jobs[job]?.waiters.removeValue(forKey: waiter)?.resume(throwing: CancellationError())
    }

    /// How many segments of a job were there already when it was taken up.
    package func reusedSegments(of job: JobID) -> Int { jobs[job]?.reused ?? 0 }

    /// The plan that a job follows; once it has ended, the store is asked.
    ///
    /// - Returns: `nil` when it is not known.
    /// - Throws: what the store throws.
    package func plan(of job: JobID) async throws -> JobPlan? {
        if let plan = jobs[job]?.prepared?.plan { return plan }
        return try await surroundings.store.job(job)?.plan
    }

    /// The paths of the results that are kept for a job.
    package func directory(of job: JobID) -> String { "\(configuration.directory)/\(job)" }

    /// Stops: workers get no more orders, joins under way are abandoned, and
    /// everything that was decided is on the disk when it returns. Jobs keep
    /// their state, and whoever waits for one gets a `CancellationError`.
    package func stop() async {
        isStopped = true
        alarm?.cancel()
        // What workers give back now must not be given out again.
        enqueue(machine.stopping(now: surroundings.time.now()))
        disconnectAll()
        for context in jobs.values { context.work?.cancel() }
        for context in jobs.values { await context.work?.value }
        await settled()
        for job in jobs.keys { jobs[job]?.ended(.failure(CancellationError())) }
        broadcast.finish()
    }

    /// Whether nothing new is begun: it was stopped, or its store failed.
    var isClosed: Bool { isStopped || breakage != nil }

    /// Waits until every action is performed, those that follow from others too.
    private func settled() async {
        while let last = tail {
            await last.value
            if tail == last { tail = nil }
        }
    }

    /// Waits until all that is decided by now is performed.
    func performed() async { await tail?.value }

    private func disconnectAll() {
        for connection in connections.values { connection.orders(nil) }
        connections = [:]
    }

    private func forget(_ listener: Int) { broadcast.remove(listener) }

    /// Tells everyone who watches.
    func emit(_ event: Event) { broadcast.send(event) }

    // MARK: Performing

    /// The actions that follow from one event.
    private struct Decision {
        var actions: [SchedulingAction]
        var time: Moment
    }

    /// Has actions performed after all earlier ones; the task returned ends when they are.
    @discardableResult
    func enqueue(_ actions: [SchedulingAction]) -> Task<Void, Never> {
        agenda.append(Decision(actions: actions, time: surroundings.time.now()))
        if let gathering { return gathering }
        let previous = tail
        let task = Task {
            await previous?.value
            await self.performAgenda()
        }
        gathering = task
        tail = task
        return task
    }

    /// Performs all that is decided by now: first everything that is to be kept, then the deeds.
    ///
    /// What was decided while the disk was busy is kept together: one sync for all of it.
    private func performAgenda() async {
        let decisions = agenda
        agenda = []
        gathering = nil
        guard breakage == nil else { return }
        do { try await keep(decisions) } catch { broken(error) }
        for decision in decisions {
            for action in decision.actions where breakage == nil { perform(action, decided: decision.time) }
        }
    }

    private func perform(_ action: SchedulingAction, decided: Moment) {
        switch action {
        case .insertTasks, .persistTasks, .persistJob, .recordAttempt, .resumeAttempt: break
        case .emit(let event): announce(event)
        case .assign(let lease, let task):
            assign(lease, task)
            configuration.meter?.tell(.dispatched(after: surroundings.time.now() - decided))
        case .stop(let lease): connections[lease.worker]?.orders(.stop(lease))
        case .prefetch(let worker, let job, let task): announce(task, of: job, to: worker)
        case .refuse, .drop: break
        case .planNextStage(let job): planNextStage(of: job)
        case .replan(let job, _): replanned(job)
        case .assemble(let job): assemble(job)
        case .wake(let moment): setAlarm(at: moment)
        }
    }

    private func announce(_ event: Event) {
        switch event {
        case .jobFailed(let job, let code, let message):
            failed(job, code: code, message: message)
        // Said when it is certain that there is no better plan.
        case .jobStateChanged(_, .failed): break
        case .progress(let job, _, let fraction, _, _):
            jobs[job]?.fraction = fraction
            emit(event)
        case .jobStateChanged(let job, .cancelled):
            jobs[job]?.ended(.failure(CancellationError()))
            emit(event)
        default:
            emit(event)
        }
    }

    /// The store does not take records any more, so nothing can be promised: every job ends, its state as last kept.
    func broken(_ error: any Error) {
        guard breakage == nil else { return }
        breakage = error
        alarm?.cancel()
        let (code, message) = Self.reason(error)
        for (job, context) in jobs where context.outcome == nil {
            context.work?.cancel()
            jobs[job]?.ended(.failure(error))
            emit(.jobFailed(job, code: code, message: message))
        }
        disconnectAll()
    }

    private func setAlarm(at moment: Moment) {
        alarm?.cancel()
        guard !isClosed else { return }
        let time = surroundings.time
        alarm = Task { [weak self] in
            do { try await time.sleep(until: moment) } catch { return }
            await self?.tick()
        }
    }

    private func tick() {
        enqueue(machine.ticked(now: surroundings.time.now()))
    }

    // MARK: Records

    /// Keeps what decisions say, in order, with as few transactions as there can be.
    private func keep(_ decisions: [Decision]) async throws {
        var changes: [TaskChange] = []
        for action in decisions.lazy.flatMap(\.actions) {
            switch action {
            case .insertTasks(let tasks): changes.append(.insert(tasks))
            // A task that is not replaced has a newer lease in the store: its news is stale.
            case .persistTasks(let tasks): changes.append(.update(tasks))
            case .recordAttempt(let lease, _, let result):
                changes.append(.record(try await attempt(under: lease, result)))
            case .resumeAttempt(let lease): changes.append(.record(try await resumedAttempt(under: lease)))
            case .persistJob(let job, let state, let failure):
                try await keep(&changes)
                try await keep(state, failure: failure, of: job)
            case .emit(.jobFailed(let job, _, _)):
                try await keep(&changes)
                await completeFailure(of: job)
            case .replan(let job, let reason):
                try await keep(&changes)
                try await keepSoftwarePlan(of: job, because: reason)
            case .emit, .assign, .stop, .prefetch, .refuse, .drop, .planNextStage, .assemble, .wake: break
            }
        }
        try await keep(&changes)
    }

    private func keep(_ changes: inout [TaskChange]) async throws {
        guard !changes.isEmpty else { return }
        defer { changes = [] }
        try await surroundings.store.apply(changes)
    }

    private func keep(_ state: JobState, failure: String?, of job: JobID) async throws {
        guard var record = jobs[job]?.record else { return }
        record.state = state
        record.failure = failure
        try await keep(record)
    }

    /// Keeps what a job is about to put in place.
    func keep(_ publication: Publication, of job: JobID) async throws {
        // So that no other record of the job is under way.
        await performed()
        guard var record = jobs[job]?.record else { return }
        record.publication = publication
        try await keep(record)
    }

    func keep(_ record: JobRecord) async throws {
        guard let revision = try await surroundings.store.update(record) else { throw Self.busy(record.id) }
        jobs[record.id]?.record = record
        jobs[record.id]?.record.revision = revision
    }

    /// What is kept of an attempt that begins, or ends with a result.
    private func attempt(under lease: LeaseToken, _ result: AttemptResult?) async throws -> AttemptRecord {
        let now = surroundings.time.wallMilliseconds()
        guard let result else { return begunAttempt(under: lease, at: now) }
        var began = attemptStarts[lease]?.time ?? now
        // It may have begun in an earlier process.
        if attemptStarts[lease] == nil { began = try await keptStart(of: lease) ?? now }
        if let encoder = attemptStarts.removeValue(forKey: lease)?.encoder {
            configuration.meter?.tell(
                .attemptEnded(result, encoder: encoder, after: .milliseconds(max(now - began, 0))))
        }
        return AttemptRecord(
            job: lease.job, task: lease.task, epoch: lease.epoch.number, worker: lease.worker,
            startedMilliseconds: began, endedMilliseconds: now, result: result)
    }

    /// What is kept of an attempt of before that goes on: it began when it did.
    private func resumedAttempt(under lease: LeaseToken) async throws -> AttemptRecord {
        let began = try await keptStart(of: lease)
        return begunAttempt(under: lease, at: began ?? surroundings.time.wallMilliseconds())
    }

    private func begunAttempt(under lease: LeaseToken, at time: Int64) -> AttemptRecord {
        let encoder = machine.jobs[lease.job]?.tasks[lease.task]?.specification.encoder
        attemptStarts[lease] = (time, encoder ?? "")
        return AttemptRecord(
            job: lease.job, task: lease.task, epoch: lease.epoch.number, worker: lease.worker,
            startedMilliseconds: time, endedMilliseconds: nil, result: nil)
    }

    /// When an attempt began, as it was kept; `nil` when it was not.
    private func keptStart(of lease: LeaseToken) async throws -> Int64? {
        let kept = try await surroundings.store.attempts(of: lease.job)
        return kept.last { $0.task == lease.task && $0.epoch == lease.epoch.number }?.startedMilliseconds
    }

    private var attemptStarts: [LeaseToken: (time: Int64, encoder: String)] = [:]
}
