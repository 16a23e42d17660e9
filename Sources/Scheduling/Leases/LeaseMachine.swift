// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletModel

/// Why a claim on a task is not honoured.
package enum LeaseRefusal: String, Sendable, Equatable, Codable {
    /// Another worker, or the same one in another lease, holds the task.
    case alreadyHeld
    /// The lease was taken back, or a newer one was given out.
    case staleEpoch
    /// The task has its result.
    case finished
    /// The job or the task is not known here, or has ended.
    case unknown
    /// The task is not in a state in which it can be given out.
    case notReady
}

/// The exclusive right to one task.
///
/// A task MUST have at most one live lease. Every lease has an epoch that is
/// larger than all before it, and whoever comes with an older one is refused.
package struct LeaseMachine: Equatable, Sendable {
    /// Who has the right.
    package enum State: Equatable, Sendable {
        /// Nobody; the next lease gets this epoch.
        case free(next: Epoch)
        /// One worker, until `until` unless it is renewed.
        case held(WorkerID, Epoch, until: Moment)
        /// Nobody ever again: the result came under this epoch (0 when it never was leased).
        case finished(Epoch)
    }

    /// What follows from an event.
    package enum Action: Equatable, Sendable {
        /// Give the task to the worker under this epoch.
        case grant(Epoch, until: Moment)
        /// The lease now runs until then.
        case extend(until: Moment)
        /// The lease is over, and the task may be given to another worker.
        case requeue(from: WorkerID, Epoch)
        /// The result counts.
        case accept
        /// The message comes from a lease that does not hold, or asks for what cannot be had.
        case refuse(LeaseRefusal)
        /// Nothing.
        case none
    }

    /// Who has the right now.
    package private(set) var state: State

    /// Makes a free lease whose next epoch follows `latest` (0: never leased).
    package init(latest: Int = 0) { state = .free(next: Epoch(latest + 1)) }

    /// Makes the lease of a task that has its result already.
    package init(finishedUnder epoch: Int) { state = .finished(Epoch(epoch)) }

    /// The epoch of the latest lease; 0 before the first.
    package var latestEpoch: Int {
        switch state {
        case .free(let next): next.number - 1
        case .held(_, let epoch, _), .finished(let epoch): epoch.number
        }
    }

    /// A worker is to have the task for `duration`.
    package mutating func requested(by worker: WorkerID, now: Moment, duration: Duration) -> Action {
        switch state {
        case .free(let epoch):
            let until = now + duration
            state = .held(worker, epoch, until: until)
            return .grant(epoch, until: until)
        case .held: return .refuse(.alreadyHeld)
        case .finished: return .refuse(.finished)
        }
    }

    /// The holder says that it is alive: the lease lasts `duration` from now.
    package mutating func renewed(by worker: WorkerID, epoch: Epoch, now: Moment, duration: Duration) -> Action {
        if let refusal = refusal(of: worker, epoch: epoch) { return .refuse(refusal) }
        let until = now + duration
        state = .held(worker, epoch, until: until)
        return .extend(until: until)
    }

    /// Time has passed: a lease whose end is reached is over.
    package mutating func ticked(now: Moment) -> Action {
        switch state {
        case .held(let worker, let epoch, let until) where now >= until:
            state = .free(next: epoch.next)
            return .requeue(from: worker, epoch)
        case .held, .free, .finished: return .none
        }
    }

    /// The holder gives the task back, failed or unfinished.
    package mutating func released(by worker: WorkerID, epoch: Epoch) -> Action {
        if let refusal = refusal(of: worker, epoch: epoch) { return .refuse(refusal) }
        state = .free(next: epoch.next)
        return .requeue(from: worker, epoch)
    }

    /// The holder brings the result.
    package mutating func finished(by worker: WorkerID, epoch: Epoch) -> Action {
        if let refusal = refusal(of: worker, epoch: epoch) { return .refuse(refusal) }
        state = .finished(epoch)
        return .accept
    }

    /// The lease is taken back, whoever holds it.
    package mutating func revoked() -> Action {
        switch state {
        case .held(let worker, let epoch, _):
            state = .free(next: epoch.next)
            return .requeue(from: worker, epoch)
        case .free, .finished: return .none
        }
    }

    /// Why a message of this worker and epoch does not count; `nil` when it does.
    package func refusal(of worker: WorkerID, epoch: Epoch) -> LeaseRefusal? {
        switch state {
        case .held(worker, epoch, _): nil
        case .held, .free: .staleEpoch
        case .finished: .finished
        }
    }
}
