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

/// The right to one task.
///
/// A task has one live lease, or several while copies of it run on several
/// workers; a worker holds at most one. Every lease has an epoch that is larger
/// than all before it, and whoever comes with one that is not live is refused.
package struct LeaseMachine: Equatable, Sendable {
    /// One live lease.
    package struct Holder: Equatable, Sendable {
        /// Who has the right.
        package var worker: WorkerID
        /// Its fencing number.
        package var epoch: Epoch
        /// When it was given out, or taken over.
        package var since: Moment
        /// When it ends unless it is renewed.
        package var until: Moment

        /// Makes it from its parts.
        package init(worker: WorkerID, epoch: Epoch, since: Moment, until: Moment) {
            self.worker = worker
            self.epoch = epoch
            self.since = since
            self.until = until
        }
    }

    /// What follows from an event.
    package enum Action: Equatable, Sendable {
        /// Give the task to the worker under this epoch.
        case grant(Epoch, until: Moment)
        /// The lease now runs until then.
        case extend(until: Moment)
        /// The lease is over.
        case end(Holder)
        /// The result counts.
        case accept
        /// The message comes from a lease that does not hold, or asks for what cannot be had.
        case refuse(LeaseRefusal)
        /// Nothing.
        case none
    }

    /// The live leases, oldest first.
    package private(set) var holders: [Holder] = []
    /// The epoch of the latest lease; 0 before the first.
    package private(set) var latestEpoch: Int
    /// Whether the task has its result, so that nobody gets it any more.
    package private(set) var isFinished: Bool

    /// Makes a free lease whose next epoch follows `latest` (0: never leased).
    package init(latest: Int = 0) {
        latestEpoch = latest
        isFinished = false
    }

    /// Makes the lease of a task that has its result already.
    package init(finishedUnder epoch: Int) {
        latestEpoch = epoch
        isFinished = true
    }

    /// A worker is to have the task for `duration`.
    ///
    /// - Parameter isCopy: whether others may hold it too.
    package mutating func requested(
        by worker: WorkerID, isCopy: Bool = false, now: Moment, duration: Duration
    ) -> Action {
        if isFinished { return .refuse(.finished) }
        if isCopy ? holders.contains(where: { $0.worker == worker }) : !holders.isEmpty {
            return .refuse(.alreadyHeld)
        }
        latestEpoch += 1
        return granted(worker, Epoch(latestEpoch), now: now, duration: duration)
    }

    /// A worker still runs the task under the latest lease, which ended without its knowledge.
    package mutating func reclaimed(
        by worker: WorkerID, epoch: Epoch, now: Moment, duration: Duration
    ) -> Action {
        if isFinished { return .refuse(.finished) }
        guard holders.isEmpty, epoch.number == latestEpoch else { return .refuse(.staleEpoch) }
        return granted(worker, epoch, now: now, duration: duration)
    }

    /// The holder says that it is alive: the lease lasts `duration` from now.
    package mutating func renewed(by worker: WorkerID, epoch: Epoch, now: Moment, duration: Duration) -> Action {
        guard let index = index(of: worker, epoch) else { return .refuse(refusalOfStranger) }
        let until = now + duration
        holders[index].until = until
        return .extend(until: until)
    }

    /// Time has passed: the oldest lease whose end is reached is over. To be called until nothing follows.
    package mutating func ticked(now: Moment) -> Action {
        guard let index = holders.firstIndex(where: { now >= $0.until }) else { return .none }
        return .end(holders.remove(at: index))
    }

    /// A lease is over: its holder gave the task back, failed or is gone, or it was taken back.
    package mutating func ended(by worker: WorkerID, epoch: Epoch) -> Action {
        guard let index = index(of: worker, epoch) else { return .refuse(refusalOfStranger) }
        return .end(holders.remove(at: index))
    }

    /// A holder brings the result; all leases are over.
    package mutating func finished(by worker: WorkerID, epoch: Epoch) -> Action {
        guard index(of: worker, epoch) != nil else { return .refuse(refusalOfStranger) }
        holders = []
        isFinished = true
        return .accept
    }

    /// Why a message of this worker and epoch does not count; `nil` when it does.
    package func refusal(of worker: WorkerID, epoch: Epoch) -> LeaseRefusal? {
        index(of: worker, epoch) == nil ? refusalOfStranger : nil
    }

    private var refusalOfStranger: LeaseRefusal { isFinished ? .finished : .staleEpoch }

    private func index(of worker: WorkerID, _ epoch: Epoch) -> Int? {
        holders.firstIndex { $0.epoch == epoch && $0.worker == worker }
    }

    private mutating func granted(_ worker: WorkerID, _ epoch: Epoch, now: Moment, duration: Duration) -> Action {
        let until = now + duration
        holders.append(Holder(worker: worker, epoch: epoch, since: now, until: until))
        return .grant(epoch, until: until)
    }
}
