// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletModel

/// What happens to workers.
extension SchedulerMachine {
    /// A worker joined. One of the same name that was there before is gone, and its leases are over.
    package mutating func workerRegistered(_ profile: WorkerProfile, now: Moment) -> [SchedulingAction] {
        var actions = removed(profile.id, reason: "worker \(profile.id) started again", now: now)
        var worker = WorkerMachine(profile, now: now)
        let change = worker.ready()
        workers[profile.id] = worker
        actions.append(.emit(.workerRegistered(profile.id)))
        return settled(actions + performed(change, of: profile.id), now: now)
    }

    /// A worker is alive, and holds these leases. A lease that it does not name
    /// is not renewed, and ends in time.
    ///
    /// A worker that is not in `workers` has been taken out, and must register again.
    ///
    /// - Returns: `refuse` for each lease that is not its own any more.
    package mutating func heartbeat(
        _ worker: WorkerID, holding leases: [LeaseToken], now: Moment
    ) -> [SchedulingAction] {
        guard workers[worker] != nil else { return leases.map { .refuse($0, .unknown) } }
        workers[worker]?.heard(now: now)
        var actions: [SchedulingAction] = []
        for lease in leases {
            if lease.worker != worker {
                actions.append(.refuse(lease, .staleEpoch))
            } else {
                actions += jobs[lease.job]?.leaseRenewed(lease, now: now) ?? [.refuse(lease, .unknown)]
            }
        }
        return settled(actions, now: now)
    }

    /// A worker is to take no new work; what it runs goes on.
    package mutating func workerDrained(_ worker: WorkerID, now: Moment) -> [SchedulingAction] {
        let change = workers[worker]?.drained() ?? .none
        return settled(performed(change, of: worker), now: now)
    }

    /// A worker left, or its connection is gone for good: its leases are over.
    package mutating func workerLost(_ worker: WorkerID, now: Moment) -> [SchedulingAction] {
        settled(removed(worker, reason: "worker \(worker) left", now: now), now: now)
    }

    /// How well a worker is; `offline` when it is not there.
    package func health(of worker: WorkerID, now: Moment) -> WorkerHealth {
        workers[worker]?.health(now: now) ?? .offline
    }

    /// Takes a worker out; nothing happens when it is not there.
    mutating func removed(_ worker: WorkerID, reason: String, now: Moment) -> [SchedulingAction] {
        guard let change = workers[worker]?.disconnected() else { return [] }
        workers[worker] = nil
        var actions: [SchedulingAction] = []
        for job in arrivals { actions += jobs[job]?.workerLost(worker, reason: reason, now: now) ?? [] }
        return actions + performed(change, of: worker) + [.emit(.workerUnregistered(worker))]
    }

    /// Turns a worker's change into an event.
    func performed(_ action: WorkerMachine.Action, of worker: WorkerID) -> [SchedulingAction] {
        switch action {
        case .stateChanged(let state): [.emit(.workerStateChanged(worker, state))]
        case .none: []
        }
    }
}
