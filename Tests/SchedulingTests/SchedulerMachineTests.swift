// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletModel
import MartletScheduling
import MartletTestKit
import Testing

@Suite struct SchedulerMachineTests {
    let j = JobID("j")
    let w1 = WorkerID("w1")

    private func lease(_ task: String, _ epoch: Int, _ worker: String, job: String = "j") -> LeaseToken {
        LeaseToken(job: JobID(job), task: TaskID(task), epoch: Epoch(epoch), worker: WorkerID(worker))
    }

    /// The leases that are given out by these actions.
    private func assigned(_ actions: [SchedulingAction]) -> [LeaseToken] {
        actions.compactMap { if case .assign(let lease, _) = $0 { lease } else { nil } }
    }

    /// A scheduler with one job of these tasks, and no worker.
    private func scheduler(
        _ tasks: [TaskSpecification], configuration: SchedulingConfiguration = SchedulingConfiguration()
    ) -> SchedulerMachine {
        var scheduler = SchedulerMachine(configuration: configuration)
        _ = scheduler.jobAdded(JobEntry(id: j), now: at(0))
        _ = scheduler.tasksPlanned(tasks, of: j, now: at(0))
        return scheduler
    }

    @Test func oneJobOnOneWorkerFromStartToEnd() {
        var scheduler = SchedulerMachine()
        var generator = SplitMix64(seed: 1)
        let task = TaskSpecification.sample("a")
        #expect(
            scheduler.workerRegistered(.sample("w1"), now: at(0)) == [
                .emit(.workerRegistered(w1)), .emit(.workerStateChanged(w1, .idle)), .wake(at: at(30)),
            ])
        #expect(scheduler.jobAdded(JobEntry(id: j), now: at(1)) == [.planNextStage(j)])
        #expect(
            scheduler.tasksPlanned([task], of: j, now: at(2)) == [
                .insertTasks([TaskRecord(job: j, specification: task, state: .queued)]),
                .persistTasks([TaskRecord(job: j, specification: task, state: .running, epoch: 1, holder: w1)]),
                .persistJob(j, .processing, failure: nil),
                .emit(.jobStateChanged(j, .processing)),
                .recordAttempt(lease("a", 1, "w1"), started: at(2), result: nil),
                .emit(.taskStarted(j, TaskID("a"), w1, attempt: 1)),
                .assign(lease("a", 1, "w1"), task),
                .emit(.workerStateChanged(w1, .processing)),
            ])
        #expect(scheduler.heartbeat(w1, holding: [lease("a", 1, "w1")], now: at(15)) == [])
        let result = AttemptResult.completed(.sample(TaskID("a")))
        var done = TaskRecord(job: j, specification: task, state: .completed, epoch: 1)
        done.artifact = .sample(TaskID("a"))
        #expect(
            scheduler.taskFinished(lease("a", 1, "w1"), result: result, now: at(20), using: &generator) == [
                .persistTasks([done]),
                .recordAttempt(lease("a", 1, "w1"), started: at(2), result: result),
                .emit(.taskCompleted(j, TaskID("a"), frames: 250, reused: false)),
                .emit(.progress(j, .encoding, fraction: 0.95, framesPerSecond: 0, remainingSeconds: nil)),
                .planNextStage(j),
                .emit(.workerStateChanged(w1, .idle)),
            ])
        #expect(
            scheduler.tasksPlanned([], of: j, now: at(21)) == [
                .persistJob(j, .combining, failure: nil), .emit(.jobStateChanged(j, .combining)), .assemble(j),
            ])
        #expect(
            scheduler.assembled(j, now: at(22)) == [
                .persistJob(j, .completed, failure: nil), .emit(.jobStateChanged(j, .completed)),
                .emit(.jobCompleted(j)),
            ])
        #expect(scheduler.jobs.isEmpty)
        #expect(scheduler.assembled(j, now: at(23)) == [.drop(j, nil)])
    }

    @Test func keptJobReusesItsResults() {
        var scheduler = SchedulerMachine()
        _ = scheduler.workerRegistered(.sample("w1"), now: at(0))
        var done = TaskRecord(job: j, specification: .sample("a"), state: .completed, epoch: 3)
        done.artifact = .sample(TaskID("a"))
        let running = TaskRecord(job: j, specification: .sample("b"), state: .running, epoch: 5)
        let actions = scheduler.jobAdded(
            JobEntry(id: j, state: .processing), tasks: [done, running], now: at(1))
        var queued = running
        queued.state = .queued
        #expect(
            actions.prefix(2) == [
                .persistTasks([queued]), .emit(.taskCompleted(j, TaskID("a"), frames: 250, reused: true)),
            ])
        #expect(assigned(actions) == [lease("b", 6, "w1")])
        #expect(
            scheduler.taskProgressed(lease("b", 5, "w1"), frames: 1, outputMicroseconds: nil, now: at(2))
                == [.refuse(lease("b", 5, "w1"), .staleEpoch)])
    }

    @Test func failedJobThatIsAddedAgainBeginsANewTry() {
        var scheduler = SchedulerMachine()
        var failed = TaskRecord(job: j, specification: .sample("a"), state: .failed, epoch: 3, failures: 3)
        let actions = scheduler.jobAdded(JobEntry(id: j, state: .failed), tasks: [failed], now: at(0))
        failed.state = .queued
        failed.failures = 0
        #expect(
            actions.prefix(3) == [
                .persistTasks([failed]), .persistJob(j, .queued, failure: nil), .emit(.jobStateChanged(j, .queued)),
            ])
    }

    @Test func jobThatIsKnownOrDoneIsNotAddedAgain() {
        var scheduler = scheduler([.sample("a")])
        let before = scheduler
        #expect(scheduler.jobAdded(JobEntry(id: j), now: at(1)) == [.drop(j, .waitingForWorkers)])
        #expect(
            scheduler.jobAdded(JobEntry(id: JobID("old"), state: .completed), now: at(1))
                == [.drop(JobID("old"), .completed)])
        #expect(scheduler == before)
    }

    @Test func jobWaitsForAWorkerThatCanRunIt() {
        var scheduler = SchedulerMachine()
        _ = scheduler.workerRegistered(.sample("w1", encoders: ["libx264"]), now: at(0))
        _ = scheduler.jobAdded(JobEntry(id: j), now: at(0))
        #expect(
            scheduler.tasksPlanned([.sample("a", encoder: "libsvtav1")], of: j, now: at(0)).suffix(2)
                == [.persistJob(j, .waitingForWorkers, failure: nil), .emit(.jobStateChanged(j, .waitingForWorkers))])
        let actions = scheduler.workerRegistered(.sample("w2", encoders: ["libsvtav1"]), now: at(1))
        #expect(assigned(actions) == [lease("a", 1, "w2")])
        #expect(scheduler.jobs[j]?.jobState == .processing)
    }

    @Test func jobWhoseOnlyWorkerIsLostWaitsForAnotherAndGoesOn() {
        var scheduler = scheduler([.sample("a"), .sample("b")])
        let waiting: [SchedulingAction] = [
            .persistJob(j, .waitingForWorkers, failure: nil), .emit(.jobStateChanged(j, .waitingForWorkers)),
        ]
        _ = scheduler.workerRegistered(.sample("w1"), now: at(0))
        #expect(scheduler.jobs[j]?.jobState == .processing)
        #expect(scheduler.workerSuspected(w1, now: at(5)).allSatisfy { !waiting.contains($0) })
        // Its lease held until now, for it might have come back.
        let lost = scheduler.ticked(now: at(6))
        #expect(waiting.allSatisfy(lost.contains))
        #expect(scheduler.jobs[j]?.jobState == .waitingForWorkers)
        let other = scheduler.workerRegistered(.sample("w2"), now: at(7))
        #expect(assigned(other) == [lease("a", 2, "w2")])
        #expect(other.contains(.emit(.jobStateChanged(j, .processing))))
    }

    @Test func jobWaitsForWorkersWhenTheLastTaskOfADrainingOneEnds() {
        var scheduler = scheduler([.sample("a"), .sample("b")])
        var generator = SplitMix64(seed: 1)
        _ = scheduler.workerRegistered(.sample("w1"), now: at(0))
        _ = scheduler.workerDrained(w1, now: at(1))
        #expect(scheduler.jobs[j]?.jobState == .processing)
        _ = scheduler.taskFinished(
            lease("a", 1, "w1"), result: .completed(.sample(TaskID("a"))), now: at(2), using: &generator)
        #expect(scheduler.jobs[j]?.jobState == .waitingForWorkers)
        #expect(assigned(scheduler.workerUndrained(w1, now: at(3))) == [lease("b", 1, "w1")])
        #expect(scheduler.jobs[j]?.jobState == .processing)
    }

    @Test func jobWhoseWorkerIsBusyWithAnotherJobDoesNotWaitForWorkersAnyMore() {
        var scheduler = scheduler([.sample("a")])
        let other = JobID("other")
        _ = scheduler.workerRegistered(.sample("w1"), now: at(0))
        _ = scheduler.jobAdded(JobEntry(id: other, priority: .low), now: at(0))
        _ = scheduler.tasksPlanned([.sample("a")], of: other, now: at(0))
        #expect(scheduler.jobs[other]?.jobState == .queued)
        _ = scheduler.workerLost(w1, now: at(1))
        #expect(scheduler.jobs.values.map(\.jobState) == [.waitingForWorkers, .waitingForWorkers])
        _ = scheduler.workerRegistered(.sample("w1"), now: at(2))
        #expect(scheduler.jobs[j]?.jobState == .processing)
        #expect(scheduler.jobs[other]?.jobState == .queued)
    }

    @Test func jobThatIsLeftToItsWorkerAfterARestartDoesNotWaitForOthers() {
        var (scheduler, _) = restarted()
        #expect(scheduler.jobs[j]?.jobState == .processing)
        _ = scheduler.ticked(now: at(15))
        #expect(scheduler.jobs[j]?.jobState == .waitingForWorkers)
    }

    @Test func schedulerThatStopsGivesNothingOutAndCallsNoJobOneThatWaits() {
        var scheduler = scheduler([.sample("a"), .sample("b")])
        var generator = SplitMix64(seed: 1)
        _ = scheduler.workerRegistered(.sample("w1"), now: at(0))
        _ = scheduler.stopping(now: at(1))
        let back = scheduler.taskFinished(lease("a", 1, "w1"), result: .interrupted, now: at(1), using: &generator)
        #expect(assigned(back) == [])
        _ = scheduler.workerLost(w1, now: at(1))
        #expect(scheduler.jobs[j]?.jobState == .processing)
    }

    /// Without copies, so that tests about other things are not disturbed by them.
    private var plain: SchedulingConfiguration {
        var configuration = SchedulingConfiguration()
        configuration.copies.maximumAttempts = 1
        return configuration
    }

    @Test func taskOfAWorkerThatIsSilentForLongIsCopiedBeforeItsLeaseEnds() {
        var scheduler = scheduler([.sample("a")])
        var generator = SplitMix64(seed: 1)
        _ = scheduler.workerRegistered(.sample("w1"), now: at(0))
        _ = scheduler.workerRegistered(.sample("w2"), now: at(0))
        #expect(assigned(scheduler.heartbeat(WorkerID("w2"), holding: [], now: at(14))) == [])
        #expect(assigned(scheduler.ticked(now: at(16))) == [lease("a", 2, "w2")])
        let done = AttemptResult.completed(.sample(TaskID("a")))
        let actions = scheduler.taskFinished(lease("a", 2, "w2"), result: done, now: at(17), using: &generator)
        #expect(actions.contains(.stop(lease("a", 1, "w1"))))
        #expect(scheduler.totals.copiesWon == 1)
        #expect(scheduler.totals.copiedSeconds == 17)
        #expect(scheduler.workers.values.allSatisfy { $0.leases.isEmpty })
    }

    @Test func silentWorkerLosesItsLeases() {
        var scheduler = scheduler([.sample("a")], configuration: plain)
        _ = scheduler.workerRegistered(.sample("w1"), now: at(0))
        _ = scheduler.workerRegistered(.sample("w2"), now: at(10))
        #expect(assigned(scheduler.ticked(now: at(29))) == [])
        let actions = scheduler.ticked(now: at(30))
        #expect(
            actions.prefix(5) == [
                .persistTasks([TaskRecord(job: j, specification: .sample("a"), state: .queued, epoch: 1)]),
                .recordAttempt(lease("a", 1, "w1"), started: at(0), result: .interrupted),
                .emit(.taskRetried(j, TaskID("a"), attempt: 2, reason: "worker w1 fell silent")),
                .emit(.workerStateChanged(w1, .disconnected)),
                .emit(.workerUnregistered(w1)),
            ])
        #expect(assigned(actions) == [lease("a", 2, "w2")])
        #expect(actions.last == .wake(at: at(40)))
        var generator = SplitMix64(seed: 1)
        let late = AttemptResult.completed(.sample(TaskID("a")))
        #expect(
            scheduler.taskFinished(lease("a", 1, "w1"), result: late, now: at(31), using: &generator)
                == [.refuse(lease("a", 1, "w1"), .staleEpoch)])
        #expect(
            scheduler.heartbeat(w1, holding: [lease("a", 1, "w1")], now: at(32))
                == [.refuse(lease("a", 1, "w1"), .unknown)])
    }

    @Test func leaseThatItsWorkerDoesNotNameEndsThoughTheWorkerLives() {
        var scheduler = scheduler([.sample("a")])
        _ = scheduler.workerRegistered(.sample("w1"), now: at(0))
        for second in [10.0, 20, 29] { #expect(scheduler.heartbeat(w1, holding: [], now: at(second)) == []) }
        #expect(assigned(scheduler.ticked(now: at(30))) == [lease("a", 2, "w1")])
        #expect(
            scheduler.heartbeat(w1, holding: [lease("a", 1, "w1"), lease("a", 2, "w9")], now: at(31)) == [
                .refuse(lease("a", 1, "w1"), .staleEpoch), .refuse(lease("a", 2, "w9"), .staleEpoch),
            ])
    }

    @Test func workerThatStartsAgainLosesWhatItHad() {
        var scheduler = scheduler([.sample("a")])
        _ = scheduler.workerRegistered(.sample("w1"), now: at(0))
        #expect(assigned(scheduler.workerRegistered(.sample("w1"), now: at(1))) == [lease("a", 2, "w1")])
        #expect(scheduler.workers[w1]?.leases.count == 1)
    }

    // MARK: Coming back

    @Test func workerThatComesBackWithItsLeasesKeepsThem() {
        var scheduler = scheduler([.sample("a"), .sample("b"), .sample("c")])
        _ = scheduler.workerRegistered(.sample("w1", slots: 2), now: at(0))
        let (a, b) = (lease("a", 1, "w1"), lease("b", 1, "w1"))
        // Its first connection may not have broken yet when the second comes.
        let actions = scheduler.workerRegistered(.sample("w1", slots: 2), holding: [a], now: at(1))
        #expect(assigned(actions) == [lease("b", 2, "w1")])
        #expect(actions.contains(.recordAttempt(b, started: at(0), result: .interrupted)))
        #expect(!actions.contains(.stop(a)))
        #expect(scheduler.workers[w1].map { Set($0.leases.keys) } == [a, lease("b", 2, "w1")])
        #expect(scheduler.jobs[j]?.tasks[TaskID("a")]?.tokens == [a])
    }

    @Test func brokenConnectionKeepsItsLeasesForAMoment() {
        var scheduler = scheduler([.sample("a"), .sample("b")])
        _ = scheduler.workerRegistered(.sample("w1"), now: at(0))
        let a = lease("a", 1, "w1")
        #expect(
            scheduler.workerSuspected(w1, now: at(5))
                == [.emit(.workerStateChanged(w1, .disconnected)), .wake(at: at(6))])
        #expect(scheduler.workerSuspected(w1, now: at(5.5)) == [])
        #expect(
            scheduler.workerRegistered(.sample("w1"), holding: [a], now: at(5.9)).prefix(2) == [
                .emit(.workerRegistered(w1)), .emit(.workerStateChanged(w1, .processing)),
            ])
        #expect(scheduler.ticked(now: at(6)).allSatisfy { if case .wake = $0 { true } else { false } })
        #expect(scheduler.workers[w1]?.leases.keys.map { $0 } == [a])
    }

    @Test func workOfAKilledWorkerMovesWithinASecondAndALateComerGetsItBackIfItIsFree() {
        var scheduler = scheduler([.sample("a"), .sample("b")], configuration: plain)
        _ = scheduler.workerRegistered(.sample("w1", slots: 2), now: at(0))
        let (a, b) = (lease("a", 1, "w1"), lease("b", 1, "w1"))
        _ = scheduler.workerRegistered(.sample("w2"), now: at(0))
        _ = scheduler.workerSuspected(w1, now: at(5))
        let moved = scheduler.ticked(now: at(6))
        #expect(assigned(moved) == [lease("a", 2, "w2")])
        #expect(moved.contains(.emit(.workerUnregistered(w1))))
        let back = scheduler.workerRegistered(.sample("w1", slots: 2), holding: [a, b], now: at(20))
        #expect(back.contains(.refuse(a, .alreadyHeld)))
        #expect(back.contains(.stop(a)))
        #expect(!back.contains(.stop(b)))
        #expect(back.contains(.resumeAttempt(b)))
        #expect(assigned(back) == [])
        #expect(scheduler.workers[w1]?.leases.keys.map { $0 } == [b])
        #expect(scheduler.jobs[j]?.tasks[TaskID("b")]?.interruptions == 0)
    }

    @Test func leasesOfUnknownJobsAreStoppedAndThoseOfOthersRefused() {
        var scheduler = scheduler([.sample("a")])
        let (foreign, gone) = (lease("a", 1, "w9"), lease("a", 1, "w1", job: "gone"))
        let actions = scheduler.workerRegistered(.sample("w1"), holding: [foreign, gone], now: at(0))
        for action in [
            SchedulingAction.refuse(foreign, .staleEpoch), .refuse(gone, .unknown), .stop(gone),
        ] {
            #expect(actions.contains(action))
        }
        #expect(!actions.contains(.stop(foreign)))
        #expect(assigned(actions) == [lease("a", 1, "w1")])
    }

    /// A scheduler that was started again, with a task `a` that `w1` was running under epoch 4.
    private func restarted() -> (scheduler: SchedulerMachine, actions: [SchedulingAction]) {
        var configuration = SchedulingConfiguration()
        configuration.returnGrace = .seconds(15)
        var scheduler = SchedulerMachine(configuration: configuration)
        let running = TaskRecord(job: j, specification: .sample("a"), state: .running, epoch: 4, holder: w1)
        let actions = scheduler.jobAdded(JobEntry(id: j, state: .processing), tasks: [running], now: at(0))
        return (scheduler, actions)
    }

    @Test func encodeGoesOnOverARestartOfTheCoordinator() {
        var (scheduler, actions) = restarted()
        #expect(actions == [.wake(at: at(15))])
        #expect(assigned(scheduler.workerRegistered(.sample("w2"), now: at(1))) == [])
        let a = lease("a", 4, "w1")
        let back = scheduler.workerRegistered(.sample("w1"), holding: [a], now: at(2))
        #expect(assigned(back) == [])
        #expect(!back.contains { if case .stop = $0 { true } else { false } })
        var generator = SplitMix64(seed: 1)
        let done = scheduler.taskFinished(a, result: .completed(.sample(TaskID("a"))), now: at(9), using: &generator)
        #expect(done.contains(.emit(.taskCompleted(j, TaskID("a"), frames: 250, reused: false))))
    }

    @Test func awaitedTaskIsGivenOutWhenItsWorkerComesWithoutItOrNotAtAll() {
        var (scheduler, _) = restarted()
        _ = scheduler.workerRegistered(.sample("w2"), now: at(1))
        var late = scheduler
        #expect(assigned(scheduler.workerRegistered(.sample("w1"), now: at(2))).map(\.task) == [TaskID("a")])
        #expect(assigned(late.ticked(now: at(14.9))) == [])
        #expect(assigned(late.ticked(now: at(15))) == [lease("a", 5, "w2")])
        let back = late.workerRegistered(.sample("w1"), holding: [lease("a", 4, "w1")], now: at(16))
        #expect(back.contains(.stop(lease("a", 4, "w1"))))
    }

    @Test func taskOfAWorkerThatCameBackWithoutItBeforeItsJobDidIsGivenOutAtOnce() {
        var configuration = SchedulingConfiguration()
        configuration.returnGrace = .seconds(15)
        var scheduler = SchedulerMachine(configuration: configuration)
        _ = scheduler.workerRegistered(.sample("w1"), now: at(0))
        let tasks = ["a", "b"].map {
            TaskRecord(
                job: j, specification: .sample($0), state: .running, epoch: 4, holder: $0 == "a" ? w1 : WorkerID("w2"))
        }
        let actions = scheduler.jobAdded(JobEntry(id: j, state: .processing), tasks: tasks, now: at(1))
        #expect(assigned(actions) == [lease("a", 5, "w1")])
        #expect(scheduler.jobs[j]?.tasks[TaskID("b")]?.isHeld(under: lease("b", 4, "w2")) == true)
    }

    @Test func jobWhoseTurnHasNotComeBeginsWithTheTaskThatIsBroughtBack() {
        var configuration = SchedulingConfiguration()
        configuration.returnGrace = .seconds(15)
        configuration.maximumConcurrentJobs = 1
        var scheduler = SchedulerMachine(configuration: configuration)
        _ = scheduler.jobAdded(JobEntry(id: JobID("other")), now: at(0))
        let running = TaskRecord(job: j, specification: .sample("a"), state: .running, epoch: 4, holder: w1)
        _ = scheduler.jobAdded(JobEntry(id: j, state: .processing), tasks: [running], now: at(0))
        #expect(scheduler.jobs[j]?.state == .queued)
        _ = scheduler.workerRegistered(.sample("w1"), holding: [lease("a", 4, "w1")], now: at(1))
        #expect(scheduler.jobs[j]?.state == .processing)
    }

    // MARK: Who takes work

    @Test func busyOwnerGetsNothingNewAndKeepsWhatRuns() {
        var scheduler = scheduler(TaskSpecification.samples(3))
        var generator = SplitMix64(seed: 1)
        _ = scheduler.workerRegistered(.sample("w1"), now: at(0))
        let first = lease("video-0000", 1, "w1")
        var load = WorkerLoad(processors: 0.9, memory: .mebibytes(1), takesTasks: false)
        #expect(scheduler.heartbeat(w1, holding: [first], load: load, now: at(1)) == [])
        let done = AttemptResult.completed(.sample(TaskID("video-0000")))
        #expect(assigned(scheduler.taskFinished(first, result: done, now: at(2), using: &generator)) == [])
        #expect(scheduler.jobs[j]?.jobState == .processing)
        // A heartbeat without a word about load changes nothing.
        #expect(assigned(scheduler.heartbeat(w1, holding: [], now: at(3))) == [])
        load.takesTasks = true
        #expect(assigned(scheduler.heartbeat(w1, holding: [], load: load, now: at(4))).count == 1)
    }

    @Test func drainedWorkerWorksAgainWhenToldAndAReconnectIsNoSuchOrder() {
        var scheduler = scheduler(TaskSpecification.samples(2))
        _ = scheduler.workerRegistered(.sample("w1", slots: 1), now: at(0))
        _ = scheduler.workerDrained(w1, now: at(1))
        let held = lease("video-0000", 1, "w1")
        #expect(assigned(scheduler.workerRegistered(.sample("w1", slots: 2), holding: [held], now: at(2))) == [])
        #expect(assigned(scheduler.workerUndrained(w1, now: at(3))) == [lease("video-0001", 1, "w1")])
        #expect(scheduler.workerUndrained(w1, now: at(4)) == [])
    }

    @Test func workerThatIsTakenOutIsToldToStop() {
        var scheduler = scheduler(TaskSpecification.samples(2))
        _ = scheduler.workerRegistered(.sample("w1", slots: 2), now: at(0))
        let actions = scheduler.workerRemoved(w1, now: at(1))
        #expect(actions.contains(.stop(lease("video-0000", 1, "w1"))))
        #expect(actions.contains(.stop(lease("video-0001", 1, "w1"))))
        #expect(scheduler.jobs[j]?.ready.count == 2)
        #expect(scheduler.workers.isEmpty)
    }

    @Test func afterItsTimeAWorkerIsTriedWithOneTaskAtATime() {
        var configuration = SchedulingConfiguration()
        configuration.quarantineAfterFailures = 1
        configuration.retry.maximumAttempts = 9
        configuration.copies.maximumAttempts = 1
        configuration.retry.jitter = 0
        var scheduler = scheduler(TaskSpecification.samples(9), configuration: configuration)
        var generator = SplitMix64(seed: 1)
        _ = scheduler.workerRegistered(.sample("w1", slots: 3), now: at(0))
        _ = scheduler.workerRegistered(.sample("w2"), now: at(0))
        func finish(_ lease: LeaseToken, _ result: AttemptResult, _ seconds: Double) -> [LeaseToken] {
            assigned(scheduler.taskFinished(lease, result: result, now: at(seconds), using: &generator))
        }
        func held() -> [LeaseToken] { scheduler.workers[w1]?.leases.keys.sorted { $0.task < $1.task } ?? [] }
        let broken = AttemptResult.failed(AttemptFailure(code: "c", message: "m", isRetryable: true))
        for lease in held() { _ = finish(lease, broken, 1) }
        #expect(held().isEmpty)
        let ends = scheduler.workers[w1]?.quarantinedUntil ?? at(0)
        _ = scheduler.heartbeat(w1, holding: [], now: at(25))
        for second in stride(from: 30.0, through: 260, by: 10) {
            _ = scheduler.heartbeat(w1, holding: held(), now: at(second))
            _ = scheduler.heartbeat(
                WorkerID("w2"), holding: scheduler.workers[WorkerID("w2")]?.leases.keys.map { $0 } ?? [],
                now: at(second))
            _ = scheduler.ticked(now: at(second))
            #expect(held().count == (at(second) < ends ? 0 : 1))
        }
        let probe = held()
        let next = finish(probe[0], .completed(.sample(probe[0].task)), 261)
        #expect(next.count == 3)
        #expect(scheduler.health(of: w1, now: at(261)) == .healthy)
    }

    // MARK: Urgency and space

    @Test func urgencyCanChangeUntilTheNextTask() {
        var scheduler = scheduler(TaskSpecification.samples(2))
        let other = JobID("other")
        _ = scheduler.jobAdded(JobEntry(id: other), now: at(0))
        _ = scheduler.tasksPlanned([.sample("x")], of: other, now: at(0))
        #expect(scheduler.jobPriorityChanged(other, to: .critical, now: at(1)) == [])
        #expect(assigned(scheduler.workerRegistered(.sample("w1"), now: at(2))).map(\.job) == [other])
        #expect(scheduler.jobPriorityChanged(JobID("no"), to: .low, now: at(3)) == [.drop(JobID("no"), nil)])
    }

    @Test func queuedJobThatBecomesUrgentBegins() {
        var configuration = SchedulingConfiguration()
        configuration.maximumConcurrentJobs = 1
        var scheduler = SchedulerMachine(configuration: configuration)
        _ = scheduler.jobAdded(JobEntry(id: JobID("first")), now: at(0))
        #expect(scheduler.jobAdded(JobEntry(id: j), now: at(0)) == [])
        #expect(scheduler.jobPriorityChanged(j, to: .high, now: at(1)) == [.planNextStage(j)])
    }

    @Test func noTaskBeginsWhileSpaceIsShortAndEachJobSaysSoOnce() {
        var scheduler = scheduler(TaskSpecification.samples(3))
        var generator = SplitMix64(seed: 1)
        _ = scheduler.workerRegistered(.sample("w1"), now: at(0))
        let first = lease("video-0000", 1, "w1")
        func warnings(_ actions: [SchedulingAction]) -> [String] {
            actions.compactMap { if case .emit(.warning(j, let text)) = $0 { text } else { nil } }
        }
        #expect(warnings(scheduler.spaceChanged(isShort: true, now: at(1))).count == 1)
        #expect(scheduler.spaceChanged(isShort: true, now: at(1)) == [])
        let done = AttemptResult.completed(.sample(TaskID("video-0000")))
        let actions = scheduler.taskFinished(first, result: done, now: at(2), using: &generator)
        #expect(actions.contains(.emit(.taskCompleted(j, TaskID("video-0000"), frames: 250, reused: false))))
        #expect(assigned(actions) == [])
        #expect(warnings(actions) == [])
        #expect(scheduler.jobs[j]?.jobState == .processing)
        let resumed = scheduler.spaceChanged(isShort: false, now: at(3))
        #expect(warnings(resumed).count == 1)
        #expect(assigned(resumed) == [lease("video-0001", 1, "w1")])
    }

    @Test func retriedJobHasAllItsAttemptsAnew() {
        var scheduler = SchedulerMachine()
        let records = [
            TaskRecord(job: j, specification: .sample("a"), state: .failed, epoch: 3, failures: 3),
            TaskRecord(job: j, specification: .sample("b"), state: .cancelled, epoch: 2, failures: 2),
        ]
        _ = scheduler.jobAdded(JobEntry(id: j, state: .failed), tasks: records, now: at(0))
        #expect(scheduler.jobs[j]?.tasks.values.map(\.failures) == [0, 0])
        #expect(
            assigned(scheduler.workerRegistered(.sample("w1", slots: 2), now: at(1)))
                == [lease("a", 4, "w1"), lease("b", 3, "w1")])
    }

    @Test func leavingWorkerGivesItsTasksBack() {
        var scheduler = scheduler(TaskSpecification.samples(3))
        _ = scheduler.workerRegistered(.sample("w1", slots: 2), now: at(0))
        let actions = scheduler.workerLost(w1, now: at(5))
        #expect(scheduler.jobs[j]?.ready.count == 3)
        #expect(actions.contains(.emit(.workerUnregistered(w1))))
        #expect(scheduler.workerLost(w1, now: at(6)) == [])
    }

    @Test func drainingWorkerEndsItsTasksAndGetsNoMore() {
        var scheduler = scheduler(TaskSpecification.samples(2))
        var generator = SplitMix64(seed: 1)
        _ = scheduler.workerRegistered(.sample("w1"), now: at(0))
        #expect(scheduler.workerDrained(w1, now: at(1)) == [.emit(.workerStateChanged(w1, .draining))])
        let result = AttemptResult.completed(.sample(TaskID("video-0000")))
        let actions = scheduler.taskFinished(
            lease("video-0000", 1, "w1"), result: result, now: at(2), using: &generator)
        #expect(actions.contains(.emit(.taskCompleted(j, TaskID("video-0000"), frames: 250, reused: false))))
        #expect(assigned(actions) == [])
    }

    @Test func failedTaskWaitsForItsDelayWithOneTimer() {
        var configuration = SchedulingConfiguration()
        configuration.retry.jitter = 0
        var scheduler = scheduler([.sample("a")], configuration: configuration)
        var generator = SplitMix64(seed: 1)
        _ = scheduler.workerRegistered(.sample("w1"), now: at(0))
        let broken = AttemptResult.failed(AttemptFailure(code: "c", message: "it broke", log: "", isRetryable: true))
        let failed = scheduler.taskFinished(lease("a", 1, "w1"), result: broken, now: at(2), using: &generator)
        #expect(failed.contains(.emit(.taskRetried(j, TaskID("a"), attempt: 2, reason: "it broke"))))
        #expect(failed.last == .wake(at: at(7)))
        #expect(assigned(failed) == [])
        let ticked = scheduler.ticked(now: at(7))
        #expect(assigned(ticked) == [lease("a", 2, "w1")])
        // The worker was last heard of at 2, so its silence would begin to count at 32.
        #expect(ticked.last == .wake(at: at(32)))
    }

    @Test func doubtfulWorkerGetsWorkOnlyWhileNoOtherIsThere() {
        var configuration = SchedulingConfiguration()
        configuration.quarantineAfterFailures = 1
        configuration.retry.delay = .seconds(0)
        var scheduler = scheduler([.sample("a"), .sample("b"), .sample("c")], configuration: configuration)
        var generator = SplitMix64(seed: 1)
        _ = scheduler.workerRegistered(.sample("w1"), now: at(0))
        let broken = AttemptResult.failed(AttemptFailure(code: "c", message: "it broke", log: "", isRetryable: true))
        let alone = scheduler.taskFinished(lease("a", 1, "w1"), result: broken, now: at(1), using: &generator)
        #expect(assigned(alone) == [lease("b", 1, "w1")])
        #expect(scheduler.health(of: w1, now: at(1)) == .unhealthy)
        _ = scheduler.workerRegistered(.sample("w2"), now: at(2))
        let done = AttemptResult.failed(AttemptFailure(code: "c", message: "it broke", log: "", isRetryable: true))
        let other = scheduler.taskFinished(lease("b", 1, "w1"), result: done, now: at(3), using: &generator)
        #expect(assigned(other) == [])
        #expect(scheduler.workers[w1]?.leases.isEmpty == true)
    }

    @Test func onlySoManyJobsAtOnceTheMostUrgentFirst() {
        var configuration = SchedulingConfiguration()
        configuration.maximumConcurrentJobs = 1
        var scheduler = SchedulerMachine(configuration: configuration)
        #expect(scheduler.jobAdded(JobEntry(id: JobID("first")), now: at(0)) == [.planNextStage(JobID("first"))])
        #expect(scheduler.jobAdded(JobEntry(id: JobID("second")), now: at(0)) == [])
        #expect(scheduler.jobAdded(JobEntry(id: JobID("third")), now: at(0)) == [])
        // Less urgent jobs do not hold it up, and it holds up those.
        let urgent = JobEntry(id: JobID("urgent"), priority: .high)
        #expect(scheduler.jobAdded(urgent, now: at(0)) == [.planNextStage(urgent.id)])
        let next = JobEntry(id: JobID("next"), priority: .high)
        #expect(scheduler.jobAdded(next, now: at(0)) == [])
        #expect(!scheduler.jobCancelled(JobID("first"), now: at(1)).contains(.planNextStage(JobID("second"))))
        #expect(
            scheduler.planningFailed(urgent.id, code: "c", message: "m", now: at(2)).last == .planNextStage(next.id))
        #expect(
            scheduler.planningFailed(next.id, code: "c", message: "m", now: at(2)).last
                == .planNextStage(JobID("second")))
        #expect(
            scheduler.jobCancelled(JobID("third"), now: at(3)).contains(
                .persistJob(JobID("third"), .cancelled, failure: nil)))
    }

    @Test func lowJobBeginsHoweverManyUrgentOnesCome() {
        var configuration = SchedulingConfiguration()
        configuration.maximumConcurrentJobs = 1
        var scheduler = SchedulerMachine(configuration: configuration)
        let urgent = (0..<40).map { JobID("urgent\($0)") }
        _ = scheduler.jobAdded(JobEntry(id: urgent[0], priority: .high), now: at(0))
        _ = scheduler.jobAdded(JobEntry(id: j, priority: .low), now: at(0))
        var begun: [JobID] = []
        for number in 1..<40 {
            _ = scheduler.jobAdded(JobEntry(id: urgent[number], priority: .high), now: at(0))
            let actions = scheduler.jobCancelled(urgent[number - 1], now: at(0))
            begun += actions.compactMap { if case .planNextStage(let job) = $0 { job } else { nil } }
            if begun.contains(j) { break }
        }
        // Nine urgent ones, it, and the tenth, which it does not hold up.
        #expect(begun == Array(urgent[1...9]) + [j, urgent[10]])
    }

    @Test func inputOfTheNextTaskIsFetchedWhenTheCurrentOneIsNearlyDone() {
        var configuration = SchedulingConfiguration()
        configuration.prefetches = true
        var scheduler = scheduler(TaskSpecification.samples(3, cost: 100), configuration: configuration)
        _ = scheduler.workerRegistered(.sample("w1"), now: at(0))
        let held = lease("video-0000", 1, "w1")
        func hints(_ frames: Int, at seconds: Double) -> [SchedulingAction] {
            scheduler.taskProgressed(held, frames: frames, outputMicroseconds: nil, now: at(seconds)).filter {
                if case .prefetch = $0 { true } else { false }
            }
        }
        // 2.5 frames a second of 250: done after 100 s.
        for second in stride(from: 2.0, through: 94, by: 4) {
            #expect(hints(Int(second * 2.5), at: second) == [])
        }
        #expect(hints(246, at: 98) == [.prefetch(w1, j, TaskID("video-0001"))])
        #expect(hints(248, at: 99) == [])
    }

    @Test func cancelledJobStopsItsWorkersAfterItIsKept() {
        var scheduler = scheduler(TaskSpecification.samples(3))
        _ = scheduler.workerRegistered(.sample("w1", slots: 2), now: at(0))
        let (one, two) = (lease("video-0000", 1, "w1"), lease("video-0001", 1, "w1"))
        let records = TaskSpecification.samples(3).enumerated().map { index, task in
            TaskRecord(job: j, specification: task, state: .cancelled, epoch: index < 2 ? 1 : 0)
        }
        #expect(
            scheduler.jobCancelled(j, now: at(5)) == [
                .persistTasks(records),
                .recordAttempt(one, started: at(0), result: .interrupted),
                .recordAttempt(two, started: at(0), result: .interrupted),
                .persistJob(j, .cancelled, failure: nil),
                .emit(.jobStateChanged(j, .cancelled)),
                .stop(one), .stop(two),
                .emit(.workerStateChanged(w1, .idle)),
            ])
        #expect(scheduler.jobCancelled(j, now: at(6)) == [.drop(j, nil)])
        #expect(scheduler.tasksPlanned([.sample("late")], of: j, now: at(6)) == [.drop(j, nil)])
    }
}
