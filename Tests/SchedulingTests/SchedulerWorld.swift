// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletModel
import MartletScheduling
import MartletTestKit
import Testing

/// A cluster made of chance: a store, workers that fail, fall silent and come
/// back, users who submit and cancel, and a coordinator that crashes. It
/// performs the scheduler's actions and checks each against what must never happen.
struct SchedulerWorld {
    /// What the store holds of a job.
    struct KeptJob {
        var priority: Priority
        var state: JobState = .queued
        var tasks: [TaskID: TaskRecord] = [:]
        /// The stages that are not planned yet.
        var stages: [[TaskSpecification]]
        var isAddedAgain = false
    }

    /// A lease as its worker sees it.
    struct HeldLease {
        var token: LeaseToken
        var frames = 0
    }

    let seed: UInt64
    var generator: SplitMix64
    var now = at(0)
    var scheduler: SchedulerMachine
    var jobs: [JobID: KeptJob] = [:]
    /// What workers still believe to hold, stale leases included.
    var believed: [HeldLease] = []
    /// The leases that hold.
    var live: Set<LeaseToken> = []
    /// The leases that held when the coordinator crashed, and are not heard of since.
    var orphans: Set<LeaseToken> = []
    var highestEpoch: [String: Int] = [:]
    var plansWanted: [JobID] = []
    var joinsWanted: [JobID] = []
    var wake: Moment?
    var accepted: [String: Int] = [:]
    /// The number of events and of accepted results, to see that the test does something.
    var refusals = 0
    var crashes = 0
    var adoptions = 0
    var copies = 0
    var hints = 0

    static let workerNames = ["w1", "w2", "w3", "w4"]

    init(seed: UInt64) {
        self.seed = seed
        generator = SplitMix64(seed: seed)
        var configuration = SchedulingConfiguration()
        configuration.maximumConcurrentJobs = 3
        if seed.isMultiple(of: 2) { configuration.returnGrace = .seconds(15) }
        configuration.prefetches = seed.isMultiple(of: 3)
        scheduler = SchedulerMachine(configuration: configuration)
    }

    // MARK: Chance

    mutating func step() {
        now = now + .milliseconds(Int64(generator.below(4000)))
        switch generator.below(100) {
        case 0..<8: submit()
        case 8..<14: register()
        case 14..<30: heartbeat()
        case 30..<42: reportProgress()
        case 42..<72: finishSomething()
        case 72: perform(scheduler.workerLost(worker(), now: now))
        case 73: perform(scheduler.workerRemoved(worker(), now: now))
        case 74..<76: perform(scheduler.workerSuspected(worker(), now: now))
        case 76: perform(scheduler.workerDrained(worker(), now: now))
        case 77: perform(scheduler.workerUndrained(worker(), now: now))
        case 78: changePriority()
        case 79: cancelSomething()
        case 80..<88: answerPlan()
        case 88..<92: answerJoin()
        case 92: addAgain()
        case 93: perform(scheduler.spaceChanged(isShort: generator.chance(0.3), now: now))
        case 94: crash()
        default: tick()
        }
    }

    /// From now on nothing goes wrong: all workers are there, every attempt works.
    mutating func calmDown() {
        let (live, orphans) = (live, orphans)
        believed.removeAll { !live.contains($0.token) && !orphans.contains($0.token) }
        perform(scheduler.spaceChanged(isShort: false, now: now))
        for name in Self.workerNames {
            registered(.sample(name, slots: 2))
            perform(scheduler.workerUndrained(WorkerID(name), now: now))
        }
        let holding = self.live
        believed.removeAll { !holding.contains($0.token) }
        for _ in 0..<5000 {
            if jobs.values.allSatisfy(\.state.isFinal) { return }
            now = now + .milliseconds(100)
            for name in Self.workerNames {
                let worker = WorkerID(name)
                let held = believed.map(\.token).filter { $0.worker == worker }
                perform(scheduler.heartbeat(worker, holding: held, now: now))
            }
            if let held = believed.first {
                finish(held.token, .completed(.sample(held.token.task)))
            } else if !plansWanted.isEmpty {
                answerPlan()
            } else if !joinsWanted.isEmpty {
                answerJoin(mayFail: false)
            } else if let wake {
                // Only the moment that was asked for leads on: a forgotten timer would hang here.
                now = max(now, wake)
                tick()
            } else {
                break
            }
        }
        let open = jobs.filter { !$0.value.state.isFinal }.keys.map(\.text).sorted()
        Issue.record("seed \(seed): jobs never end: \(open)")
    }

    private mutating func worker() -> WorkerID {
        WorkerID(Self.workerNames[generator.below(Self.workerNames.count)])
    }

    private mutating func anyJob() -> JobID? {
        let names = jobs.keys.map(\.text).sorted()
        return names.isEmpty ? nil : JobID(names[generator.below(names.count)])
    }

    private mutating func submit() {
        guard jobs.count < 12 else { return }
        let id = JobID("job-\(jobs.count)")
        var number = 0
        let stages = (0..<generator.below(4)).map { _ in
            (0..<(1 + generator.below(6))).map { position in
                number += 1
                // Inputs come from the same stage, always backwards.
                let inputs = position > 0 && generator.chance(0.3) ? ["t\(number - 1 - generator.below(position))"] : []
                return TaskSpecification.sample(
                    "t\(number)", frames: 100, cost: Double(1 + generator.below(5)),
                    memoryMebibytes: Int64(100 + generator.below(900)), inputs: inputs)
            }
        }
        let priority = Priority.allCases[generator.below(4)]
        jobs[id] = KeptJob(priority: priority, stages: stages)
        perform(scheduler.jobAdded(JobEntry(id: id, priority: priority), now: now))
    }

    private mutating func register() {
        let worker = worker()
        registered(
            .sample(worker.text, slots: 1 + generator.below(3), memoryMebibytes: Int64(500 + generator.below(2000))))
    }

    /// A worker comes back with all that it runs, or begins anew without it.
    private mutating func registered(_ profile: WorkerProfile) {
        var held: [LeaseToken] = []
        if generator.chance(0.6) {
            held = believed.map(\.token).filter { $0.worker == profile.id }
            if let other = believed.first?.token, generator.chance(0.1) { held.append(other) }
        }
        let actions = scheduler.workerRegistered(profile, holding: held, now: now)
        let stopped = actions.compactMap { if case .stop(let lease) = $0 { lease } else { nil } }
        let kept = scheduler.workers[profile.id]?.leases ?? [:]
        for lease in held where lease.worker == profile.id {
            check((kept[lease] == nil) == stopped.contains(lease), "\(lease)")
        }
        perform(actions)
    }

    private mutating func changePriority() {
        guard let job = anyJob(), jobs[job]?.state.isFinal == false else { return }
        let priority = Priority.allCases[generator.below(4)]
        jobs[job]?.priority = priority
        perform(scheduler.jobPriorityChanged(job, to: priority, now: now))
    }

    private mutating func heartbeat() {
        let worker = worker()
        // Now and then a lease is forgotten.
        var held: [LeaseToken] = []
        for lease in believed where lease.token.worker == worker && !generator.chance(0.05) { held.append(lease.token) }
        let load = WorkerLoad(processors: 0.5, memory: ByteCount(0), takesTasks: generator.chance(0.8))
        perform(scheduler.heartbeat(worker, holding: held, load: generator.chance(0.5) ? load : nil, now: now))
    }

    private mutating func reportProgress() {
        guard !believed.isEmpty else { return }
        let index = generator.below(believed.count)
        believed[index].frames = min(believed[index].frames + generator.below(40), 100)
        let lease = believed[index]
        let actions = scheduler.taskProgressed(
            lease.token, frames: lease.frames, outputMicroseconds: nil, now: now)
        check(actions.contains { $0.refusedLease != nil } == !live.contains(lease.token))
        perform(actions)
    }

    private mutating func finishSomething() {
        guard !believed.isEmpty else { return }
        let lease = believed[generator.below(believed.count)].token
        let result: AttemptResult =
            switch generator.below(100) {
            case 0..<80: .completed(.sample(lease.task))
            case 80..<92: .failed(AttemptFailure(code: "c", message: "m", log: "", isRetryable: true))
            case 92: .failed(AttemptFailure(code: "c", message: "m", log: "", isRetryable: false))
            default: .interrupted
            }
        finish(lease, result)
    }

    private mutating func finish(_ lease: LeaseToken, _ result: AttemptResult) {
        let isLive = live.contains(lease)
        let actions = scheduler.taskFinished(lease, result: result, now: now, using: &generator)
        check(actions.contains { $0.refusedLease == lease } == !isLive, "\(lease)")
        if isLive, case .completed = result { accepted[key(lease), default: 0] += 1 }
        // Stale ones stay now and then, and come a second time.
        if isLive || generator.chance(0.7) { believed.removeAll { $0.token == lease } }
        perform(actions)
    }

    /// The driver's timer: it rings once for each moment asked for.
    private mutating func tick() {
        if let asked = wake, asked <= now { wake = nil }
        perform(scheduler.ticked(now: now))
    }

    private mutating func cancelSomething() {
        guard let job = anyJob() else { return }
        perform(scheduler.jobCancelled(job, now: now))
    }

    private mutating func addAgain() {
        guard let id = anyJob(), let job = jobs[id], job.state == .failed || job.state == .cancelled else { return }
        plansWanted.removeAll { $0 == id }
        joinsWanted.removeAll { $0 == id }
        add(id, job)
    }

    private mutating func add(_ id: JobID, _ job: KeptJob) {
        jobs[id]?.isAddedAgain = true
        let entry = JobEntry(id: id, priority: job.priority, state: job.state)
        let tasks = job.tasks.values.sorted { $0.specification.id < $1.specification.id }
        perform(scheduler.jobAdded(entry, tasks: tasks, now: now))
        jobs[id]?.isAddedAgain = false
    }

    private mutating func answerPlan() {
        guard !plansWanted.isEmpty else { return }
        let id = plansWanted.remove(at: generator.below(plansWanted.count))
        let stage = jobs[id]?.stages.first ?? []
        perform(scheduler.tasksPlanned(stage, of: id, now: now))
    }

    private mutating func answerJoin(mayFail: Bool = true) {
        guard !joinsWanted.isEmpty else { return }
        let id = joinsWanted.remove(at: generator.below(joinsWanted.count))
        if mayFail, generator.chance(0.1) {
            perform(scheduler.assemblyFailed(id, code: "c", message: "m", now: now))
        } else {
            perform(scheduler.assembled(id, now: now))
        }
    }

    /// The coordinator dies and begins again from the store; workers must register again.
    private mutating func crash() {
        crashes += 1
        scheduler = SchedulerMachine(configuration: scheduler.configuration)
        orphans.formUnion(live)
        live = []
        plansWanted = []
        joinsWanted = []
        wake = nil
        for (id, job) in jobs.sorted(by: { $0.key.text < $1.key.text }) where !job.state.isFinal { add(id, job) }
        let pending = jobs.values.flatMap { $0.tasks.values.filter { $0.state == .running } }
        check(scheduler.configuration.returnGrace > .zero || pending.isEmpty, "a task without holder runs")
        for _ in Self.workerNames where generator.chance(0.7) { register() }
    }

    // MARK: Performing and checking

    /// As `#expect`, and a hundred times cheaper while all is well.
    private func check(
        _ condition: Bool, _ message: @autoclosure () -> String = "see the line",
        _ location: SourceLocation = #_sourceLocation
    ) {
        if !condition { Issue.record("seed \(seed): \(message())", sourceLocation: location) }
    }

    private func key(_ lease: LeaseToken) -> String { "\(lease.job)/\(lease.task)" }

    private mutating func perform(_ actions: [SchedulingAction]) {
        for action in actions { perform(action) }
        checkScheduler()
    }

    private mutating func perform(_ action: SchedulingAction) {
        switch action {
        case .insertTasks(let records):
            for record in records {
                check(jobs[record.job]?.tasks[record.specification.id] == nil)
                jobs[record.job]?.tasks[record.specification.id] = record
            }
            if let job = records.first?.job { jobs[job]?.stages.removeFirst() }
        case .persistTasks(let records):
            for record in records { persist(record) }
        case .persistJob(let id, let state, _):
            if let before = jobs[id]?.state {
                check(!before.isFinal || jobs[id]?.isAddedAgain == true, "\(id) leaves \(before)")
            }
            jobs[id]?.state = state
        case .recordAttempt(let lease, _, let result):
            if result == nil {
                let others = live.filter { key($0) == key(lease) }
                check(others.count < 3, "too many live leases of \(key(lease))")
                check(!others.contains { $0.worker == lease.worker }, "two leases of \(key(lease)) on one worker")
                copies += others.isEmpty ? 0 : 1
                check(lease.epoch.number > highestEpoch[key(lease), default: 0], "epoch goes back")
                highestEpoch[key(lease)] = lease.epoch.number
                live.insert(lease)
            } else {
                let wasThere = live.remove(lease) != nil || orphans.remove(lease) != nil
                check(wasThere, "\(lease) ends twice")
            }
        case .resumeAttempt(let lease):
            check(believed.contains { $0.token == lease }, "nobody has \(lease)")
            check(
                lease.epoch.number == highestEpoch[key(lease)],
                "\(lease) is given back after \(highestEpoch[key(lease), default: 0])")
            check(!live.contains { key($0) == key(lease) }, "\(lease) is given back while another lives")
            adoptions += 1
            live.insert(lease)
            orphans.remove(lease)
        case .assign(let lease, let task):
            let kept = jobs[lease.job]?.tasks[lease.task]
            check(kept?.state == .running && kept?.epoch == lease.epoch.number, "not kept first")
            check(jobs[lease.job]?.state == .processing)
            check(!scheduler.isSpaceShort)
            if let offer = scheduler.workers[lease.worker]?.offer {
                check(offer.running <= offer.profile.slots)
                check(offer.running <= 1 || offer.usedMemory <= offer.profile.memory)
            }
            for input in task.inputs { check(jobs[lease.job]?.tasks[input]?.state == .completed) }
            believed.append(HeldLease(token: lease))
        case .stop(let lease):
            check(!live.contains(lease), "stopped before it is kept")
            if generator.chance(0.5) { believed.removeAll { $0.token == lease } }
        case .refuse: refusals += 1
        case .prefetch(let worker, let job, let task):
            hints += 1
            check(scheduler.workers[worker] != nil)
            check(scheduler.jobs[job]?.tasks[task] != nil)
        case .replan(let id, _): check(false, "\(id) is not on hardware")
        case .planNextStage(let id):
            check(!plansWanted.contains(id))
            plansWanted.append(id)
        case .assemble(let id):
            check(jobs[id]?.stages.isEmpty == true)
            check(jobs[id]?.tasks.values.allSatisfy { $0.state == .completed } == true)
            joinsWanted.append(id)
        case .wake(let moment): wake = moment
        case .drop, .emit: break
        }
    }

    private mutating func persist(_ record: TaskRecord) {
        let id = record.specification.id
        guard let before = jobs[record.job]?.tasks[id] else {
            Issue.record("seed \(seed): unknown task \(id) is kept")
            return
        }
        check(record.epoch >= before.epoch)
        check(record.failures <= scheduler.configuration.retry.maximumAttempts)
        check(before.state != .completed, "a result is lost")
        if before.state.isFinal { check(jobs[record.job]?.isAddedAgain == true, "final task moves") }
        if record.state == .completed { check(accepted["\(record.job)/\(id)"] == 1) }
        jobs[record.job]?.tasks[id] = record
    }

    /// What must be true after every event.
    private func checkScheduler() {
        for worker in scheduler.workers.values {
            check(Set(worker.leases.keys) == live.filter { $0.worker == worker.profile.id })
            let memory = worker.leases.values.reduce(ByteCount(0)) { $0 + $1 }
            check(worker.offer.usedMemory == memory && worker.offer.running == worker.leases.count)
        }
        for job in scheduler.jobs.values {
            // A job that waits for its turn after a crash keeps the state that it had.
            check(job.jobState == jobs[job.id]?.state || job.state == .queued)
            let states = Dictionary(grouping: job.tasks.values, by: \.taskState).mapValues(\.count)
            check(states.values.reduce(0, +) == jobs[job.id]?.tasks.count, "a task is lost")
            check(states[.queued, default: 0] == job.ready.count)
            check(Set(job.tasks.values.flatMap(\.tokens)) == live.filter { $0.job == job.id })
            check((0...1).contains(job.progress.fraction))
        }
        if let deadline = scheduler.jobs.values.compactMap(\.deadline).min() {
            check(wake.map { $0 <= deadline } == true, "nobody wakes the scheduler in time")
        }
        checkNothingIdle()
        checkWaiting()
    }

    /// Jobs that are begun and that nobody can go on with say so, and no others.
    private func checkWaiting() {
        if wake.map({ $0 <= now }) == true { return }
        let isServed = scheduler.workers.values.contains(where: \.isServing)
        for job in scheduler.jobs.values where job.isActive {
            if job.state == .waitingForWorkers { check(!isServed, "\(job.id) waits for workers that are there") }
            guard job.jobState == .processing, !isServed, !job.ready.isEmpty else { continue }
            let isLeft = job.tasks.values.contains { if case .awaited = $0.state { true } else { false } }
            check(isLeft || live.contains { $0.job == job.id }, "\(job.id) does not say that it waits for workers")
        }
    }

    /// No slot is free that a ready task could have.
    private func checkNothingIdle() {
        // While the timer is about to ring, time has brought about what the scheduler does not know yet.
        if scheduler.isSpaceShort || wake.map({ $0 <= now }) == true { return }
        let takers = scheduler.workers.values.filter(\.takesTasks)
        let isNeeded = !takers.contains(where: \.isTrusted)
        let offers = takers.map { $0.offer(isNeeded: isNeeded, now: now) }.filter { $0.profile.slots > 0 }
        guard offers.contains(where: { $0.freeSlots > 0 }) else { return }
        for task in scheduler.jobs.values.filter(\.hasOffer).flatMap(\.ready.tasks) {
            let untried = offers.filter { !task.failedOn.contains($0.profile.id) }
            check(
                !(untried.isEmpty ? offers : untried).contains { $0.hasRoom(for: task) },
                "seed \(seed): \(task.id) waits beside a free slot")
        }
    }
}
