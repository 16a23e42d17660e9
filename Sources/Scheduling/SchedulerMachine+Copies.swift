// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletModel

/// Late tasks on idle workers, and inputs fetched ahead.
extension SchedulerMachine {
    /// When idle slots are compared with late tasks again; `nil` while there is no slot, or nothing that runs.
    var nextLookForCopies: Moment? {
        guard mayCopy else { return nil }
        return copiesSought.map { $0 + configuration.copies.interval }
    }

    /// Whether there may be something to copy, and somebody to do it.
    private var mayCopy: Bool {
        configuration.copies.maximumAttempts > 1 && workers.count > 1 && leaseCount > 0 && !idle.isEmpty
            && !isSpaceShort
    }

    /// Begins copies of late tasks on slots that nothing else can use.
    mutating func copiedTasks(now: Moment) -> [SchedulingAction] {
        guard mayCopy else {
            copiesSought = nil
            return []
        }
        if let last = copiesSought, now - last < configuration.copies.interval, !isFreshSlot(since: last, now: now) {
            return []
        }
        copiesSought = now
        let slots = offers(of: idle, now: now)
        let placements = configuration.copies.copies(
            idle: slots, late: lateTasks(slots.count, now: now),
            speed: { [workers] worker, encoder in workers[worker]?.speeds.speed(of: encoder) })
        var actions: [SchedulingAction] = []
        for placement in placements {
            guard let task = jobs[placement.job]?.tasks[placement.task]?.specification else { continue }
            let predicted = prediction(task, on: placement.worker)
            let copied = jobs[placement.job]?.taskCopied(
                placement.task, to: placement.worker, predicted: predicted, now: now)
            for case .assign(let lease, _) in copied ?? [] {
                granted(lease)
                totals.copies += 1
            }
            actions += copied ?? []
        }
        take(in: actions, now: now)
        noteIdleWorkers()
        return actions
    }

    /// Whether a slot became free, and the last look is not just over.
    private func isFreshSlot(since last: Moment, now: Moment) -> Bool {
        now - last >= .milliseconds(200) && !news.workers.isDisjoint(with: idle)
    }

    /// The running tasks that end last, last first, as many as this many slots may look at.
    private func lateTasks(_ slots: Int, now: Moment) -> [LateTask] {
        var ends: [(remaining: Double, job: JobID, task: TaskID)] = []
        for id in active {
            for (task, paces) in jobs[id]?.paces ?? [:] {
                let remaining = paces.reduce(.infinity) { min($0, self.remaining($1, of: task, in: id, now: now)) }
                if remaining > configuration.copies.leastGain { ends.append((remaining, id, task)) }
            }
        }
        ends.sort { left, right in
            left.remaining == right.remaining
                ? (left.job.text, left.task) < (right.job.text, right.task) : left.remaining > right.remaining
        }
        return ends.prefix(slots + configuration.copies.lookahead).compactMap { entry in
            lateTask(entry.task, of: entry.job, remaining: entry.remaining, now: now)
        }
    }

    private func lateTask(_ id: TaskID, of job: JobID, remaining: Double, now: Moment) -> LateTask? {
        guard let machine = jobs[job], let task = machine.tasks[id], let paces = machine.paces[id] else { return nil }
        let policy = configuration.copies
        let isInTrouble =
            !task.failedAttempts.isEmpty
            || paces.contains { pace in
                let left = self.remaining(pace, of: id, in: job, now: now)
                return (now - pace.started).inSeconds + left > 1.5 * pace.predicted + 2
            }
        let limit = isInTrouble ? max(policy.maximumAttemptsInTrouble, policy.maximumAttempts) : policy.maximumAttempts
        guard paces.count < limit else { return nil }
        let budget =
            policy.budgetShare * machine.progress.totalCost + 3 * task.specification.cost - machine.copiedCost
        return LateTask(
            job: job, task: ReadyTask(task), buildDigest: machine.entry.buildDigest, remaining: remaining,
            workers: paces.map(\.worker), limit: limit, budget: budget)
    }

    /// Seconds until an attempt is done; infinite when it is stalled.
    private func remaining(_ pace: AttemptPace, of task: TaskID, in job: JobID, now: Moment) -> Double {
        let silence = Double(jobs[job]?.tasks[task]?.specification.silence ?? 0) / 1000
        guard let worker = workers[pace.worker], !worker.isSilent(now: now) else { return .infinity }
        let start = worker.speeds.startSeconds
        return pace.remaining(now: now, patience: max(20, 2 * start + 10) + silence)
    }

    // MARK: Fetching ahead

    /// Tells a worker what to fetch when one of its tasks is nearly done.
    mutating func prefetches(besides lease: LeaseToken, now: Moment) -> [SchedulingAction] {
        guard let worker = workers[lease.worker], worker.takesTasks, !isSpaceShort,
            // One at a time for each task that is nearly done.
            promises[lease.worker]?.contains(lease) != true,
            let pace = jobs[lease.job]?.paces[lease.task]?.first(where: { $0.epoch == lease.epoch }),
            remaining(pace, of: lease.task, in: lease.job, now: now) <= 2 * worker.speeds.startSeconds + 2
        else { return [] }
        var offer = worker.offer(isNeeded: trusted.isEmpty, now: now)
        offer.profile.slots += 1
        let open = active.filter { jobs[$0]?.hasOffer == true }.enumerated().sorted { left, right in
            let (first, second) = (jobs[left.element]?.entry.priority, jobs[right.element]?.entry.priority)
            guard let first, let second, first != second else { return left.offset < right.offset }
            return first > second
        }
        for (_, id) in open {
            let digest = jobs[id]?.entry.buildDigest
            let next = jobs[id]?.ready.firstUnpromised { task in
                offer.isCapable(of: task, buildDigest: digest) && !task.failedOn.contains(lease.worker)
            }
            guard let task = next else { continue }
            jobs[id]?.ready.promise(task, to: lease.worker)
            promises[lease.worker, default: []].insert(lease)
            return [.prefetch(lease.worker, id, task.id)]
        }
        return []
    }

    /// What a worker was to fetch waits with all others.
    mutating func withdrawPromises(to worker: WorkerID) {
        promises[worker] = nil
        for job in active { jobs[job]?.ready.withdrawPromises(to: worker) }
    }
}
