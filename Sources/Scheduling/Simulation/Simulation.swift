// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletModel

/// Drives the real scheduler with machines that exist in virtual time only.
///
/// Everything that a coordinator would hear is said to `SchedulerMachine`, and
/// its actions are obeyed: what is measured is the scheduler that runs jobs.
package struct Simulation {
    /// One attempt on a machine.
    struct Run {
        var lease: LeaseToken
        var piece: Int
        var machine: Int
        /// Effort that is done, that of the start included.
        var done = 0.0
        /// Effort at which it fails; infinite for never.
        var failsAt = Double.infinity
        /// When its input is there.
        var begins: Double
        /// When `done` was right.
        var touched: Double
        /// Tells a planned end from one that was planned before.
        var plan = 0
    }

    /// A machine as it is now.
    struct Host {
        var profile: WorkerProfile
        var factor = 1.0
        var isThere = false
        var runs: Set<LeaseToken> = []
        /// Inputs that are being fetched, and since when.
        var fetching: [TaskID: Double] = [:]
    }

    /// What happens next.
    enum Event: Equatable {
        case join(Int)
        case heartbeat(Int)
        case report(LeaseToken)
        case end(LeaseToken, plan: Int)
        case factor(Int, Double)
        case death(Int)
        case brokenConnection(Int)
        case wake
    }

    private struct Appointment: Comparable {
        var time: Double
        var number: Int
        var event: Event

        static func < (left: Appointment, right: Appointment) -> Bool {
            left.time == right.time ? left.number < right.number : left.time < right.time
        }
    }

    let setup: SimulationSetup
    let clock: () -> UInt64
    var chance: SimulationChance
    /// The scheduler's own.
    private var jitter: SimulationChance
    var scheduler: SchedulerMachine
    var hosts: [Host]
    var runs: [LeaseToken: Run] = [:]
    var now = 0.0
    var accepted: [Int]
    var wasted = 0.0
    var isCompleted = false
    private var agenda = BinaryHeap<Appointment>()
    private var lastNumber = 0
    private var wakeAt: Double?
    private var positions: [TaskID: Int] = [:]
    private var decisionTimes: [UInt64] = []
    private var decisions = 0
    /// The speed of all machines together, from when on.
    private var speeds: [(time: Double, speed: Double)] = []
    private let job = JobID("film")

    /// Makes a simulation.
    ///
    /// - Parameter clock: a reading of the processor time, in nanoseconds, to measure decisions with; 0 for not.
    package init(_ setup: SimulationSetup, clock: @escaping () -> UInt64 = { 0 }) {
        self.setup = setup
        self.clock = clock
        chance = SimulationChance(seed: setup.seed)
        jitter = SimulationChance(seed: setup.seed &+ 1)
        scheduler = SchedulerMachine(configuration: setup.configuration)
        hosts = setup.machines.enumerated().map { Host(profile: Self.profile(of: $1, $0)) }
        accepted = setup.pieces.map { _ in 0 }
    }

    /// Runs the job to its end.
    package mutating func run() -> SimulationResult {
        for (index, machine) in setup.machines.enumerated() {
            plan(.join(index), at: machine.joins)
            plan(.factor(index, 0.2), at: machine.joins + chance.wait(setup.faults.meanPeace))
            plan(.death(index), at: machine.joins + chance.wait(setup.faults.meanLife))
        }
        for change in setup.changes {
            plan(change.factor > 0 ? .factor(change.machine, change.factor) : .death(change.machine), at: change.time)
        }
        let moment = Moment(nanoseconds: 0)
        // All that is there at the start is there before the first task.
        while let first = agenda.first, first.time == 0, case .join = first.event { step() }
        decide { $0.jobAdded(JobEntry(id: JobID("film")), now: moment) }
        let ceiling = 1000 * setup.fluidSeconds + 10_000
        while !isCompleted, now < ceiling, !agenda.isEmpty { step() }
        return result()
    }

    // MARK: Time

    private mutating func step() {
        guard let next = agenda.popFirst() else { return }
        now = next.time
        happen(next.event)
    }

    mutating func plan(_ event: Event, at time: Double) {
        guard time < .infinity else { return }
        lastNumber += 1
        agenda.insert(Appointment(time: time, number: lastNumber, event: event))
    }

    var moment: Moment { Moment(nanoseconds: Int64((now * 1e9).rounded())) }

    private mutating func happen(_ event: Event) {
        switch event {
        case .join(let index): join(index)
        case .heartbeat(let index):
            guard hosts[index].isThere else { return }
            let (id, leases, moment) = (hosts[index].profile.id, Array(hosts[index].runs), moment)
            decide { $0.heartbeat(id, holding: leases, now: moment) }
            plan(.heartbeat(index), at: now + 5)
        case .report(let lease): report(lease)
        case .end(let lease, let plan): if runs[lease]?.plan == plan { end(lease) }
        case .factor(let index, let factor): change(index, to: factor)
        case .death(let index): die(index)
        case .brokenConnection(let index):
            let (id, moment) = (hosts[index].profile.id, moment)
            decide { $0.workerSuspected(id, now: moment) }
        case .wake:
            guard let asked = wakeAt, asked <= now else { return }
            wakeAt = nil
            let moment = moment
            decide { $0.ticked(now: moment) }
        }
    }

    // MARK: Machines

    private mutating func join(_ index: Int) {
        guard !hosts[index].isThere else { return }
        hosts[index].isThere = true
        hosts[index].factor = 1
        noteSpeed()
        let (profile, moment) = (hosts[index].profile, moment)
        decide { $0.workerRegistered(profile, now: moment) }
        plan(.heartbeat(index), at: now + 5 * chance.share())
    }

    private mutating func die(_ index: Int) {
        guard hosts[index].isThere else { return }
        hosts[index].isThere = false
        for lease in hosts[index].runs { discard(lease) }
        hosts[index].fetching = [:]
        noteSpeed()
        guard setup.faults.meanLife < .infinity else { return }
        // Half of them fall silent without a word.
        if chance.share() < 0.5 { plan(.brokenConnection(index), at: now + 0.05) }
        let back = now + chance.wait(600)
        plan(.join(index), at: back)
        plan(.death(index), at: back + chance.wait(setup.faults.meanLife))
    }

    /// A machine becomes slower or faster, and its tasks with it.
    private mutating func change(_ index: Int, to factor: Double) {
        if hosts[index].isThere {
            for lease in hosts[index].runs { advance(lease) }
            hosts[index].factor = factor
            for lease in hosts[index].runs { planEnd(lease) }
            noteSpeed()
        }
        guard setup.faults.meanPeace < .infinity else { return }
        let isPeace = factor >= 1
        plan(.factor(index, isPeace ? 0.2 : 1), at: now + chance.wait(isPeace ? setup.faults.meanPeace : 600))
    }

    private mutating func noteSpeed() {
        let speed = hosts.indices.reduce(0.0) { sum, index in
            hosts[index].isThere
                ? sum + hosts[index].factor * setup.machines[index].speed * Double(setup.machines[index].slots) : sum
        }
        speeds.append((now, speed))
    }

    // MARK: Attempts

    mutating func begin(_ lease: LeaseToken) {
        guard let index = Int(lease.worker.text.dropFirst()), let piece = positions[lease.task] else { return }
        guard hosts[index].isThere else { return }
        let transfer = setup.pieces[piece].megabytes / setup.machines[index].link
        let fetched = hosts[index].fetching.removeValue(forKey: lease.task).map { now - $0 } ?? 0
        let begins = now + max(transfer - fetched, 0)
        var run = Run(lease: lease, piece: piece, machine: index, begins: begins, touched: begins)
        if chance.share() < setup.faults.failureRate { run.failsAt = effort(of: piece) * chance.share() }
        runs[lease] = run
        hosts[index].runs.insert(lease)
        planEnd(lease)
        plan(.report(lease), at: begins + setup.reportInterval)
    }

    func effort(of piece: Int) -> Double { setup.pieces[piece].cost + setup.startCost }

    private func speed(of machine: Int) -> Double { hosts[machine].factor * setup.machines[machine].speed }

    /// Brings what is done up to now.
    mutating func advance(_ lease: LeaseToken) {
        guard let run = runs[lease] else { return }
        let done = run.done + max(now - run.touched, 0) * speed(of: run.machine)
        runs[lease]?.done = done
        runs[lease]?.touched = max(now, run.touched)
    }

    private mutating func planEnd(_ lease: LeaseToken) {
        guard var run = runs[lease] else { return }
        run.plan += 1
        runs[lease] = run
        let left = min(effort(of: run.piece), run.failsAt) - run.done
        plan(.end(lease, plan: run.plan), at: run.touched + max(left, 0) / speed(of: run.machine))
    }

    private mutating func report(_ lease: LeaseToken) {
        guard runs[lease] != nil else { return }
        advance(lease)
        guard let run = runs[lease] else { return }
        let share = max(run.done - setup.startCost, 0) / setup.pieces[run.piece].cost
        let (frames, moment) = (Int(Double(Self.frames) * min(share, 1)), moment)
        decide { $0.taskProgressed(lease, frames: frames, outputMicroseconds: nil, now: moment) }
        plan(.report(lease), at: now + setup.reportInterval)
    }

    private mutating func end(_ lease: LeaseToken) {
        advance(lease)
        guard let run = runs.removeValue(forKey: lease) else { return }
        hosts[run.machine].runs.remove(lease)
        let isGood = run.failsAt >= effort(of: run.piece)
        let result: AttemptResult =
            isGood
            ? .completed(
                Artifact(
                    task: lease.task, fileName: "\(lease.task)", size: ByteCount(1), digest: "", count: Self.frames,
                    payload: ByteCount(1)))
            : .failed(AttemptFailure(code: "simulation.failed", message: "it was to fail", isRetryable: true))
        if !isGood { wasted += run.done }
        var generator = jitter
        let moment = moment
        let actions = decide { $0.taskFinished(lease, result: result, now: moment, using: &generator) }
        jitter = generator
        guard isGood else { return }
        if actions.contains(where: { $0.refusedLease == lease }) {
            wasted += run.done
        } else {
            accepted[run.piece] += 1
        }
    }

    /// Ends an attempt that nobody wants, or whose machine is gone.
    mutating func discard(_ lease: LeaseToken) {
        advance(lease)
        guard let run = runs.removeValue(forKey: lease) else { return }
        hosts[run.machine].runs.remove(lease)
        wasted += run.done
    }

    // MARK: Decisions

    @discardableResult
    private mutating func decide(
        _ event: (inout SchedulerMachine) -> [SchedulingAction]
    ) -> [SchedulingAction] {
        let begun = clock()
        let actions = event(&scheduler)
        decisionTimes.append(clock() - begun)
        decisions += 1
        for action in actions { perform(action) }
        return actions
    }

    private mutating func perform(_ action: SchedulingAction) {
        switch action {
        case .assign(let lease, _): begin(lease)
        case .stop(let lease): discard(lease)
        case .refuse(let lease, _): discard(lease)
        case .wake(let wanted):
            wakeAt = Double(wanted.nanoseconds) / 1e9
            plan(.wake, at: max(Double(wanted.nanoseconds) / 1e9, now))
        case .prefetch(let worker, _, let task):
            if let index = Int(worker.text.dropFirst()) { hosts[index].fetching[task] = now }
        case .planNextStage(let job):
            let (tasks, moment) = (positions.isEmpty ? specifications() : [], moment)
            decide { $0.tasksPlanned(tasks, of: job, now: moment) }
        case .assemble: isCompleted = true
        case .persistJob(_, .failed, _): isCompleted = false
        case .insertTasks, .persistTasks, .persistJob, .recordAttempt, .resumeAttempt, .emit, .drop, .replan: break
        }
    }

    // MARK: What there is

    private static let frames = 240

    private mutating func specifications() -> [TaskSpecification] {
        setup.pieces.enumerated().map { index, piece in
            let number = String(index)
            let id = TaskID("piece-" + String(repeating: "0", count: max(6 - number.count, 0)) + number)
            positions[id] = index
            return TaskSpecification(
                id: id, kind: .encode(segment: index), command: FFmpegCommand([]),
                expectation: .frameCount(Self.frames),
                encoder: piece.needsHardware ? "hevc_nvenc" : "libx264", fileExtension: "mkv", cost: piece.estimate,
                memory: ByteCount(1))
        }
    }

    private static func profile(of machine: SimulationSetup.Machine, _ index: Int) -> WorkerProfile {
        WorkerProfile(
            id: WorkerID("w\(index)"), slots: machine.slots, memory: ByteCount(1 << 40), buildDigest: "",
            encoders: machine.hasHardware ? ["libx264", "hevc_nvenc"] : ["libx264"], speed: machine.benchmark)
    }

    private func result() -> SimulationResult {
        let effort = setup.pieces.indices.reduce(0) { $0 + self.effort(of: $1) }
        let sorted = decisionTimes.sorted()
        return SimulationResult(
            makespan: now, fluid: fluid(effort), waste: wasted / effort, wastedEffort: wasted,
            totals: scheduler.totals, decisions: decisions,
            decisionSeconds: Double(decisionTimes.reduce(0, +)) / 1e9,
            slowDecision: Double(sorted.isEmpty ? 0 : sorted[sorted.count * 99 / 100]) / 1e9, accepted: accepted,
            isCompleted: isCompleted)
    }

    /// The time in which the machines, as fast as they were, could have done the effort at best.
    private func fluid(_ effort: Double) -> Double {
        var left = effort
        for (index, span) in speeds.enumerated() {
            let until = index + 1 < speeds.count ? speeds[index + 1].time : .infinity
            if span.speed * (until - span.time) >= left { return span.time + left / span.speed }
            left -= span.speed * max(until - span.time, 0)
        }
        return .infinity
    }
}
