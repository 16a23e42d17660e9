// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletModel

/// Everything that a coordinator decides about jobs, tasks, leases and workers.
///
/// It knows no clock, no store and no network: every event comes in as a call
/// with the moment it happened, and what is to be done goes out as actions. The
/// driver MUST make one call at a time and perform the actions of each in
/// order, before or after those of later calls but never mixed with them.
///
/// A job that is over is forgotten. What still comes for it is refused.
package struct SchedulerMachine: Equatable, Sendable {
    /// The numbers to go by.
    package let configuration: SchedulingConfiguration
    /// The jobs that are not over.
    package internal(set) var jobs: [JobID: JobMachine] = [:]
    /// The workers that are there.
    package internal(set) var workers: [WorkerID: WorkerMachine] = [:]

    /// What was done so far.
    package internal(set) var totals = SchedulingTotals()

    /// The jobs that are not over, in order of arrival.
    var arrivals: [JobID] = []
    /// Of those, the ones that are at work.
    var active: [JobID] = []
    /// What less urgent jobs are owed of the workers' effort.
    var share = FairShare()
    /// How many jobs began while a less urgent one waited for its turn, since such a one last began.
    var begunPast = 0
    /// Whether there is too little space for further results.
    package internal(set) var isSpaceShort = false
    /// Whether the driver stops, so that nothing is given out any more.
    var isStopping = false
    /// The jobs that were told that space is short.
    var toldOfSpace: Set<JobID> = []
    /// What happens without an event, and when.
    var deadlines = Deadlines()
    /// Workers that take tasks and have a free slot.
    var idle: Set<WorkerID> = []
    /// Workers that take tasks and need no proof that they work.
    var trusted: Set<WorkerID> = []
    /// The public state that was last told of each worker.
    var announced: [WorkerID: WorkerState] = [:]
    /// How many leases are live.
    var leaseCount = 0
    /// What the event at hand changed; empty between events.
    var news = SchedulingNews()
    /// When idle slots were last compared with late tasks.
    var copiesSought: Moment?
    /// The leases whose tasks are nearly done, so that their workers fetch inputs for what follows.
    var promises: [WorkerID: Set<LeaseToken>] = [:]
    /// The moment that the driver was last asked to wake at.
    var wakeRequested: Moment?

    /// Makes a scheduler without jobs and workers.
    package init(configuration: SchedulingConfiguration = SchedulingConfiguration()) {
        self.configuration = configuration
    }

    // MARK: Jobs

    /// A job was submitted, or found in the store at the start.
    ///
    /// Its first stage is asked for (`planNextStage`) when its turn comes. Kept
    /// tasks are taken over: completed ones stay completed (the caller has
    /// checked that their artifacts are there); those that were `running` are
    /// left to their holders for `SchedulingConfiguration.returnGrace`, so that
    /// a worker that still runs one brings it back by registering, unless it
    /// has registered already, and so runs none of them; all others are queued
    /// again. A job that had failed or was cancelled begins a new try, with all
    /// attempts anew. A job that is known already, or was completed, changes nothing.
    ///
    /// At the start a job MUST be added before a worker registers that runs one of its tasks.
    ///
    /// - Parameter tasks: what the store holds of the job; empty for a new one.
    package mutating func jobAdded(_ entry: JobEntry, tasks: [TaskRecord] = [], now: Moment) -> [SchedulingAction] {
        if let known = jobs[entry.id] { return [.drop(entry.id, known.jobState)] }
        if entry.state == .completed { return [.drop(entry.id, .completed)] }
        var job = JobMachine(entry, tasks: tasks, configuration: configuration, now: now)
        let resumed = job.resumed()
        for task in job.waiting { deadlines.note(.task(entry.id, task), job.tasks[task]?.deadline ?? now) }
        jobs[entry.id] = job
        arrivals.append(entry.id)
        news.turns = true
        var actions: [SchedulingAction] = []
        let changed = tasks.compactMap { record in
            job.tasks[record.specification.id].map(\.record).flatMap { $0 == record ? nil : $0 }
        }
        if !changed.isEmpty { actions.append(.persistTasks(changed)) }
        actions += resumed
        for task in job.waiting.sorted() {
            guard case .awaited(let holder, _) = job.tasks[task]?.state, workers[holder] != nil else { continue }
            let reason = "worker \(holder) came back without it"
            actions += jobs[entry.id]?.workerLost(holder, task, reason: reason, now: now) ?? []
        }
        for record in tasks {
            guard let task = job.tasks[record.specification.id], task.artifact != nil else { continue }
            let frames = task.specification.outputFrames
            actions.append(.emit(.taskCompleted(entry.id, task.id, frames: frames, reused: true)))
        }
        return settled(actions, now: now)
    }

    /// The answer to `planNextStage`: the next stage's tasks. None means that nothing is left but the join.
    ///
    /// - Parameter laterCost: the effort that is expected to follow these tasks, in reference seconds.
    package mutating func tasksPlanned(
        _ tasks: [TaskSpecification], of job: JobID, laterCost: Double = 0, now: Moment
    ) -> [SchedulingAction] {
        news.tasks = true
        return settled(jobs[job]?.tasksPlanned(tasks, laterCost: laterCost) ?? [.drop(job, nil)], now: now)
    }

    /// The other answer to `planNextStage`.
    package mutating func planningFailed(
        _ job: JobID, code: String, message: String, now: Moment
    ) -> [SchedulingAction] {
        settled(jobs[job]?.planningFailed(code: code, message: message) ?? [.drop(job, nil)], now: now)
    }

    /// How far the answer to `assemble` is: `share` of 0 to 1.
    package mutating func assemblyProgressed(
        _ job: JobID, _ stage: JobStage, share: Double, now: Moment
    ) -> [SchedulingAction] {
        settled(jobs[job]?.assemblyProgressed(stage, share: share, now: now) ?? [.drop(job, nil)], now: now)
    }

    /// The answer to `assemble`: the result is verified and in place.
    package mutating func assembled(_ job: JobID, now: Moment) -> [SchedulingAction] {
        settled(jobs[job]?.assembled() ?? [.drop(job, nil)], now: now)
    }

    /// The other answer to `assemble`.
    package mutating func assemblyFailed(
        _ job: JobID, code: String, message: String, now: Moment
    ) -> [SchedulingAction] {
        settled(jobs[job]?.assemblyFailed(code: code, message: message) ?? [.drop(job, nil)], now: now)
    }

    /// The user does not want the job any more.
    package mutating func jobCancelled(_ job: JobID, now: Moment) -> [SchedulingAction] {
        settled(jobs[job]?.cancelled() ?? [.drop(job, nil)], now: now)
    }

    /// The user wants the job to be more, or less, urgent. It holds from the next task on; keeping it is the driver's.
    package mutating func jobPriorityChanged(
        _ job: JobID, to priority: Priority, now: Moment
    ) -> [SchedulingAction] {
        guard jobs[job] != nil else { return [.drop(job, nil)] }
        jobs[job]?.entry.priority = priority
        news.turns = true
        return settled([], now: now)
    }

    /// Somebody watches a job: its tasks are given out in the order of the film from now on.
    package mutating func jobWatched(_ job: JobID) { jobs[job]?.watched() }

    /// Space for results became short, or is there again. While it is short,
    /// what runs goes on, and no new task begins; each job at work says so
    /// once, and again when it goes on. Its state stays.
    package mutating func spaceChanged(isShort: Bool, now: Moment) -> [SchedulingAction] {
        guard isShort != isSpaceShort else { return [] }
        isSpaceShort = isShort
        var actions: [SchedulingAction] = []
        if !isShort {
            for job in arrivals where toldOfSpace.contains(job) {
                actions.append(.emit(.warning(job, "there is space for results again; the job goes on")))
            }
            toldOfSpace = []
        }
        news.tasks = true
        return settled(actions, now: now)
    }

    /// The driver stops: no worker gets anything new, and no job says that it waits for one. What runs goes on.
    package mutating func stopping(now: Moment) -> [SchedulingAction] {
        isStopping = true
        return workers.keys.sorted().flatMap { workerDrained($0, now: now) }
    }

    // MARK: Tasks

    /// The holder of a lease says how far it is; that counts as a heartbeat for this lease.
    ///
    /// - Parameters:
    ///   - frames: output frames written; `nil` for tasks without a picture.
    ///   - outputMicroseconds: the output's time so far; `nil` when unknown.
    /// - Returns: `refuse` when the lease does not hold any more.
    package mutating func taskProgressed(
        _ lease: LeaseToken, frames: Int?, outputMicroseconds: Int64?, now: Moment
    ) -> [SchedulingAction] {
        workers[lease.worker]?.heard(now: now)
        guard
            var actions = jobs[lease.job]?.taskProgressed(
                lease, frames: frames, outputMicroseconds: outputMicroseconds, now: now)
        else { return settled([.refuse(lease, .unknown)], now: now) }
        if configuration.prefetches { actions += prefetches(besides: lease, now: now) }
        return settled(actions, now: now)
    }

    /// The holder of a lease says how its attempt ended.
    ///
    /// - Parameter generator: draws the jitter of waits between attempts.
    /// - Returns: `refuse` when the lease does not hold any more: the result was not taken.
    package mutating func taskFinished(
        _ lease: LeaseToken, result: AttemptResult, now: Moment, using generator: inout some RandomNumberGenerator
    ) -> [SchedulingAction] {
        workers[lease.worker]?.heard(now: now)
        let pace = jobs[lease.job]?.paces[lease.task]?.first { $0.epoch == lease.epoch }
        let task = jobs[lease.job]?.tasks[lease.task]?.specification
        let actions = jobs[lease.job]?.taskFinished(lease, result: result, now: now, using: &generator)
        if let pace, let task, case .completed = result, pace.worker == lease.worker {
            workers[lease.worker]?.speeds.observe(task, pace, now: now)
            if let winner = actions?.first, case .persistTasks = winner, pace.isCopy { totals.copiesWon += 1 }
        }
        return settled(actions ?? [.refuse(lease, .unknown)], now: now)
    }

    // MARK: Time

    /// Time has passed. To be called at the moment asked for by `wake`; calling it at others does no harm.
    package mutating func ticked(now: Moment) -> [SchedulingAction] {
        if let asked = wakeRequested, asked <= now { wakeRequested = nil }
        var tasks: [(JobID, TaskID)] = []
        var silent: [WorkerID] = []
        for key in dueDeadlines(now: now) {
            switch key {
            case .worker(let worker): silent.append(worker)
            case .task(let job, let task): tasks.append((job, task))
            case .hardware: news.fleet = true
            }
        }
        var actions: [SchedulingAction] = []
        for id in silent.sorted() { actions += workerTicked(id, now: now) }
        for (job, task) in tasks.sorted(by: { ($0.0.text, $0.1) < ($1.0.text, $1.1) }) {
            actions += jobs[job]?.ticked(task, now: now) ?? []
            if let deadline = jobs[job]?.tasks[task]?.deadline { deadlines.note(.task(job, task), deadline) }
        }
        return settled(actions, now: now)
    }
}
