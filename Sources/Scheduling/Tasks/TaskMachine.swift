// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletModel

/// The life of one task: its attempts, one after the other, until a result is accepted.
///
/// ```
/// pending --inputs complete--> queued --leased--> running --result--> completed
///                                ^  ^               |  |
///                                |  +--interrupted--+  +--failed-----> retrying --wait over--> queued
///                                +-----------------------------------------+      or failed
/// ```
/// Every state that is not final can be cancelled.
package struct TaskMachine: Equatable, Sendable {
    /// Where the task stands.
    package enum State: Equatable, Sendable {
        /// It waits for results of other tasks.
        case pending
        /// It can be given to a worker.
        case queued
        /// A worker has had it since then.
        case running(since: Moment)
        /// It failed, and waits until then.
        case retrying(until: Moment)
        /// The result is there.
        case completed(Artifact)
        /// It will not be tried again.
        case failed
        /// Nobody wants it any more.
        case cancelled
    }

    /// What follows from an event.
    package enum Action: Equatable, Sendable {
        /// Tell the worker to run it.
        case start(LeaseToken)
        /// It can be given to a worker.
        case queue
        /// The attempt under this lease, begun then, made the result.
        case complete(LeaseToken, started: Moment, Artifact)
        /// The attempt failed; the next one may begin at `at`.
        case retry(LeaseToken, started: Moment, at: Moment, reason: String)
        /// The attempt is over without result or blame, and the task can be given out again.
        case requeue(LeaseToken, started: Moment, reason: String)
        /// The attempt failed, and no other follows.
        case fail(LeaseToken, started: Moment, code: String, message: String)
        /// The worker's attempt is no longer wanted.
        case stop(LeaseToken, started: Moment)
        /// The message comes from a lease that does not hold.
        case refuse(LeaseRefusal)
        /// The state changed, and nothing else is to be done.
        case changed
        /// Nothing.
        case none
    }

    /// The job it belongs to.
    package let job: JobID
    /// What is to be done.
    package let specification: TaskSpecification
    /// Where it stands.
    package private(set) var state: State
    /// The right to run it.
    package private(set) var lease: LeaseMachine
    /// How many attempts failed.
    package private(set) var failures: Int
    /// How many attempts came back unfinished.
    package private(set) var interruptions = 0
    /// The workers on which an attempt failed.
    package private(set) var failedOn: Set<WorkerID> = []
    /// What was wrong with the result of the latest attempt; `nil` when it had none, or failed otherwise.
    private var wrongResult: String?

    /// Makes the machine of a new task, or of one that was kept.
    ///
    /// A completed task stays completed. One that failed or was cancelled
    /// begins again with all its attempts; any other goes on with the failures
    /// it had. The epoch never goes back.
    package init(_ record: TaskRecord) {
        job = record.job
        specification = record.specification
        switch (record.state, record.artifact) {
        case (.completed, let artifact?):
            state = .completed(artifact)
            lease = LeaseMachine(finishedUnder: record.epoch)
            failures = record.failures
        case (.failed, _), (.cancelled, _), (.completed, nil):
            state = .pending
            lease = LeaseMachine(latest: record.epoch)
            failures = 0
        case (.pending, _), (.queued, _), (.running, _), (.retrying, _):
            state = .pending
            lease = LeaseMachine(latest: record.epoch)
            failures = record.failures
        }
    }

    /// The task's name.
    package var id: TaskID { specification.id }

    /// The state's public name.
    package var taskState: TaskState {
        switch state {
        case .pending: .pending
        case .queued: .queued
        case .running: .running
        case .retrying: .retrying
        case .completed: .completed
        case .failed: .failed
        case .cancelled: .cancelled
        }
    }

    /// The result; `nil` until completed.
    package var artifact: Artifact? {
        if case .completed(let artifact) = state { artifact } else { nil }
    }

    /// The live lease; `nil` while nobody runs the task.
    package var token: LeaseToken? {
        guard case .held(let worker, let epoch, _) = lease.state else { return nil }
        return LeaseToken(job: job, task: id, epoch: epoch, worker: worker)
    }

    /// When something happens without an event: the lease ends, or the wait is over; `nil` for never.
    package var deadline: Moment? {
        switch state {
        case .running:
            if case .held(_, _, let until) = lease.state { until } else { nil }
        case .retrying(let until): until
        case .pending, .queued, .completed, .failed, .cancelled: nil
        }
    }

    /// The task as it is to be kept.
    package var record: TaskRecord {
        TaskRecord(
            job: job, specification: specification, state: taskState, epoch: lease.latestEpoch, failures: failures,
            artifact: artifact)
    }

    /// All results that it reads are there.
    package mutating func inputsCompleted() -> Action {
        switch state {
        case .pending:
            state = .queued
            return .queue
        case .queued, .running, .retrying, .completed, .failed, .cancelled: return .none
        }
    }

    /// The task is given to a worker for `duration`.
    package mutating func leased(to worker: WorkerID, now: Moment, duration: Duration) -> Action {
        switch state {
        case .queued:
            switch lease.requested(by: worker, now: now, duration: duration) {
            case .grant(let epoch, _):
                state = .running(since: now)
                return .start(LeaseToken(job: job, task: id, epoch: epoch, worker: worker))
            case .refuse(let refusal): return .refuse(refusal)
            case .extend, .requeue, .accept, .none:
                preconditionFailure("a request for a lease is granted or refused")
            }
        case .running: return .refuse(.alreadyHeld)
        case .completed: return .refuse(.finished)
        case .pending, .retrying, .failed, .cancelled: return .refuse(.notReady)
        }
    }

    /// The holder is alive.
    package mutating func renewed(_ token: LeaseToken, now: Moment, duration: Duration) -> Action {
        switch lease.renewed(by: token.worker, epoch: token.epoch, now: now, duration: duration) {
        case .extend: return .changed
        case .refuse(let refusal): return .refuse(refusal)
        case .grant, .requeue, .accept, .none:
            preconditionFailure("a lease is extended or its renewal refused")
        }
    }

    /// The holder says how its attempt ended.
    ///
    /// - Parameter generator: draws the jitter of the wait before the next attempt.
    package mutating func finished(
        _ token: LeaseToken, result: AttemptResult, now: Moment, policy: RetryPolicy,
        using generator: inout some RandomNumberGenerator
    ) -> Action {
        if let refusal = lease.refusal(of: token.worker, epoch: token.epoch) { return .refuse(refusal) }
        guard case .running(let started) = state else { return .refuse(.staleEpoch) }
        switch result {
        case .completed(let artifact):
            _ = lease.finished(by: token.worker, epoch: token.epoch)
            state = .completed(artifact)
            return .complete(token, started: started, artifact)
        case .interrupted:
            _ = lease.released(by: token.worker, epoch: token.epoch)
            return interrupted(token, started: started, policy: policy, reason: "the worker gave it back")
        case .failed(let failure):
            _ = lease.released(by: token.worker, epoch: token.epoch)
            failures += 1
            failedOn.insert(token.worker)
            // What comes out wrong in the same way twice will do so again.
            let wrong = failure.exitStatus == .verificationFailed ? failure.message : nil
            let isSettled = wrong != nil && wrong == wrongResult
            wrongResult = wrong
            guard failure.isRetryable, !isSettled, failures < policy.maximumAttempts else {
                state = .failed
                return .fail(token, started: started, code: failure.code, message: failure.message)
            }
            let until = now + policy.wait(afterFailures: failures, using: &generator)
            state = .retrying(until: until)
            return .retry(token, started: started, at: until, reason: failure.message)
        }
    }

    /// Time has passed: an unrenewed lease is over, or the wait before the next attempt is.
    package mutating func ticked(now: Moment, policy: RetryPolicy) -> Action {
        switch state {
        case .running(let started):
            guard let token, lease.ticked(now: now) != .none else { return .none }
            return interrupted(token, started: started, policy: policy, reason: "worker \(token.worker) fell silent")
        case .retrying(let until) where now >= until:
            state = .queued
            return .queue
        case .retrying, .pending, .queued, .completed, .failed, .cancelled: return .none
        }
    }

    /// The worker that runs it is gone.
    package mutating func workerLost(policy: RetryPolicy, reason: String) -> Action {
        guard case .running(let started) = state, let token else { return .none }
        _ = lease.revoked()
        return interrupted(token, started: started, policy: policy, reason: reason)
    }

    /// Nobody wants the result any more.
    package mutating func cancelled() -> Action {
        switch state {
        case .running(let started):
            guard let token else { preconditionFailure("a running task has a lease") }
            _ = lease.revoked()
            state = .cancelled
            return .stop(token, started: started)
        case .pending, .queued, .retrying:
            state = .cancelled
            return .changed
        case .completed, .failed, .cancelled: return .none
        }
    }

    private mutating func interrupted(
        _ token: LeaseToken, started: Moment, policy: RetryPolicy, reason: String
    ) -> Action {
        interruptions += 1
        guard interruptions < policy.maximumInterruptions else {
            state = .failed
            return .fail(
                token, started: started, code: "scheduling.interrupted",
                message: "task \(id) came back unfinished \(interruptions) times; the last time, \(reason)")
        }
        state = .queued
        return .requeue(token, started: started, reason: reason)
    }
}
