// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletModel
import MartletScheduling
import MartletTestKit
import Testing

@Suite struct TaskMachineTests {
    let job = JobID("j")
    let id = TaskID("a")
    let w1 = WorkerID("w1")
    let w2 = WorkerID("w2")
    let length = Duration.seconds(30)
    let policy: RetryPolicy = {
        var policy = RetryPolicy()
        policy.jitter = 0
        policy.maximumInterruptions = 3
        return policy
    }()
    let broken = AttemptResult.failed(
        AttemptFailure(code: "ffmpeg.failed", message: "it broke", log: "", isRetryable: true))

    private func machine(_ state: TaskState = .pending, epoch: Int = 0, failures: Int = 0) -> TaskMachine {
        TaskMachine(
            TaskRecord(
                job: job, specification: .sample("a"), state: state, epoch: epoch, failures: failures,
                artifact: state == .completed ? .sample(id) : nil))
    }

    private func token(_ epoch: Int, _ worker: WorkerID) -> LeaseToken {
        LeaseToken(job: job, task: id, epoch: Epoch(epoch), worker: worker)
    }

    @Test func failsTwiceAndThenSucceeds() {
        var task = machine()
        var generator = SplitMix64(seed: 1)
        #expect(task.inputsCompleted() == .queue)
        #expect(task.leased(to: w1, now: at(0), duration: length) == .start(token(1, w1)))
        #expect(
            task.finished(token(1, w1), result: broken, now: at(1), policy: policy, using: &generator)
                == [.retry(token(1, w1), started: at(0), at: at(6), reason: "it broke")])
        #expect(task.record.failures == 1)
        #expect(task.ticked(now: at(5.9), policy: policy) == [])
        #expect(task.ticked(now: at(6), policy: policy) == [.queue])
        #expect(task.leased(to: w2, now: at(7), duration: length) == .start(token(2, w2)))
        #expect(
            task.finished(token(2, w2), result: broken, now: at(8), policy: policy, using: &generator)
                == [.retry(token(2, w2), started: at(7), at: at(18), reason: "it broke")])
        #expect(task.ticked(now: at(18), policy: policy) == [.queue])
        #expect(task.leased(to: w1, now: at(18), duration: length) == .start(token(3, w1)))
        #expect(
            task.finished(
                token(3, w1), result: .completed(.sample(id)), now: at(19), policy: policy, using: &generator)
                == [.complete(token(3, w1), started: at(18), .sample(id))])
        #expect(task.failedOn == [w1, w2])
        #expect(
            task.record
                == TaskRecord(
                    job: job, specification: .sample("a"), state: .completed, epoch: 3, failures: 2,
                    artifact: .sample(id)))
    }

    @Test func thirdFailureIsTheLast() {
        var task = machine(failures: 2)
        var generator = SplitMix64(seed: 1)
        _ = task.inputsCompleted()
        _ = task.leased(to: w1, now: at(0), duration: length)
        #expect(
            task.finished(token(1, w1), result: broken, now: at(1), policy: policy, using: &generator)
                == [.fail(token(1, w1), started: at(0), code: "ffmpeg.failed", message: "it broke")])
        #expect(task.taskState == .failed)
    }

    @Test func hopelessFailureIsNotTriedAgain() {
        var task = machine()
        var generator = SplitMix64(seed: 1)
        _ = task.inputsCompleted()
        _ = task.leased(to: w1, now: at(0), duration: length)
        let full = AttemptResult.failed(
            AttemptFailure(code: "disk.full", message: "no space", log: "", isRetryable: false))
        #expect(
            task.finished(token(1, w1), result: full, now: at(1), policy: policy, using: &generator)
                == [.fail(token(1, w1), started: at(0), code: "disk.full", message: "no space")])
    }

    @Test(arguments: [("1 us", "1 us", true), ("1 us", "2 us", false)])
    func aResultThatIsWrongInTheSameWordsTwiceIsWrongForGood(first: String, second: String, isFinal: Bool) {
        var task = machine()
        var generator = SplitMix64(seed: 1)
        func wrong(_ length: String) -> AttemptResult {
            .failed(
                AttemptFailure(
                    code: "worker.unexpected_result", message: "the sound lasts \(length)", isRetryable: true,
                    exitStatus: .verificationFailed))
        }
        _ = task.inputsCompleted()
        _ = task.leased(to: w1, now: at(0), duration: length)
        _ = task.finished(token(1, w1), result: wrong(first), now: at(1), policy: policy, using: &generator)
        #expect(task.taskState == .retrying)
        _ = task.ticked(now: at(6), policy: policy)
        _ = task.leased(to: w2, now: at(7), duration: length)
        _ = task.finished(token(2, w2), result: wrong(second), now: at(8), policy: policy, using: &generator)
        #expect(task.taskState == (isFinal ? .failed : .retrying))
    }

    @Test func interruptionsQueueAtOnceWithoutBlameButNotForEver() {
        var task = machine()
        var generator = SplitMix64(seed: 1)
        _ = task.inputsCompleted()
        _ = task.leased(to: w1, now: at(0), duration: length)
        #expect(
            task.finished(token(1, w1), result: .interrupted, now: at(1), policy: policy, using: &generator)
                == [.requeue(token(1, w1), started: at(0), reason: "the worker gave it back")])
        #expect(task.taskState == .queued)
        _ = task.leased(to: w1, now: at(2), duration: length)
        #expect(
            task.ticked(now: at(32), policy: policy)
                == [.requeue(token(2, w1), started: at(2), reason: "worker w1 fell silent")])
        #expect(task.failures == 0)
        _ = task.leased(to: w1, now: at(40), duration: length)
        #expect(
            task.workerLost(w1, now: at(41), policy: policy, reason: "worker w1 left") == [
                .fail(
                    token(3, w1), started: at(40), code: "scheduling.interrupted",
                    message: "task a came back unfinished 3 times; the last time, worker w1 left")
            ])
    }

    @Test func resultOfAnExpiredLeaseIsRefused() {
        var task = machine()
        var generator = SplitMix64(seed: 1)
        _ = task.inputsCompleted()
        _ = task.leased(to: w1, now: at(0), duration: length)
        #expect(task.renewed(token(1, w1), now: at(20), duration: length) == .changed)
        #expect(task.ticked(now: at(30), policy: policy) == [])
        #expect(task.ticked(now: at(50), policy: policy).count == 1)
        let done = AttemptResult.completed(.sample(id))
        #expect(
            task.finished(token(1, w1), result: done, now: at(51), policy: policy, using: &generator)
                == [.refuse(.staleEpoch)])
        _ = task.leased(to: w2, now: at(52), duration: length)
        #expect(
            task.finished(token(1, w1), result: done, now: at(53), policy: policy, using: &generator)
                == [.refuse(.staleEpoch)])
        #expect(
            task.finished(token(2, w1), result: done, now: at(53), policy: policy, using: &generator)
                == [.refuse(.staleEpoch)])
        #expect(task.renewed(token(1, w1), now: at(53), duration: length) == .refuse(.staleEpoch))
        #expect(task.taskState == .running)
    }

    @Test(arguments: TaskState.allCases) func keptTaskGoesOnWhereItWas(_ state: TaskState) {
        let task = machine(state, epoch: 5, failures: 2)
        #expect(task.record.epoch == 5)
        switch state {
        case .completed:
            #expect(task.artifact == .sample(id))
            #expect(task.taskState == .completed)
        case .failed, .cancelled:
            #expect(task.failures == 0)
            #expect(task.taskState == .pending)
        case .pending, .queued, .running, .retrying:
            #expect(task.failures == 2)
            #expect(task.taskState == .pending)
        }
    }

    @Test func completedTaskWithoutItsArtifactBeginsAnew() {
        let record = TaskRecord(job: job, specification: .sample("a"), state: .completed, epoch: 5, failures: 1)
        let task = TaskMachine(record)
        #expect(task.taskState == .pending)
        #expect(task.record.epoch == 5)
    }

    enum EventName: CaseIterable {
        case inputs, lease, renew, succeed, fail, giveBack, tickEarly, tickLate, lose, cancel
    }

    private func taskIn(_ state: TaskState) -> TaskMachine {
        var task = machine()
        var generator = SplitMix64(seed: 1)
        switch state {
        case .pending: break
        case .queued: _ = task.inputsCompleted()
        case .running:
            task = taskIn(.queued)
            _ = task.leased(to: w1, now: at(0), duration: length)
        case .completed:
            task = taskIn(.running)
            _ = task.finished(
                token(1, w1), result: .completed(.sample(id)), now: at(1), policy: policy, using: &generator)
        case .retrying:
            task = taskIn(.running)
            _ = task.finished(token(1, w1), result: broken, now: at(1), policy: policy, using: &generator)
        case .failed:
            task = taskIn(.running)
            let result = AttemptResult.failed(AttemptFailure(code: "c", message: "m", log: "", isRetryable: false))
            _ = task.finished(token(1, w1), result: result, now: at(1), policy: policy, using: &generator)
        case .cancelled:
            task = taskIn(.queued)
            _ = task.cancelled()
        }
        return task
    }

    /// The state after the event; `nil` when nothing may change.
    private func next(_ state: TaskState, _ event: EventName) -> TaskState? {
        switch (state, event) {
        case (.pending, .inputs): .queued
        case (.queued, .lease): .running
        case (.running, .succeed): .completed
        case (.running, .fail): .retrying
        case (.running, .giveBack), (.running, .tickLate), (.running, .lose): .queued
        case (.retrying, .tickLate): .queued
        case (.pending, .cancel), (.queued, .cancel), (.running, .cancel), (.retrying, .cancel): .cancelled
        default: nil
        }
    }

    @Test(arguments: TaskState.allCases, EventName.allCases)
    func everyStateAnswersEveryEvent(_ state: TaskState, _ event: EventName) {
        var task = taskIn(state)
        #expect(task.taskState == state)
        let before = task
        var generator = SplitMix64(seed: 1)
        let now = at(2)
        let actions: [TaskMachine.Action] =
            switch event {
            case .inputs: task.inputsCompleted().map { [$0] } ?? []
            case .lease: [task.leased(to: w2, now: now, duration: length)]
            case .renew: [task.renewed(token(1, w1), now: now, duration: length)]
            case .succeed:
                task.finished(
                    token(1, w1), result: .completed(.sample(id)), now: now, policy: policy, using: &generator)
            case .fail: task.finished(token(1, w1), result: broken, now: now, policy: policy, using: &generator)
            case .giveBack:
                task.finished(token(1, w1), result: .interrupted, now: now, policy: policy, using: &generator)
            case .tickEarly: task.ticked(now: now, policy: policy)
            case .tickLate: task.ticked(now: at(100), policy: policy)
            case .lose: task.workerLost(w1, now: now, policy: policy, reason: "gone")
            case .cancel: task.cancelled() ?? []
            }
        if let next = next(state, event) {
            #expect(task.taskState == next)
        } else if state == .running, event == .renew {
            #expect(actions == [.changed])
            #expect(task.deadline == at(32))
        } else {
            // What comes from a lease that does not hold is refused, and nothing changes.
            #expect(task == before)
            switch event {
            case .lease, .renew, .succeed, .fail, .giveBack:
                if case .refuse = actions.first {} else { Issue.record("\(actions) instead of a refusal") }
            case .inputs, .tickEarly, .tickLate, .lose, .cancel: #expect(actions == [])
            }
        }
        #expect(task.tokens.isEmpty || task.taskState == .running)
        #expect(task.record.epoch >= before.record.epoch)
    }

    // MARK: What survives a restart or a broken connection

    private func awaited(_ worker: String = "w1") -> TaskMachine {
        let record = TaskRecord(
            job: job, specification: .sample("a"), state: .running, epoch: 5, failures: 1, holder: WorkerID(worker))
        return TaskMachine(record, awaitedUntil: at(15))
    }

    @Test func runningTaskIsLeftToItsHolderAfterARestart() {
        var task = awaited()
        #expect(task.taskState == .running)
        #expect(task.deadline == at(15))
        #expect(task.record.holder == w1)
        #expect(task.inputsCompleted() == nil)
        #expect(task.leased(to: w2, now: at(1), duration: length) == .refuse(.alreadyHeld))
        #expect(task.reclaimed(token(5, w2), now: at(1), duration: length) == .refuse(.alreadyHeld))
        #expect(task.reclaimed(token(4, w1), now: at(1), duration: length) == .refuse(.staleEpoch))
        #expect(task.reclaimed(token(5, w1), now: at(2), duration: length) == .start(token(5, w1)))
        #expect(task.tokens == [token(5, w1)])
        #expect(task.deadline == at(32))
        var generator = SplitMix64(seed: 1)
        let done = AttemptResult.completed(.sample(id))
        #expect(
            task.finished(token(5, w1), result: done, now: at(3), policy: policy, using: &generator)
                == [.complete(token(5, w1), started: at(2), .sample(id))])
        #expect(task.record.holder == nil)
    }

    @Test func taskThatNobodyBringsBackIsQueuedWithoutBlame() {
        var task = awaited()
        #expect(task.ticked(now: at(14.9), policy: policy) == [])
        #expect(
            task.ticked(now: at(15), policy: policy)
                == [.requeue(token(5, w1), started: at(15), reason: "worker w1 did not come back with it")])
        #expect(task.taskState == .queued)
        #expect(task.interruptions == 0)
        var early = awaited()
        #expect(early.workerLost(w2, now: at(1), policy: policy, reason: "gone") == [])
        #expect(early.workerLost(w1, now: at(1), policy: policy, reason: "gone").count == 1)
        #expect(early.leased(to: w2, now: at(2), duration: length) == .start(token(6, w2)))
        #expect(early.reclaimed(token(5, w1), now: at(3), duration: length) == .refuse(.alreadyHeld))
    }

    @Test func lostLeaseIsGivenBackOnlyWhileNobodyElseHasTheTask() {
        var task = taskIn(.running)
        _ = task.workerLost(w1, now: at(5), policy: policy, reason: "its connection broke")
        #expect(task.interruptions == 1)
        var taken = task
        #expect(task.reclaimed(token(1, w1), now: at(6), duration: length) == .start(token(1, w1)))
        #expect(task.interruptions == 0)
        _ = taken.leased(to: w2, now: at(6), duration: length)
        #expect(taken.reclaimed(token(1, w1), now: at(7), duration: length) == .refuse(.alreadyHeld))
        _ = taken.workerLost(w2, now: at(8), policy: policy, reason: "gone")
        #expect(taken.reclaimed(token(1, w1), now: at(9), duration: length) == .refuse(.staleEpoch))
        for state in [TaskState.completed, .failed, .cancelled, .retrying, .pending] {
            var other = taskIn(state)
            let before = other
            if case .refuse = other.reclaimed(token(1, w1), now: at(9), duration: length) {
            } else {
                Issue.record("\(state) is given back")
            }
            #expect(other == before)
        }
    }

    @Test func brokenConnectionsDoNotExhaustATask() {
        var task = taskIn(.running)
        var epoch = 1
        for round in 0..<20 {
            let now = Double(round * 100)
            let (worker, other) = round.isMultiple(of: 2) ? (w1, w2) : (w2, w1)
            if round % 3 == 0 {
                #expect(task.ticked(now: at(now + 90), policy: policy).count == 1)
            } else {
                #expect(task.workerLost(worker, now: at(now + 90), policy: policy, reason: "it broke").count == 1)
            }
            #expect(task.leased(to: other, now: at(now + 91), duration: length) == .start(token(epoch + 1, other)))
            // It is back, and has it still, when it joins or with the next sign of life.
            if round.isMultiple(of: 4) {
                #expect(
                    task.renewed(token(epoch, worker), now: at(now + 92), duration: length) == .refuse(.staleEpoch))
            } else {
                #expect(
                    task.reclaimed(token(epoch, worker), now: at(now + 92), duration: length)
                        == .refuse(.alreadyHeld))
            }
            epoch += 1
        }
        #expect(task.interruptions == 0)
        #expect(task.taskState == .running)
    }

    // MARK: Copies and failures on many workers

    @Test func firstResultOfTwoCopiesCountsAndTheOtherIsStopped() {
        for winner in [1, 2] {
            var task = taskIn(.running)
            var generator = SplitMix64(seed: 1)
            #expect(task.copied(to: w1, now: at(1), duration: length) == .refuse(.alreadyHeld))
            #expect(task.copied(to: w2, now: at(1), duration: length) == .start(token(2, w2)))
            #expect(task.record.holder == w2)
            let (first, other) =
                winner == 1 ? (token(1, w1), token(2, w2)) : (token(2, w2), token(1, w1))
            #expect(
                task.finished(first, result: .completed(.sample(id)), now: at(9), policy: policy, using: &generator)
                    == [
                        .complete(first, started: at(Double(winner - 1)), .sample(id)),
                        .stop(other, started: at(Double(2 - winner))),
                    ])
            #expect(
                task.finished(other, result: .completed(.sample(id)), now: at(9), policy: policy, using: &generator)
                    == [.refuse(.finished)])
            #expect(task.record.epoch == 2)
        }
    }

    @Test func oneAttemptsEndChangesNothingWhileAnotherLives() {
        var task = taskIn(.running)
        var generator = SplitMix64(seed: 1)
        _ = task.copied(to: w2, now: at(1), duration: length)
        #expect(
            task.finished(token(1, w1), result: broken, now: at(2), policy: policy, using: &generator)
                == [.goOn(token(1, w1), started: at(0))])
        #expect(task.failures == 1)
        #expect(task.taskState == .running)
        #expect(
            task.workerLost(w2, now: at(3), policy: policy, reason: "gone")
                == [.requeue(token(2, w2), started: at(1), reason: "gone")])
    }

    @Test func hopelessFailureOfOneCopyStopsTheOther() {
        var task = taskIn(.running)
        var generator = SplitMix64(seed: 1)
        _ = task.copied(to: w2, now: at(1), duration: length)
        let full = AttemptResult.failed(AttemptFailure(code: "c", message: "m", isRetryable: false))
        #expect(
            task.finished(token(1, w1), result: full, now: at(2), policy: policy, using: &generator) == [
                .fail(token(1, w1), started: at(0), code: "c", message: "m"), .stop(token(2, w2), started: at(1)),
            ])
    }

    @Test func sameFailureOnThreeWorkersIsTheTasksOwn() {
        var policy = RetryPolicy()
        policy.maximumAttempts = 9
        policy.jitter = 0
        /// Fails on these workers with these codes; the last step.
        func failing(_ attempts: [(String, String)]) -> TaskMachine.Action? {
            var task = taskIn(.queued)
            var generator = SplitMix64(seed: 1)
            var last: TaskMachine.Action?
            for (index, attempt) in attempts.enumerated() {
                let now = at(Double(index) * 1000)
                _ = task.ticked(now: now, policy: policy)
                _ = task.leased(to: WorkerID(attempt.0), now: now, duration: length)
                let failure = AttemptFailure(code: attempt.1, message: "\(attempt.1) broke", isRetryable: true)
                last =
                    task.finished(
                        token(index + 1, WorkerID(attempt.0)), result: .failed(failure), now: now, policy: policy,
                        using: &generator
                    ).first
            }
            return last
        }
        func isFailed(_ step: TaskMachine.Action?) -> Bool { if case .fail = step { true } else { false } }
        #expect(!isFailed(failing([("a", "x"), ("b", "x"), ("a", "x"), ("b", "x")])))
        #expect(!isFailed(failing([("a", "x"), ("b", "y"), ("c", "z")])))
        let last = failing([("a", "x"), ("b", "y"), ("c", "x"), ("d", "x")])
        #expect(
            last
                == .fail(
                    token(4, WorkerID("d")), started: at(3000), code: "x",
                    message:
                        "x broke (on worker a); y broke (on worker b); x broke (on worker c); x broke (on worker d)"))
    }
}
