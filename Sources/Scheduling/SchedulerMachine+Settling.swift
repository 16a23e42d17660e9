// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletModel

/// What every event can bring about: freed slots, jobs whose turn has come, tasks given out.
extension SchedulerMachine {
    /// Adds to an event's own actions what follows from it everywhere else.
    mutating func settled(_ actions: [SchedulingAction], now: Moment) -> [SchedulingAction] {
        var result = actions
        take(in: actions, now: now)
        forgetEndedJobs()
        result += begunJobs()
        noteIdleWorkers()
        result += placedTasks(now: now)
        result += copiedTasks(now: now)
        result += missingWorkers()
        result += hardwareGivenUp(now: now)
        result += workerStates()
        result += wakeRequest()
        news = SchedulingNews()
        return result
    }

    /// Notes what actions bring about: freed slots, ready tasks, deadlines, ended jobs.
    mutating func take(in actions: [SchedulingAction], now: Moment) {
        for action in actions {
            switch action {
            case .recordAttempt(let lease, let started, let result?): freeSlot(lease, started, result, now: now)
            case .persistTasks(let tasks), .insertTasks(let tasks):
                for task in tasks { takeIn(task) }
            case .persistJob(let job, let state, _) where state.isFinal: news.ended.insert(job)
            default: break
            }
        }
    }

    private mutating func takeIn(_ task: TaskRecord) {
        switch task.state {
        case .queued: news.tasks = true
        case .running, .retrying:
            let id = task.specification.id
            if let deadline = jobs[task.job]?.tasks[id]?.deadline { deadlines.note(.task(task.job, id), deadline) }
        case .pending, .completed, .failed, .cancelled: break
        }
    }

    /// A lease that ended gives its slot back to its worker.
    private mutating func freeSlot(
        _ lease: LeaseToken, _ started: Moment, _ result: AttemptResult, now: Moment
    ) {
        let seconds = (now - started).inSeconds
        switch result {
        case .completed: totals.usefulSeconds += seconds
        case .failed:
            totals.failedSeconds += seconds
            totals.failures += 1
        case .interrupted:
            let isNeedless = jobs[lease.job]?.tasks[lease.task]?.artifact != nil
            if isNeedless { totals.copiedSeconds += seconds } else { totals.failedSeconds += seconds }
        }
        guard workers[lease.worker]?.leases[lease] != nil else { return }
        leaseCount -= 1
        promises[lease.worker]?.remove(lease)
        news.workers.insert(lease.worker)
        _ = workers[lease.worker]?.leaseEnded(lease, result: result, now: now, configuration: configuration)
        guard case .failed = result, let worker = workers[lease.worker] else { return }
        // It may be set aside now, and what failed elsewhere may have nobody else left.
        deadlines.note(.worker(lease.worker), worker.deadline(configuration: configuration))
        news.tasks = true
    }

    // MARK: Jobs

    private mutating func forgetEndedJobs() {
        guard !news.ended.isEmpty else { return }
        for job in news.ended { jobs[job] = nil }
        arrivals.removeAll { jobs[$0] == nil }
        toldOfSpace.subtract(news.ended)
        news.turns = true
    }

    /// Begins queued jobs.
    private mutating func begunJobs() -> [SchedulingAction] {
        guard news.turns else { return [] }
        var actions: [SchedulingAction] = []
        while let next = nextToBegin() { actions += jobs[next]?.begun() ?? [] }
        active = arrivals.filter { jobs[$0]?.isActive == true }
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

    /// Jobs that would go on if there were space for more results say so, once.
    private mutating func spaceWarnings() -> [SchedulingAction] {
        active.filter { jobs[$0]?.hasOffer == true && toldOfSpace.insert($0).inserted }.map { job in
            .emit(.warning(job, "there is too little space for results; no further task begins until there is more"))
        }
    }

    /// Jobs that nobody here can go on with say so, and that somebody can again.
    private mutating func missingWorkers() -> [SchedulingAction] {
        let isWide = news.fleet || news.turns || news.tasks
        guard isWide || !news.workers.isEmpty, !isStopping else { return [] }
        var actions: [SchedulingAction] = []
        // What waits already is no other without such news; that the last task of a job ended is news of a worker.
        for id in active where isWide || jobs[id]?.state == .processing {
            guard let job = jobs[id] else { continue }
            let encoders = job.encodersWanted
            guard !encoders.isEmpty else { continue }
            let isPossible = encoders.contains { encoder in
                workers.values.contains { worker in
                    worker.isServing
                        && worker.profile.isCapable(of: encoder, buildDigest: job.entry.buildDigest)
                }
            }
            actions += (isPossible ? jobs[id]?.workersFound() : jobs[id]?.workersMissing()) ?? []
        }
        return actions
    }

    // MARK: Placement

    /// Keeps the lists of workers up with what changed.
    mutating func noteIdleWorkers() {
        let wasTrusted = !trusted.isEmpty
        for id in news.workers {
            let worker = workers[id]
            let isIdle = worker.map { $0.takesTasks && $0.offer.freeSlots > 0 } ?? false
            if isIdle { idle.insert(id) } else { idle.remove(id) }
            if worker?.isTrusted == true { trusted.insert(id) } else { trusted.remove(id) }
        }
        if wasTrusted == trusted.isEmpty { news.tasks = true }
    }

    /// Gives out what can be given out.
    ///
    /// Where nothing changed, nothing can be given out that could not be before:
    /// only workers that changed are looked at, and all idle ones when tasks came.
    private mutating func placedTasks(now: Moment) -> [SchedulingAction] {
        if isSpaceShort { return spaceWarnings() }
        // A task may go back where it failed when no other worker is left for it.
        let isWide = news.tasks || news.turns || news.fleet
        let candidates = isWide ? idle : news.workers.intersection(idle)
        guard !candidates.isEmpty else { return [] }
        let open = active.filter { jobs[$0]?.hasOffer == true }
        guard !open.isEmpty else { return [] }
        let placements = placements(of: open, on: offers(of: candidates, now: now), now: now)
        var actions: [SchedulingAction] = []
        for placement in placements {
            guard let task = jobs[placement.job]?.tasks[placement.task]?.specification else { continue }
            let predicted = prediction(task, on: placement.worker)
            let placed = jobs[placement.job]?.taskPlaced(
                placement.task, on: placement.worker, predicted: predicted, now: now)
            for case .assign(let lease, _) in placed ?? [] { granted(lease) }
            actions += placed ?? []
        }
        take(in: actions, now: now)
        noteIdleWorkers()
        return actions
    }

    /// Asks the policy. The jobs' queues are lent to it, so that they are not copied.
    private mutating func placements(of open: [JobID], on idle: [WorkerOffer], now: Moment) -> [Placement] {
        var offers = open.compactMap { jobs[$0]?.lent() }
        let isNeeded = trusted.isEmpty
        let placements = PlacementPolicy.place(jobs: &offers, idle: idle, share: &share) { [workers] task, digest in
            !workers.values.contains { worker in
                !task.failedOn.contains(worker.profile.id) && worker.takesTasks
                    && (isNeeded || !worker.isQuarantined(now: now))
                    && worker.profile.isCapable(of: task.encoder, buildDigest: digest)
            }
        }
        for index in offers.indices { jobs[offers[index].id]?.returned(&offers[index]) }
        return placements
    }

    /// Workers with a free slot as placement sees them.
    func offers(of workers: Set<WorkerID>, now: Moment) -> [WorkerOffer] {
        workers.compactMap { self.workers[$0]?.offer(isNeeded: trusted.isEmpty, now: now) }.filter { $0.freeSlots > 0 }
    }

    /// How long a task is expected to take on a worker, in seconds.
    func prediction(_ task: TaskSpecification, on worker: WorkerID) -> Double {
        task.cost / (workers[worker]?.speeds.speed(of: task.encoder) ?? 1)
    }

    // MARK: The end of an event

    /// Workers whose public state is another one than was last told.
    private mutating func workerStates() -> [SchedulingAction] {
        var actions: [SchedulingAction] = []
        for id in news.workers.sorted() {
            guard let state = workers[id]?.workerState, state != announced[id] else { continue }
            actions += performed(.stateChanged(state), of: id)
        }
        return actions
    }

    /// Asks for the next tick when it must come sooner than the one asked for.
    private mutating func wakeRequest() -> [SchedulingAction] {
        let look = nextLookForCopies
        if let asked = wakeRequested, asked <= look ?? asked, asked <= deadlines.earliest ?? asked { return [] }
        guard let next = [nextDeadline(), look].compactMap(\.self).min() else { return [] }
        if let asked = wakeRequested, asked <= next { return [] }
        wakeRequested = next
        return [.wake(at: next)]
    }

    /// The soonest deadline of all.
    private mutating func nextDeadline() -> Moment? {
        var deadlines = Deadlines()
        swap(&deadlines, &self.deadlines)
        defer { swap(&deadlines, &self.deadlines) }
        return deadlines.next { deadline(of: $0) }
    }

    /// Takes out what has reached its deadline.
    mutating func dueDeadlines(now: Moment) -> [Deadlines.Key] {
        var deadlines = Deadlines()
        swap(&deadlines, &self.deadlines)
        defer { swap(&deadlines, &self.deadlines) }
        return deadlines.due(now: now) { deadline(of: $0) }
    }

    private func deadline(of key: Deadlines.Key) -> Moment? {
        switch key {
        case .worker(let id): workers[id]?.deadline(configuration: configuration)
        case .task(let job, let task): jobs[job]?.tasks[task]?.deadline
        case .hardware(let job): jobs[job]?.hardwareMissedSince.map { $0 + configuration.hardware.patience }
        }
    }
}
