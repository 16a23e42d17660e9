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
        let named = Set(leases)
        let reason = "worker \(id) came back without it"
        var actions = endedLeases(of: id, keeping: named, reason: reason, now: now)
        for job in arrivals {
            for task in jobs[job]?.waiting.sorted() ?? [] {
                guard case .awaited(id, _) = jobs[job]?.tasks[task]?.state else { continue }
                if named.contains(where: { jobs[job]?.tasks[task]?.isHeld(under: $0) == true }) { continue }
                actions += jobs[job]?.workerLost(id, task, reason: reason, now: now) ?? []
            }
        }
        actions.append(.emit(.workerRegistered(id)))
        withdrawPromises(to: id)
        if let change = workers[id]?.returned(profile, now: now) {
            actions += performed(change, of: id)
        } else {
            var worker = WorkerMachine(profile, now: now)
            let change = worker.ready()
            deadlines.note(.worker(id), worker.deadline(configuration: configuration))
            workers[id] = worker
            actions += performed(change, of: id)
        }
        news.fleet = true
        news.workers.insert(id)
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
            let predicted = jobs[lease.job]?.tasks[lease.task].map { prediction($0.specification, on: worker) }
            let actions = jobs[lease.job]?.leaseReclaimed(lease, predicted: predicted ?? 0, now: now)
            if let actions, actions.refusedLease == nil {
                granted(lease)
                // Its job may have been waiting for its turn.
                news.turns = true
                return actions
            }
            refused = actions ?? [.refuse(lease, .unknown)]
        }
        return refused.isEmpty ? [] : refused + [.stop(lease)]
    }

    /// A worker's connection broke. It gets nothing new, and its leases go on
    /// for `SchedulingConfiguration.reconnectGrace`; unless it registers again
    /// by then, it is given up, and what it ran is queued again.
    package mutating func workerSuspected(_ worker: WorkerID, now: Moment) -> [SchedulingAction] {
        let until = now + configuration.reconnectGrace
        let change = workers[worker]?.suspected(until: until) ?? .none
        if change != .none { deadlines.note(.worker(worker), until) }
        changedService(of: worker)
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
        if let load, workers[worker]?.load != load {
            if workers[worker]?.load?.takesTasks != load.takesTasks { changedService(of: worker) }
            workers[worker]?.loaded(load)
        }
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

    /// A worker that joined before it was measured knows how fast it is, and takes work; `nil`: it could not find out.
    package mutating func workerMeasured(_ worker: WorkerID, speed: Double?, now: Moment) -> [SchedulingAction] {
        let change = workers[worker]?.measured(speed: speed) ?? .none
        changedService(of: worker)
        return settled(performed(change, of: worker), now: now)
    }

    /// A worker is to take no new work; what it runs goes on.
    package mutating func workerDrained(_ worker: WorkerID, now: Moment) -> [SchedulingAction] {
        let change = workers[worker]?.drained() ?? .none
        changedService(of: worker)
        return settled(performed(change, of: worker), now: now)
    }

    /// A worker is to take new work again.
    package mutating func workerUndrained(_ worker: WorkerID, now: Moment) -> [SchedulingAction] {
        let change = workers[worker]?.undrained() ?? .none
        changedService(of: worker)
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
        let actions = endedLeases(of: worker, keeping: [], reason: reason, now: now)
        guard let change = workers[worker]?.disconnected() else { return [] }
        leaseCount -= workers[worker]?.leases.count ?? 0
        workers[worker] = nil
        withdrawPromises(to: worker)
        changedService(of: worker)
        return actions + performed(change, of: worker) + [.emit(.workerUnregistered(worker))]
    }

    /// A worker's time has come: it fell silent, its connection stayed broken, or it may be tried again.
    mutating func workerTicked(_ id: WorkerID, now: Moment) -> [SchedulingAction] {
        guard let worker = workers[id] else { return [] }
        if now - worker.lastHeard >= configuration.heartbeatTimeout {
            return removed(id, reason: "worker \(id) fell silent", now: now)
        }
        if let until = worker.suspectedUntil, until <= now {
            return removed(id, reason: "the connection of worker \(id) broke", now: now)
        }
        workers[id]?.ticked(now: now)
        deadlines.note(.worker(id), workers[id]?.deadline(configuration: configuration) ?? now)
        news.workers.insert(id)
        return []
    }

    /// Ends the leases of a worker that it does not have any more.
    private mutating func endedLeases(
        of worker: WorkerID, keeping kept: Set<LeaseToken>, reason: String, now: Moment
    ) -> [SchedulingAction] {
        let gone = workers[worker]?.leases.keys.filter { !kept.contains($0) } ?? []
        return gone.sorted { ($0.job.text, $0.task) < ($1.job.text, $1.task) }.flatMap { lease in
            jobs[lease.job]?.workerLost(worker, lease.task, reason: reason, now: now) ?? []
        }
    }

    /// A worker has another task.
    mutating func granted(_ lease: LeaseToken) {
        guard let task = jobs[lease.job]?.tasks[lease.task]?.specification else { return }
        leaseCount += 1
        news.workers.insert(lease.worker)
        _ = workers[lease.worker]?.leaseGranted(lease, memory: task.memory)
    }

    /// A worker takes work now, or no longer does.
    private mutating func changedService(of worker: WorkerID) {
        news.fleet = true
        news.workers.insert(worker)
    }

    /// Turns a worker's change into an event.
    mutating func performed(_ action: WorkerMachine.Action, of worker: WorkerID) -> [SchedulingAction] {
        switch action {
        case .stateChanged(let state):
            announced[worker] = state == .disconnected && workers[worker] == nil ? nil : state
            return [.emit(.workerStateChanged(worker, state))]
        case .none: return []
        }
    }
}
