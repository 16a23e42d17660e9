// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletModel

/// What happens to workers.
extension SchedulerMachine {
    /// A worker joined, or came back, and still runs these leases.
    ///
    /// A lease that is still its own goes on. One that ended without its
    /// knowledge is its own again when the task is not finished, nobody else
    /// has it, and the lease was the task's latest: after its connection was
    /// broken for long, or after the coordinator started again. What it had
    /// and does not name is over. A worker that comes back before it was given
    /// up stays as it was: an order to take no new work holds, and what is held
    /// against it too.
    ///
    /// - Returns: for each lease that is not its own any more, a `refuse`, and,
    ///   when it was, a `stop` for the driver to send.
    package mutating func workerRegistered(
        _ profile: WorkerProfile, holding leases: [LeaseToken] = [], now: Moment
    ) -> [SchedulingAction] {
        let id = profile.id
        var actions: [SchedulingAction] = []
        for job in arrivals {
            let kept = leases.filter { $0.job == job && $0.worker == id }
            let reason = "worker \(id) came back without it"
            actions += jobs[job]?.workerLost(id, keeping: kept, reason: reason, now: now) ?? []
        }
        actions.append(.emit(.workerRegistered(id)))
        if let change = workers[id]?.returned(profile, now: now) {
            actions += performed(change, of: id)
        } else {
            var worker = WorkerMachine(profile, now: now)
            actions += performed(worker.ready(), of: id)
            workers[id] = worker
        }
        for lease in leases { actions += reclaimed(lease, by: id, now: now) }
        return settled(actions, now: now)
    }

    /// Gives a worker a lease that it says to have, or tells it to stop.
    private mutating func reclaimed(
        _ lease: LeaseToken, by worker: WorkerID, now: Moment
    ) -> [SchedulingAction] {
        // A stop would go to the worker that has it.
        guard lease.worker == worker else { return [.refuse(lease, .staleEpoch)] }
        let refused: [SchedulingAction]
        if workers[worker]?.leases[lease] != nil {
            refused = jobs[lease.job]?.leaseRenewed(lease, now: now) ?? [.refuse(lease, .unknown)]
        } else {
            let actions = jobs[lease.job]?.leaseReclaimed(lease, now: now) ?? [.refuse(lease, .unknown)]
            if let task = jobs[lease.job]?.tasks[lease.task], !actions.contains(where: { $0.refusedLease != nil }) {
                let change = workers[worker]?.leaseGranted(lease, memory: task.specification.memory) ?? .none
                return actions + performed(change, of: worker)
            }
            refused = actions
        }
        return refused.isEmpty ? [] : refused + [.stop(lease)]
    }

    /// A worker's connection broke. It gets nothing new, and its leases go on
    /// for `SchedulingConfiguration.reconnectGrace`; unless it registers again
    /// by then, it is given up, and what it ran is queued again.
    package mutating func workerSuspected(_ worker: WorkerID, now: Moment) -> [SchedulingAction] {
        let change = workers[worker]?.suspected(until: now + configuration.reconnectGrace) ?? .none
        return settled(performed(change, of: worker), now: now)
    }

    /// A worker is alive, and holds these leases. A lease that it does not name
    /// is not renewed, and ends in time.
    ///
    /// A worker that is not in `workers` has been taken out, and must register again;
    /// so must one whose connection broke.
    ///
    /// - Parameter load: how busy its machine is; `nil` when it does not say.
    /// - Returns: `refuse` for each lease that is not its own any more.
    package mutating func heartbeat(
        _ worker: WorkerID, holding leases: [LeaseToken], load: WorkerLoad? = nil, now: Moment
    ) -> [SchedulingAction] {
        guard workers[worker] != nil else { return leases.map { .refuse($0, .unknown) } }
        workers[worker]?.heard(now: now)
        if let load { workers[worker]?.loaded(load) }
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

    /// A worker is to take new work again.
    package mutating func workerUndrained(_ worker: WorkerID, now: Moment) -> [SchedulingAction] {
        let change = workers[worker]?.undrained() ?? .none
        return settled(performed(change, of: worker), now: now)
    }

    /// The user takes a worker out: it is told to stop what it runs, and that goes to others.
    package mutating func workerRemoved(_ worker: WorkerID, now: Moment) -> [SchedulingAction] {
        let leases = workers[worker]?.leases.keys.sorted { ($0.job.text, $0.task) < ($1.job.text, $1.task) } ?? []
        let actions = removed(worker, reason: "worker \(worker) was taken out", now: now)
        return settled(actions + leases.map { .stop($0) }, now: now)
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
