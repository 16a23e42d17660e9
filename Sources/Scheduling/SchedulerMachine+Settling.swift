// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletModel

/// What every event can bring about: freed slots, jobs whose turn has come, tasks given out.
extension SchedulerMachine {
    /// Adds to an event's own actions what follows from it everywhere else.
    mutating func settled(_ actions: [SchedulingAction], now: Moment) -> [SchedulingAction] {
        var before: [WorkerID: WorkerState] = [:]
        freeSlots(actions, now: now, before: &before)
        forgetFinalJobs()
        var result = actions + begunJobs() + placedTasks(now: now, before: &before)
        for (worker, state) in before.sorted(by: { $0.key < $1.key }) {
            guard let after = workers[worker]?.workerState, after != state else { continue }
            result.append(.emit(.workerStateChanged(worker, after)))
        }
        result += missingWorkers()
        result += wakeRequest(now: now)
        return result
    }

    /// Every lease that ended gives its slot back to its worker.
    ///
    /// - Parameter before: gets the state of every worker that is touched, as it was.
    private mutating func freeSlots(
        _ actions: [SchedulingAction], now: Moment, before: inout [WorkerID: WorkerState]
    ) {
        for case .recordAttempt(let lease, _, let outcome?) in actions {
            guard let state = workers[lease.worker]?.workerState else { continue }
            before[lease.worker] = before[lease.worker] ?? state
            _ = workers[lease.worker]?.leaseEnded(lease, result: outcome, now: now, configuration: configuration)
        }
    }

    private mutating func forgetFinalJobs() {
        let isOver = { (job: JobMachine?) in job?.jobState.isFinal ?? true }
        guard arrivals.contains(where: { isOver(jobs[$0]) }) else { return }
        arrivals.removeAll { isOver(jobs[$0]) }
        toldOfSpace.formIntersection(arrivals)
        jobs = jobs.filter { !isOver($0.value) }
    }

    /// Begins queued jobs.
    private mutating func begunJobs() -> [SchedulingAction] {
        var actions: [SchedulingAction] = []
        while let next = nextToBegin() { actions += jobs[next]?.begun() ?? [] }
        return actions
    }

    /// The job whose turn has come: the most urgent one, of equals the one that
    /// came first. One in ten is the one that came first of the less urgent
    /// ones. `nil` when as many jobs as may be are at work; less urgent ones do
    /// not count, so that they never hold up a more urgent one.
    private mutating func nextToBegin() -> JobID? {
        let queued = arrivals.compactMap { jobs[$0] }.filter { $0.state == .queued }
        guard let urgency = queued.map(\.entry.priority).max() else { return nil }
        let lower = queued.first { $0.entry.priority < urgency }
        if let lower, begunPast >= 9, hasPlace(for: lower) {
            begunPast = 0
            return lower.id
        }
        guard let first = queued.first(where: { $0.entry.priority == urgency }), hasPlace(for: first) else {
            return nil
        }
        begunPast = lower == nil ? 0 : begunPast + 1
        return first.id
    }

    private func hasPlace(for job: JobMachine) -> Bool {
        let active = jobs.values.count { $0.isActive && $0.entry.priority >= job.entry.priority }
        return active < configuration.maximumConcurrentJobs
    }

    /// Gives out what can be given out.
    ///
    /// - Parameter before: gets the state of every worker that is touched, as it was.
    private mutating func placedTasks(
        now: Moment, before: inout [WorkerID: WorkerState]
    ) -> [SchedulingAction] {
        if isSpaceShort { return spaceWarnings() }
        let offers = WorkerMachine.offers(of: workers.values.filter(\.takesTasks), now: now)
        guard offers.contains(where: { $0.freeSlots > 0 }) else { return [] }
        let placements = PlacementPolicy.place(
            jobs: arrivals.compactMap { jobs[$0]?.offer }, workers: offers, share: &share)
        var actions: [SchedulingAction] = []
        for placement in placements {
            let placed = jobs[placement.job]?.taskPlaced(placement.task, on: placement.worker, now: now) ?? []
            for case .assign(let lease, let task) in placed {
                before[lease.worker] = before[lease.worker] ?? workers[lease.worker]?.workerState
                _ = workers[lease.worker]?.leaseGranted(lease, memory: task.memory)
            }
            actions += placed
        }
        return actions
    }

    /// Jobs that would go on if there were space for more results say so, once.
    private mutating func spaceWarnings() -> [SchedulingAction] {
        arrivals.filter { jobs[$0]?.offer.ready.isEmpty == false && toldOfSpace.insert($0).inserted }.map { job in
            .emit(.warning(job, "there is too little space for results; no further task begins until there is more"))
        }
    }

    /// Jobs that nobody here can begin say so.
    private mutating func missingWorkers() -> [SchedulingAction] {
        let offers = workers.values.filter(\.isServing).map(\.offer)
        var actions: [SchedulingAction] = []
        for id in arrivals {
            guard let job = jobs[id], job.state == .ready else { continue }
            let isPossible = job.ready.contains { task in
                offers.contains { $0.isCapable(of: task, buildDigest: job.entry.buildDigest) }
            }
            if !isPossible { actions += jobs[id]?.workersMissing() ?? [] }
        }
        return actions
    }

    /// Asks for the next tick when it must come sooner than the one asked for.
    private mutating func wakeRequest(now: Moment) -> [SchedulingAction] {
        let deadlines = workers.values.map { $0.deadline(configuration: configuration, now: now) }
        guard let next = (deadlines + jobs.values.compactMap(\.deadline)).min() else { return [] }
        if let asked = wakeRequested, asked <= next { return [] }
        wakeRequested = next
        return [.wake(at: next)]
    }
}
