// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletModel

/// The life of one job: stages of tasks, one after the other, then the join.
///
/// ```
/// queued --begun--> planning --tasks--> ready --leased--> processing <--> planningNext
///                      |                  | ^               | ^                    |
///                      |        no worker v | worker        | |                    |
///                      |           waitingForWorkers <------+ |                    |
///                      |                  +---leased, worker--+       nothing more |
///                      +--no tasks--> combining <----------------------------------+
///                                         +--assembled--> completed
/// ```
/// Every state that is not final can end in `failed` or `cancelled`. When its hardware is given up, a job goes back
/// to `planning` or `planningNext`.
///
/// The caller MUST perform the returned actions in order.
package struct JobMachine: Equatable, Sendable {
    /// Where the job stands.
    package enum State: Equatable, Sendable {
        /// It waits for its turn.
        case queued
        /// Its first stage is being planned.
        case planning
        /// It has tasks, and none was given out yet.
        case ready
        /// It has tasks to give out, none of them runs, and no worker that could run any is there.
        case waitingForWorkers
        /// Tasks are given out.
        case processing
        /// All tasks are completed; the next stage is being planned.
        case planningNext
        /// The results are being joined and verified.
        case combining
        /// The result is in place.
        case completed
        /// It will not be completed.
        case failed(code: String, message: String)
        /// The user does not want it any more.
        case cancelled
    }

    /// What is known of the job.
    package internal(set) var entry: JobEntry
    /// Where it stands.
    package internal(set) var state: State = .queued
    /// Its tasks.
    package internal(set) var tasks: [TaskID: TaskMachine] = [:]
    /// The tasks that can be given out.
    package internal(set) var ready = ReadyQueue()
    /// How far it is.
    package internal(set) var progress: JobProgress

    /// The tasks that run.
    var running: Set<TaskID> = []
    /// The tasks that wait for their next attempt, or for a worker to bring them back.
    var waiting: Set<TaskID> = []
    /// How fast the live attempts of each running task go.
    var paces: [TaskID: [AttemptPace]] = [:]
    /// The effort that went into copies of running tasks.
    var copiedCost = 0.0
    /// How many tasks are not completed.
    var open = 0
    /// For each task that is not completed, the tasks that wait for its result.
    var dependents: [TaskID: [TaskID]] = [:]
    /// For each pending task, how many results are missing.
    var missingInputs: [TaskID: Int] = [:]
    /// How many attempts failed on hardware since the last result there.
    var hardwareFailures = 0
    /// Since when no worker with the job's hardware is there, and others are; `nil` otherwise.
    var hardwareMissedSince: Moment?
    /// The state that is kept in the store.
    var keptState: JobState
    /// When the last progress event was sent.
    var progressEmitted: Moment?
    /// The numbers to go by.
    let configuration: SchedulingConfiguration

    /// Makes the machine of a job, with the tasks that were kept of it.
    ///
    /// Completed tasks stay completed. Those that were running are left to their
    /// workers for `configuration.returnGrace`; all others go back to the queue.
    /// Epochs go on from where they were.
    package init(
        _ entry: JobEntry, tasks records: [TaskRecord] = [], configuration: SchedulingConfiguration, now: Moment
    ) {
        self.entry = entry
        self.configuration = configuration
        keptState = entry.state
        progress = JobProgress(doneBefore: entry.doneBefore, laterCost: entry.laterCost)
        progress.stagePlanned(
            records.filter { $0.artifact == nil }.map(\.specification), laterCost: entry.laterCost)
        if entry.isWatched { ready.followFilm() }
        let grace = configuration.returnGrace
        _ = add(records, awaitedUntil: grace > .zero ? now + grace : nil)
    }

    /// Somebody watches the job.
    mutating func watched() {
        entry.isWatched = true
        ready.followFilm()
    }

    /// The job's name.
    package var id: JobID { entry.id }

    /// The state's public name.
    package var jobState: JobState {
        switch state {
        case .queued, .planning, .ready: .queued
        case .waitingForWorkers: .waitingForWorkers
        case .processing, .planningNext: .processing
        case .combining: .combining
        case .completed: .completed
        case .failed: .failed
        case .cancelled: .cancelled
        }
    }

    /// Whether it is being worked on: neither waiting for its turn nor over.
    package var isActive: Bool { state != .queued && !jobState.isFinal }

    /// Whether it has tasks to give out now.
    package var hasOffer: Bool {
        switch state {
        case .ready, .waitingForWorkers, .processing: !ready.isEmpty
        case .queued, .planning, .planningNext, .combining, .completed, .failed, .cancelled: false
        }
    }

    /// It as placement sees it. The queue is lent, so that it is not copied: it comes back with `returned`.
    mutating func lent() -> JobOffer {
        var queue = ReadyQueue()
        swap(&queue, &ready)
        return JobOffer(id: id, priority: entry.priority, buildDigest: entry.buildDigest, ready: queue)
    }

    /// The queue comes back, without what is given out.
    mutating func returned(_ offer: inout JobOffer) { swap(&ready, &offer.ready) }

    /// When something happens in it without an event; `nil` for never.
    package var deadline: Moment? {
        running.union(waiting).compactMap { tasks[$0]?.deadline }.min()
    }

    // MARK: Stages

    /// It waits for its turn. A job that had ended is queued again.
    package mutating func resumed() -> [SchedulingAction] {
        keptState.isFinal ? move(to: .queued) : []
    }

    /// Its turn has come.
    package mutating func begun() -> [SchedulingAction] {
        switch state {
        case .queued:
            if tasks.isEmpty { return move(to: .planning) + [.planNextStage(id)] }
            if open > 0 { return move(to: isUntouched ? .ready : .processing) }
            if entry.state == .combining { return move(to: .combining) + [.assemble(id)] }
            return move(to: .planningNext) + [.planNextStage(id)]
        case .planning, .ready, .waitingForWorkers, .processing, .planningNext, .combining, .completed, .failed,
            .cancelled:
            return [.drop(id, jobState)]
        }
    }

    /// The next stage is planned; no tasks mean that nothing is left but the join.
    ///
    /// - Parameter laterCost: the effort that is expected to follow these, in reference seconds.
    package mutating func tasksPlanned(
        _ specifications: [TaskSpecification], laterCost: Double = 0
    ) -> [SchedulingAction] {
        switch state {
        case .planning, .planningNext:
            let new = tasks.isEmpty ? specifications : specifications.filter { tasks[$0.id] == nil }
            progress.stagePlanned(new, laterCost: laterCost)
            guard !new.isEmpty else { return move(to: .combining) + [.assemble(id)] }
            let before = tasks.count
            let unreachable = add(new.lazy.map { [id] in TaskRecord(job: id, specification: $0) })
            if let first = unreachable.first {
                return failed(
                    code: "scheduling.unreachable_task",
                    message: "task \(first) waits for results that no task makes (\(unreachable.count) such tasks)")
            }
            var records: [TaskRecord] = []
            records.reserveCapacity(new.count)
            for task in new { if let record = tasks[task.id]?.record { records.append(record) } }
            return [.insertTasks(records)] + move(to: before == 0 && state == .planning ? .ready : .processing)
        case .queued, .ready, .waitingForWorkers, .processing, .combining, .completed, .failed, .cancelled:
            return [.drop(id, jobState)]
        }
    }

    /// No stage could be planned.
    package mutating func planningFailed(code: String, message: String) -> [SchedulingAction] {
        switch state {
        case .planning, .planningNext: return failed(code: code, message: message)
        case .queued, .ready, .waitingForWorkers, .processing, .combining, .completed, .failed, .cancelled:
            return [.drop(id, jobState)]
        }
    }

    /// The encoders of the tasks that only a worker is missing for. Empty while a task runs, is left to the worker
    /// that had it, or nothing is to be given out.
    package var encodersWanted: Set<String> {
        switch state {
        case .ready, .waitingForWorkers, .processing:
            guard running.isEmpty else { return [] }
            var encoders = ready.encoders
            for task in waiting {
                guard let machine = tasks[task] else { continue }
                if case .awaited = machine.state { return [] }
                encoders.insert(machine.specification.encoder)
            }
            return encoders
        case .queued, .planning, .planningNext, .combining, .completed, .failed, .cancelled: return []
        }
    }

    /// No worker is there that could run any of its tasks.
    package mutating func workersMissing() -> [SchedulingAction] {
        switch state {
        case .ready: return move(to: .waitingForWorkers)
        case .processing where running.isEmpty: return move(to: .waitingForWorkers)
        case .queued, .planning, .waitingForWorkers, .processing, .planningNext, .combining, .completed, .failed,
            .cancelled:
            return []
        }
    }

    /// A worker is there that could run some of its tasks, and has something else to do yet.
    package mutating func workersFound() -> [SchedulingAction] {
        switch state {
        case .waitingForWorkers: return move(to: isUntouched ? .ready : .processing)
        case .queued, .planning, .ready, .processing, .planningNext, .combining, .completed, .failed, .cancelled:
            return []
        }
    }

    /// Whether no task of it was ever given out.
    private var isUntouched: Bool { tasks.values.allSatisfy { $0.lease.latestEpoch == 0 } }

    /// The result is being joined or checked, and so far, 0 to 1.
    package mutating func assemblyProgressed(_ stage: JobStage, share: Double, now: Moment) -> [SchedulingAction] {
        switch state {
        case .combining:
            let isNews = progress.stage != stage
            progress.joined(stage, share: share)
            return progressEvent(now: now, isDue: isNews || share >= 1)
        case .queued, .planning, .ready, .waitingForWorkers, .processing, .planningNext, .completed, .failed,
            .cancelled:
            return [.drop(id, jobState)]
        }
    }

    /// The result is joined, verified and in place.
    package mutating func assembled() -> [SchedulingAction] {
        switch state {
        case .combining: return move(to: .completed) + [.emit(.jobCompleted(id))]
        case .queued, .planning, .ready, .waitingForWorkers, .processing, .planningNext, .completed, .failed,
            .cancelled:
            return [.drop(id, jobState)]
        }
    }

    /// The result could not be joined, or is not what it should be.
    package mutating func assemblyFailed(code: String, message: String) -> [SchedulingAction] {
        switch state {
        case .combining where entry.mayFallBack && code == HardwarePolicy.mixedSegments:
            return fallenBack(because: "what hardware made does not fit together: \(message)")
        case .combining: return failed(code: code, message: message)
        case .queued, .planning, .ready, .waitingForWorkers, .processing, .planningNext, .completed, .failed,
            .cancelled:
            return [.drop(id, jobState)]
        }
    }

    /// The user does not want it any more.
    package mutating func cancelled() -> [SchedulingAction] {
        guard !jobState.isFinal else { return [.drop(id, jobState)] }
        let (kept, stopped) = cancelTasks()
        return kept + move(to: .cancelled) + stopped
    }

    // MARK: Moves

    /// Goes to another state, and says so when its public name is not the one that is kept.
    mutating func move(to next: State) -> [SchedulingAction] {
        state = next
        guard jobState != keptState else { return [] }
        keptState = jobState
        var failure: String?
        if case .failed(let code, let message) = next { failure = "\(code): \(message)" }
        return [.persistJob(id, jobState, failure: failure), .emit(.jobStateChanged(id, jobState))]
    }

    /// Fails the job: its other tasks are cancelled, and their workers told to stop.
    mutating func failed(code: String, message: String) -> [SchedulingAction] {
        let (kept, stopped) = cancelTasks()
        return kept + move(to: .failed(code: code, message: message))
            + [.emit(.jobFailed(id, code: code, message: message))] + stopped
    }
}
