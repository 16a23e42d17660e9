// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletModel

/// The life of one task: its attempts, until a result is accepted.
///
/// ```
/// pending --inputs complete--> queued --leased--> running --result--> completed
///                                ^  ^               |  |
///                                |  +--interrupted--+  +--failed-----> retrying --wait over--> queued
///                                |                                        or failed
///   awaited --not brought back---+       awaited, queued --brought back--> running
/// ```
/// Every state that is not final can be cancelled. While it runs, copies of it
/// may run on further workers; the first result counts, and the end of one
/// attempt without result changes nothing as long as another lives.
package struct TaskMachine: Equatable, Sendable {
    /// Where the task stands.
    package enum State: Equatable, Sendable {
        /// It waits for results of other tasks.
        case pending
        /// A worker had it when the coordinator stopped, and may still run it; it is not given out before then.
        case awaited(WorkerID, until: Moment)
        /// It can be given to a worker.
        case queued
        /// Somebody has a lease.
        case running
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
        /// The worker is to run it, or goes on with it.
        case start(LeaseToken)
        /// It can be given to a worker.
        case queue
        /// The attempt under this lease, begun then, made the result.
        case complete(LeaseToken, started: Moment, Artifact)
        /// The attempt failed; the next one may begin at `at`.
        case retry(LeaseToken, started: Moment, at: Moment, reason: String)
        /// The attempt is over without result or blame, and the task can be given out again.
        case requeue(LeaseToken, started: Moment, reason: String)
        /// The attempt is over without result, and another one still runs.
        case goOn(LeaseToken, started: Moment)
        /// The attempt failed, and no other follows.
        case fail(LeaseToken, started: Moment, code: String, message: String)
        /// The worker's attempt is no longer wanted.
        case stop(LeaseToken, started: Moment)
        /// The message comes from a lease that does not hold.
        case refuse(LeaseRefusal)
        /// The state changed, and nothing else is to be done.
        case changed
    }

    /// The job it belongs to.
    package let job: JobID
    /// What is to be done.
    package let specification: TaskSpecification
    /// Where it stands.
    package private(set) var state: State
    /// The rights to run it.
    package private(set) var lease: LeaseMachine
    /// How many attempts failed.
    package private(set) var failures: Int
    /// How many attempts came back unfinished.
    package private(set) var interruptions = 0
    /// The attempts among those whose worker was not heard any more, by epoch.
    private var unheard: [Int: WorkerID] = [:]
    /// The attempts that failed since the scheduler knows the task.
    package private(set) var failedAttempts: [FailedAttempt] = []

    /// Makes the machine of a new task, or of one that was kept.
    ///
    /// A completed task stays completed. One that failed or was cancelled
    /// begins again with all its attempts; any other goes on with the failures
    /// it had. The epoch never goes back.
    ///
    /// - Parameter awaitedUntil: how long a task that was running is left to
    ///   its worker, if that comes back; `nil` to give it out at once.
    package init(_ record: TaskRecord, awaitedUntil: Moment? = nil) {
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
            if record.state == .running, let holder = record.holder, let awaitedUntil {
                state = .awaited(holder, until: awaitedUntil)
            }
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
        case .running, .awaited: .running
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

    /// The workers on which an attempt failed.
    package var failedOn: Set<WorkerID> { Set(failedAttempts.map(\.worker)) }

    /// The live leases, oldest first.
    package var tokens: [LeaseToken] { lease.holders.map(token) }

    /// Whether this lease is live, or is the one that is awaited.
    package func isHeld(under token: LeaseToken) -> Bool {
        if case .awaited(token.worker, _) = state { return token.epoch.number == lease.latestEpoch }
        return lease.refusal(of: token.worker, epoch: token.epoch) == nil
    }

    /// When something happens without an event: a lease ends, or a wait is over; `nil` for never.
    package var deadline: Moment? {
        switch state {
        case .running: lease.holders.map(\.until).min()
        case .retrying(let until), .awaited(_, let until): until
        case .pending, .queued, .completed, .failed, .cancelled: nil
        }
    }

    /// The task as it is to be kept.
    package var record: TaskRecord {
        var holder = lease.holders.last { $0.epoch.number == lease.latestEpoch }?.worker
        if case .awaited(let worker, _) = state { holder = worker }
        return TaskRecord(
            job: job, specification: specification, state: taskState, epoch: lease.latestEpoch, failures: failures,
            artifact: artifact, holder: holder)
    }

    // MARK: Inputs

    /// All results that it reads are there.
    package mutating func inputsCompleted() -> Action? {
        switch state {
        case .pending:
            state = .queued
            return .queue
        case .queued, .awaited, .running, .retrying, .completed, .failed, .cancelled: return nil
        }
    }

    /// A result that it reads is gone, so nobody can go on with it.
    package mutating func inputsLost() {
        if case .awaited = state { state = .pending }
    }

    // MARK: Leases

    /// The task is given to a worker for `duration`.
    package mutating func leased(to worker: WorkerID, now: Moment, duration: Duration) -> Action {
        switch state {
        case .queued: granted(lease.requested(by: worker, now: now, duration: duration), worker)
        case .running, .awaited: .refuse(.alreadyHeld)
        case .completed: .refuse(.finished)
        case .pending, .retrying, .failed, .cancelled: .refuse(.notReady)
        }
    }

    /// A copy of the task, which runs already, is given to a worker for `duration`.
    package mutating func copied(to worker: WorkerID, now: Moment, duration: Duration) -> Action {
        switch state {
        case .running: granted(lease.requested(by: worker, isCopy: true, now: now, duration: duration), worker)
        case .completed: .refuse(.finished)
        case .pending, .queued, .awaited, .retrying, .failed, .cancelled: .refuse(.notReady)
        }
    }

    /// A worker still runs the task under its latest lease: it has it again
    /// when nobody else got it meanwhile.
    package mutating func reclaimed(_ token: LeaseToken, now: Moment, duration: Duration) -> Action {
        heardAgain(token)
        switch state {
        case .awaited(let worker, _) where worker != token.worker: return .refuse(.alreadyHeld)
        case .queued, .awaited:
            return granted(
                lease.reclaimed(by: token.worker, epoch: token.epoch, now: now, duration: duration), token.worker)
        case .running: return .refuse(.alreadyHeld)
        case .completed: return .refuse(.finished)
        case .retrying, .pending, .failed, .cancelled: return .refuse(.staleEpoch)
        }
    }

    /// The holder is alive.
    package mutating func renewed(_ token: LeaseToken, now: Moment, duration: Duration) -> Action {
        switch lease.renewed(by: token.worker, epoch: token.epoch, now: now, duration: duration) {
        case .extend: return .changed
        case .refuse(let refusal):
            heardAgain(token)
            return .refuse(refusal)
        case .grant, .end, .accept, .none: preconditionFailure("a lease is extended or its renewal refused")
        }
    }

    // MARK: Ends

    /// The holder says how its attempt ended.
    ///
    /// - Parameter generator: draws the jitter of the wait before the next attempt.
    /// - Returns: what becomes of the attempt; then a `stop` for each other one that is no longer wanted.
    package mutating func finished(
        _ token: LeaseToken, result: AttemptResult, now: Moment, policy: RetryPolicy,
        using generator: inout some RandomNumberGenerator
    ) -> [Action] {
        if let refusal = lease.refusal(of: token.worker, epoch: token.epoch) { return [.refuse(refusal)] }
        if case .completed(let artifact) = result { return completed(token, artifact) }
        guard case .end(let holder) = lease.ended(by: token.worker, epoch: token.epoch) else {
            return [.refuse(.staleEpoch)]
        }
        let started = holder.since
        switch result {
        case .completed: return []
        case .interrupted:
            return [interrupted(token, started: started, policy: policy, reason: "the worker gave it back")]
        case .failed(let failure):
            failures += 1
            failedAttempts.append(
                FailedAttempt(
                    worker: token.worker, code: failure.code, message: failure.message,
                    isWrongResult: failure.exitStatus == .verificationFailed))
            if failure.isRetryable, !lease.holders.isEmpty { return [.goOn(token, started: started)] }
            guard failure.isRetryable, !isHopeless(failure.code, policy: policy) else {
                let others = stops()
                state = .failed
                return [
                    .fail(
                        token, started: started, code: failure.code,
                        message: FailedAttempt.summary(of: failedAttempts, last: failure.message))
                ] + others
            }
            let until = now + policy.wait(afterFailures: failures, using: &generator)
            state = .retrying(until: until)
            return [.retry(token, started: started, at: until, reason: failure.message)]
        }
    }

    /// Time has passed: unrenewed leases are over, or the wait before the next attempt is.
    package mutating func ticked(now: Moment, policy: RetryPolicy) -> [Action] {
        switch state {
        case .running:
            var actions: [Action] = []
            while case .end(let holder) = lease.ticked(now: now) {
                unheard[holder.epoch.number] = holder.worker
                actions.append(
                    interrupted(
                        token(holder), started: holder.since, policy: policy,
                        reason: "worker \(holder.worker) fell silent"))
            }
            return actions
        case .retrying(let until) where now >= until:
            state = .queued
            return [.queue]
        case .awaited(let worker, let until) where now >= until: return abandoned(worker, now: now)
        case .awaited, .retrying, .pending, .queued, .completed, .failed, .cancelled: return []
        }
    }

    /// A worker does not run it any more: it is gone, or came back without it.
    package mutating func workerLost(_ worker: WorkerID, now: Moment, policy: RetryPolicy, reason: String) -> [Action] {
        if case .awaited(worker, _) = state { return abandoned(worker, now: now) }
        guard let holder = lease.holders.first(where: { $0.worker == worker }) else { return [] }
        _ = lease.ended(by: worker, epoch: holder.epoch)
        unheard[holder.epoch.number] = worker
        return [interrupted(token(holder), started: holder.since, policy: policy, reason: reason)]
    }

    /// Nobody wants the result any more. Returns `nil` when that changes nothing, else the attempts to stop.
    package mutating func cancelled() -> [Action]? {
        switch state {
        case .running, .pending, .awaited, .queued, .retrying:
            let stops = stops()
            state = .cancelled
            return stops
        case .completed, .failed, .cancelled: return nil
        }
    }

    /// Another task takes its place: nobody wants its result any more. What failed stays so. Returns the attempts to stop.
    package mutating func superseded() -> [Action] {
        let stops = stops()
        if state != .failed { state = .cancelled }
        return stops
    }

    // MARK: Parts

    /// Whoever still has an attempt that counted as unfinished was not taken down by it: the connection was at fault.
    private mutating func heardAgain(_ token: LeaseToken) {
        guard unheard[token.epoch.number] == token.worker else { return }
        unheard[token.epoch.number] = nil
        interruptions -= 1
    }

    private func token(_ holder: LeaseMachine.Holder) -> LeaseToken {
        LeaseToken(job: job, task: id, epoch: holder.epoch, worker: holder.worker)
    }

    private mutating func granted(_ action: LeaseMachine.Action, _ worker: WorkerID) -> Action {
        switch action {
        case .grant(let epoch, _):
            state = .running
            return .start(LeaseToken(job: job, task: id, epoch: epoch, worker: worker))
        case .refuse(let refusal): return .refuse(refusal)
        case .extend, .end, .accept, .none: preconditionFailure("a request for a lease is granted or refused")
        }
    }

    private mutating func completed(_ token: LeaseToken, _ artifact: Artifact) -> [Action] {
        let holders = lease.holders
        guard let winner = holders.first(where: { $0.epoch == token.epoch }) else { return [.refuse(.staleEpoch)] }
        _ = lease.finished(by: token.worker, epoch: token.epoch)
        state = .completed(artifact)
        return [.complete(token, started: winner.since, artifact)]
            + holders.filter { $0 != winner }.map { .stop(self.token($0), started: $0.since) }
    }

    /// Ends all leases.
    private mutating func stops() -> [Action] {
        let holders = lease.holders
        for holder in holders { _ = lease.ended(by: holder.worker, epoch: holder.epoch) }
        return holders.map { .stop(token($0), started: $0.since) }
    }

    /// Whether no further attempt is worth while: there were enough, or the same failure came on many workers.
    private func isHopeless(_ code: String, policy: RetryPolicy) -> Bool {
        // What comes out wrong in the same way twice will do so again.
        let latest = failedAttempts.suffix(2)
        if latest.count == 2, latest.allSatisfy(\.isWrongResult), Set(latest.map(\.message)).count == 1 {
            return true
        }
        let workers = Set(failedAttempts.filter { $0.code == code }.map(\.worker))
        return failures >= policy.maximumAttempts || workers.count >= policy.maximumWorkersOfOneFailure
    }

    /// The worker that had it when the coordinator stopped does not bring it back.
    private mutating func abandoned(_ worker: WorkerID, now: Moment) -> [Action] {
        state = .queued
        let token = LeaseToken(job: job, task: id, epoch: Epoch(lease.latestEpoch), worker: worker)
        return [.requeue(token, started: now, reason: "worker \(worker) did not come back with it")]
    }

    private mutating func interrupted(
        _ token: LeaseToken, started: Moment, policy: RetryPolicy, reason: String
    ) -> Action {
        interruptions += 1
        if !lease.holders.isEmpty { return .goOn(token, started: started) }
        guard interruptions < policy.maximumInterruptions else {
            state = .failed
            return .fail(
                token, started: started, code: "scheduling.interrupted",
                message: "task \(id) came back unfinished \(interruptions) times; the last time, \(reason)")
        }
        // A failure of a copy is none of the task's as long as another attempt may succeed; now none may.
        guard failures < policy.maximumAttempts else {
            state = .failed
            let last = failedAttempts.last
            return .fail(
                token, started: started, code: last?.code ?? "scheduling.interrupted",
                message: FailedAttempt.summary(of: failedAttempts, last: last?.message ?? reason))
        }
        state = .queued
        return .requeue(token, started: started, reason: reason)
    }
}
