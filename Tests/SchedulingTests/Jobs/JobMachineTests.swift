// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletModel
import MartletScheduling
import MartletTestKit
import Testing

@Suite struct JobMachineTests {
    let id = JobID("j")

    private func machine(_ state: JobState = .queued, _ tasks: [TaskRecord] = []) -> JobMachine {
        JobMachine(JobEntry(id: id, state: state), tasks: tasks, configuration: SchedulingConfiguration(), now: at(0))
    }

    private func record(
        _ task: TaskSpecification, _ state: TaskState, epoch: Int = 0, holder: String? = nil
    ) -> TaskRecord {
        TaskRecord(
            job: id, specification: task, state: state, epoch: epoch,
            artifact: state == .completed ? .sample(task.id) : nil, holder: holder.map { WorkerID($0) })
    }

    /// What is told and kept when the state's public name changes.
    private func moved(to state: JobState, failure: String? = nil) -> [SchedulingAction] {
        [.persistJob(id, state, failure: failure), .emit(.jobStateChanged(id, state))]
    }

    /// Runs a task to its end; the actions of the end.
    private func complete(_ job: inout JobMachine, _ task: String, at seconds: Double) -> [SchedulingAction] {
        var generator = SplitMix64(seed: 1)
        let worker = WorkerID("w")
        _ = job.taskPlaced(TaskID(task), on: worker, now: at(seconds))
        let lease = LeaseToken(
            job: id, task: TaskID(task), epoch: Epoch(job.tasks[TaskID(task)]?.record.epoch ?? 0), worker: worker)
        return job.taskFinished(
            lease, result: .completed(.sample(TaskID(task))), now: at(seconds + 1), using: &generator)
    }

    @Test func goesThroughItsStagesAndEnds() {
        var job = machine()
        let first = TaskSpecification.sample("a", cost: 1)
        let second = TaskSpecification.sample("b", cost: 3, inputs: ["a"])
        #expect(job.begun() == [.planNextStage(id)])
        #expect(job.jobState == .queued)
        #expect(
            job.tasksPlanned([first, second])
                == [.insertTasks([record(first, .queued), record(second, .pending)])])
        #expect(job.ready.tasks.map(\.id) == [TaskID("a")])

        let worker = WorkerID("w")
        let lease = LeaseToken(job: id, task: TaskID("a"), epoch: Epoch(1), worker: worker)
        #expect(
            job.taskPlaced(TaskID("a"), on: worker, now: at(10))
                == [.persistTasks([record(first, .running, epoch: 1, holder: "w")])] + moved(to: .processing) + [
                    .recordAttempt(lease, started: at(10), result: nil),
                    .emit(.taskStarted(id, TaskID("a"), worker, attempt: 1)),
                    .assign(lease, first),
                ])

        var generator = SplitMix64(seed: 1)
        let result = AttemptResult.completed(.sample(TaskID("a")))
        #expect(
            job.taskFinished(lease, result: result, now: at(12), using: &generator) == [
                .persistTasks([record(first, .completed, epoch: 1), record(second, .queued)]),
                .recordAttempt(lease, started: at(10), result: result),
                .emit(.taskCompleted(id, TaskID("a"), frames: 250, reused: false)),
                .emit(.progress(id, .encoding, fraction: 0.2375, framesPerSecond: 0, remainingSeconds: nil)),
            ])
        #expect(complete(&job, "b", at: 20).last == .planNextStage(id))
        #expect(job.jobState == .processing)

        let third = TaskSpecification.sample("c")
        #expect(job.tasksPlanned([third]) == [.insertTasks([record(third, .queued)])])
        #expect(complete(&job, "c", at: 30).last == .planNextStage(id))
        #expect(job.tasksPlanned([]) == moved(to: .combining) + [.assemble(id)])
        #expect(job.assembled() == moved(to: .completed) + [.emit(.jobCompleted(id))])
    }

    @Test func jobWithoutTasksIsOnlyJoined() {
        var job = machine()
        _ = job.begun()
        #expect(job.tasksPlanned([]) == moved(to: .combining) + [.assemble(id)])
    }

    @Test func failureOfATaskEndsTheJobAndStopsTheOthers() {
        var job = machine()
        let tasks = ["a", "b", "c"].map { TaskSpecification.sample($0) }
        _ = job.begun()
        _ = job.tasksPlanned(tasks)
        let leases = ["a", "b"].map { task in
            _ = job.taskPlaced(TaskID(task), on: WorkerID("w"), now: at(1))
            return LeaseToken(job: id, task: TaskID(task), epoch: Epoch(1), worker: WorkerID("w"))
        }
        var generator = SplitMix64(seed: 1)
        let result = AttemptResult.failed(
            AttemptFailure(code: "disk.full", message: "no space", log: "log", isRetryable: false))
        var failed = record(tasks[0], .failed, epoch: 1)
        failed.failures = 1
        #expect(
            job.taskFinished(leases[0], result: result, now: at(2), using: &generator) == [
                .persistTasks([failed]),
                .recordAttempt(leases[0], started: at(1), result: result),
                .emit(.taskFailed(id, TaskID("a"), message: "no space")),
                .persistTasks([record(tasks[1], .cancelled, epoch: 1), record(tasks[2], .cancelled)]),
                .recordAttempt(leases[1], started: at(1), result: .interrupted),
                .persistJob(id, .failed, failure: "disk.full: task a: no space"),
                .emit(.jobStateChanged(id, .failed)),
                .emit(.jobFailed(id, code: "disk.full", message: "task a: no space")),
                .stop(leases[1]),
            ])
        let late = AttemptResult.completed(.sample(TaskID("b")))
        #expect(
            job.taskFinished(leases[1], result: late, now: at(3), using: &generator)
                == [.refuse(leases[1], .staleEpoch)])
    }

    @Test func keptJobGoesOnWithWhatIsMissing() {
        let (done, lost) = (TaskSpecification.sample("a"), TaskSpecification.sample("b", inputs: ["a"]))
        var job = machine(.processing, [record(done, .completed, epoch: 2), record(lost, .running, epoch: 3)])
        #expect(job.progress.fraction == 0.475)
        #expect(job.begun() == [])
        #expect(job.jobState == .processing)
        #expect(job.ready.tasks.map(\.id) == [TaskID("b")])
        let placed = job.taskPlaced(TaskID("b"), on: WorkerID("w"), now: at(0))
        let lease = LeaseToken(job: id, task: TaskID("b"), epoch: Epoch(4), worker: WorkerID("w"))
        #expect(placed.last == .assign(lease, lost))
    }

    @Test func keptJobWithAllResultsAsksWhatIsNext() {
        let done = record(.sample("a"), .completed, epoch: 2)
        var processing = machine(.processing, [done])
        #expect(processing.begun() == [.planNextStage(id)])
        var combining = machine(.combining, [done])
        #expect(combining.begun() == [.assemble(id)])
        var damaged = machine(.combining, [done, record(.sample("b"), .queued, epoch: 1)])
        #expect(damaged.begun() == moved(to: .processing))
    }

    @Test func keptJobThatWaitedForWorkersIsQueuedAgain() {
        var job = machine(.waitingForWorkers, [record(.sample("a"), .queued)])
        #expect(job.begun() == moved(to: .queued))
    }

    @Test func jobWhoseTasksAreAllGivenBackWaitsForWorkersAndIsProcessedAgain() {
        var job = machine()
        _ = job.begun()
        _ = job.tasksPlanned([.sample("a", encoder: "libx264"), .sample("b", encoder: "aac")])
        #expect(job.encodersWanted == ["libx264", "aac"])
        for task in ["a", "b"] { _ = job.taskPlaced(TaskID(task), on: WorkerID(task), now: at(0)) }
        _ = job.workerLost(WorkerID("a"), TaskID("a"), reason: "gone", now: at(1))
        // One still runs, and what it makes counts.
        #expect(job.encodersWanted == [])
        #expect(job.workersMissing() == [])
        _ = job.workerLost(WorkerID("b"), TaskID("b"), reason: "gone", now: at(1))
        #expect(job.encodersWanted == ["libx264", "aac"])
        #expect(job.workersMissing() == moved(to: .waitingForWorkers))
        #expect(job.hasOffer)
        var found = job
        #expect(found.workersFound() == moved(to: .processing))
        let placed = job.taskPlaced(TaskID("a"), on: WorkerID("c"), now: at(2))
        #expect(placed.contains(.emit(.jobStateChanged(id, .processing))))
    }

    @Test func taskThatWaitsForItsNextAttemptIsReckonedAmongWhatIsWanted() {
        var job = machine()
        _ = job.begun()
        _ = job.tasksPlanned([.sample("a", encoder: "libx264")])
        _ = job.taskPlaced(TaskID("a"), on: WorkerID("w"), now: at(0))
        var generator = SplitMix64(seed: 1)
        let lease = LeaseToken(job: id, task: TaskID("a"), epoch: Epoch(1), worker: WorkerID("w"))
        let failure = AttemptFailure(code: "c", message: "m", log: "", isRetryable: true)
        _ = job.taskFinished(lease, result: .failed(failure), now: at(1), using: &generator)
        #expect(job.ready.isEmpty)
        #expect(job.encodersWanted == ["libx264"])
    }

    @Test func tasksThatCanNeverRunFailTheJob() {
        for tasks in [
            [TaskSpecification.sample("a"), .sample("b", inputs: ["missing"])],
            [.sample("a"), .sample("b", inputs: ["c"]), .sample("c", inputs: ["b"])],
        ] {
            var job = machine()
            _ = job.begun()
            #expect(
                job.tasksPlanned(tasks).contains { action in
                    if case .emit(.jobFailed(_, "scheduling.unreachable_task", _)) = action { true } else { false }
                })
            #expect(job.jobState == .failed)
        }
    }

    @Test func inputNamedTwiceIsWaitedForOnce() {
        var job = machine()
        _ = job.begun()
        _ = job.tasksPlanned([.sample("a"), .sample("b", inputs: ["a", "a"])])
        _ = complete(&job, "a", at: 0)
        #expect(job.ready.tasks.map(\.id) == [TaskID("b")])
    }

    @Test func longestTasksAreReadyFirst() {
        var job = machine()
        _ = job.begun()
        let costs = [3.0, 9, 1, 9, 4]
        _ = job.tasksPlanned(costs.enumerated().map { .sample("t\($0.offset)", cost: $0.element) })
        #expect(job.ready.tasks.map(\.id.text) == ["t1", "t3", "t4", "t0", "t2"])
    }

    @Test func progressCountsFramesOfRunningTasksByCost() {
        var job = machine()
        _ = job.begun()
        var sound = TaskSpecification.sample("s", cost: 2)
        sound.kind = .audio(stream: 1)
        sound.expectation = .sound(durationMicroseconds: 10_000_000)
        _ = job.tasksPlanned([.sample("a", frames: 100, cost: 6), sound])
        for task in ["a", "s"] { _ = job.taskPlaced(TaskID(task), on: WorkerID("w"), now: at(0)) }
        let picture = LeaseToken(job: id, task: TaskID("a"), epoch: Epoch(1), worker: WorkerID("w"))
        let tone = LeaseToken(job: id, task: TaskID("s"), epoch: Epoch(1), worker: WorkerID("w"))
        #expect(
            job.taskProgressed(picture, frames: 0, outputMicroseconds: nil, now: at(0)) == [
                .emit(.taskProgress(id, TaskID("a"), frames: 0, of: 100)),
                .emit(.progress(id, .encoding, fraction: 0, framesPerSecond: 0, remainingSeconds: nil)),
            ])
        #expect(job.taskProgressed(tone, frames: nil, outputMicroseconds: 5_000_000, now: at(0.1)) == [])
        // 50 frames in 2 s; 3 + 1 of 8 done, so the other half takes as long; the join is 5 % of all.
        #expect(
            job.taskProgressed(picture, frames: 50, outputMicroseconds: nil, now: at(2)).last
                == .emit(.progress(id, .encoding, fraction: 0.475, framesPerSecond: 25, remainingSeconds: 2)))
        // The attempt is given back: its part is to be done again, and what was said stays.
        var generator = SplitMix64(seed: 1)
        _ = job.taskFinished(picture, result: .interrupted, now: at(3), using: &generator)
        #expect(job.progress.fraction == 0.475)
        #expect(job.progress.frames == 0)
    }

    @Test func progressOfAStaleLeaseIsRefused() {
        var job = machine()
        _ = job.begun()
        _ = job.tasksPlanned([.sample("a")])
        _ = job.taskPlaced(TaskID("a"), on: WorkerID("w"), now: at(0))
        let stale = LeaseToken(job: id, task: TaskID("a"), epoch: Epoch(0), worker: WorkerID("w"))
        #expect(
            job.taskProgressed(stale, frames: 5, outputMicroseconds: nil, now: at(1))
                == [.refuse(stale, .staleEpoch)])
        #expect(job.progress.frames == 0)
        let unknown = LeaseToken(job: id, task: TaskID("z"), epoch: Epoch(1), worker: WorkerID("w"))
        #expect(
            job.taskProgressed(unknown, frames: 5, outputMicroseconds: nil, now: at(1)) == [.refuse(unknown, .unknown)])
    }

    // MARK: Every state and every event

    enum StateName: CaseIterable {
        case queued, planning, ready, waiting, processing, planningNext, combining, completed, failed, cancelled
    }
    enum EventName: CaseIterable {
        case begun, planned, plannedNothing, planningFailed, workersMissing, workersFound, assembled, assemblyFailed,
            cancelled
    }

    private func job(in state: StateName) -> JobMachine {
        var job = machine()
        if state == .queued { return job }
        _ = job.begun()
        if state == .planning { return job }
        _ = job.tasksPlanned([.sample("a")])
        switch state {
        case .queued, .planning, .ready: break
        case .waiting: _ = job.workersMissing()
        case .processing: _ = job.taskPlaced(TaskID("a"), on: WorkerID("w"), now: at(0))
        case .planningNext: _ = complete(&job, "a", at: 0)
        case .combining:
            _ = complete(&job, "a", at: 0)
            _ = job.tasksPlanned([])
        case .completed:
            job = self.job(in: .combining)
            _ = job.assembled()
        case .failed:
            job = self.job(in: .combining)
            _ = job.assemblyFailed(code: "c", message: "m")
        case .cancelled: _ = job.cancelled()
        }
        return job
    }

    /// The state after the event; `nil` when it is not used.
    private func next(_ state: StateName, _ event: EventName) -> JobState? {
        switch (state, event) {
        case (.completed, _), (.failed, _), (.cancelled, _): nil
        case (_, .cancelled): .cancelled
        case (.queued, .begun): .queued
        case (.planning, .planned): .queued
        case (.planningNext, .planned): .processing
        case (.planning, .plannedNothing), (.planningNext, .plannedNothing): .combining
        case (.planning, .planningFailed), (.planningNext, .planningFailed): .failed
        case (.ready, .workersMissing): .waitingForWorkers
        case (.waiting, .workersFound): .queued
        case (.combining, .assembled): .completed
        case (.combining, .assemblyFailed): .failed
        default: nil
        }
    }

    @Test(arguments: StateName.allCases, EventName.allCases)
    func everyStateAnswersEveryEvent(_ state: StateName, _ event: EventName) {
        var job = job(in: state)
        let before = job
        let actions =
            switch event {
            case .begun: job.begun()
            case .planned: job.tasksPlanned([.sample("new")])
            case .plannedNothing: job.tasksPlanned([])
            case .planningFailed: job.planningFailed(code: "c", message: "m")
            case .workersMissing: job.workersMissing()
            case .workersFound: job.workersFound()
            case .assembled: job.assembled()
            case .assemblyFailed: job.assemblyFailed(code: "c", message: "m")
            case .cancelled: job.cancelled()
            }
        if let next = next(state, event) {
            #expect(job.jobState == next)
            #expect(job.state != before.state)
            #expect(!actions.contains { if case .drop = $0 { true } else { false } })
        } else {
            #expect(job == before)
            let isSilent = event == .workersMissing || event == .workersFound
            #expect(actions == (isSilent ? [] : [.drop(id, before.jobState)]))
        }
    }

    @Test func progressCountsWhatIsStillToBePlannedAndNeverFalls() {
        var machine = JobMachine(
            JobEntry(id: id, doneBefore: 0.2), tasks: [], configuration: SchedulingConfiguration(), now: at(0))
        var generator = SplitMix64(seed: 1)
        var fractions: [Double] = []
        func note(_ actions: [SchedulingAction]) {
            for case .emit(.progress(_, _, let fraction, _, _)) in actions { fractions.append(fraction) }
        }
        _ = machine.begun()
        let stages = [("a", 3.0), ("b", 1.0), ("c", 0.0)]
        for (number, stage) in stages.enumerated() {
            let (name, later) = stage
            note(machine.tasksPlanned([.sample(name, cost: 1)], laterCost: later))
            note(machine.taskPlaced(TaskID(name), on: WorkerID("w"), now: at(Double(number))))
            let lease = LeaseToken(job: id, task: TaskID(name), epoch: Epoch(1), worker: WorkerID("w"))
            note(
                machine.taskFinished(
                    lease, result: .completed(.sample(TaskID(name))), now: at(Double(number + 1)), using: &generator))
        }
        note(machine.tasksPlanned([]))
        note(machine.assemblyProgressed(.joining, share: 0.25, now: at(10)))
        note(machine.assemblyProgressed(.checking, share: 0.5, now: at(20)))
        note(machine.assemblyProgressed(.joining, share: 0.1, now: at(30)))
        note(machine.assemblyProgressed(.checking, share: 1, now: at(40)))
        #expect(fractions == fractions.sorted())
        // A quarter, two of three, and all tasks: of the 95 % of the rest of the job.
        let expected = [0.25, 2.0 / 3, 1].map { 0.2 + 0.8 * 0.95 * $0 } + [0.97, 0.98, 0.98, 1]
        #expect(fractions.count == expected.count)
        for (fraction, wanted) in zip(fractions, expected) { #expect(abs(fraction - wanted) < 1e-9, "\(fractions)") }
    }
}
