// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletModel

/// What happens to a job's tasks.
extension JobMachine {
    // MARK: Events

    /// A ready task is given to a worker.
    package mutating func taskPlaced(_ task: TaskID, on worker: WorkerID, now: Moment) -> [SchedulingAction] {
        guard let action = tasks[task]?.leased(to: worker, now: now, duration: configuration.leaseDuration) else {
            preconditionFailure("task \(task) of job \(id) is placed, and not known")
        }
        guard case .start(let lease) = action, let machine = tasks[task] else {
            preconditionFailure("task \(task) of job \(id) is placed, and cannot be given out: \(action)")
        }
        removeReady(machine)
        running.insert(task)
        return [.persistTasks([machine.record])] + move(to: .processing) + [
            .recordAttempt(lease, started: now, result: nil),
            .emit(.taskStarted(id, task, worker, attempt: machine.failures + machine.interruptions + 1)),
            .assign(lease, machine.specification),
        ]
    }

    /// The holder of a lease is alive.
    package mutating func leaseRenewed(_ lease: LeaseToken, now: Moment) -> [SchedulingAction] {
        let action = tasks[lease.task]?.renewed(lease, now: now, duration: configuration.leaseDuration)
        switch action {
        case .refuse(let refusal): return [.refuse(lease, refusal)]
        case nil: return [.refuse(lease, .unknown)]
        case .start, .queue, .complete, .retry, .requeue, .fail, .stop, .changed, .some(.none): return []
        }
    }

    /// The holder of a lease says how far it is; that renews the lease too.
    package mutating func taskProgressed(
        _ lease: LeaseToken, frames: Int?, outputMicroseconds: Int64?, now: Moment
    ) -> [SchedulingAction] {
        let refused = leaseRenewed(lease, now: now)
        guard refused.isEmpty, let task = tasks[lease.task]?.specification else { return refused }
        progress.taskProgressed(task, frames: frames, outputMicroseconds: outputMicroseconds)
        var actions: [SchedulingAction] = []
        if let frames, let expected = task.expectedFrames {
            actions.append(.emit(.taskProgress(id, task.id, frames: frames, of: expected)))
        }
        return actions + progressEvent(now: now, isDue: false)
    }

    /// The holder of a lease says how its attempt ended.
    package mutating func taskFinished(
        _ lease: LeaseToken, result: AttemptResult, now: Moment, using generator: inout some RandomNumberGenerator
    ) -> [SchedulingAction] {
        let action = tasks[lease.task]?.finished(
            lease, result: result, now: now, policy: configuration.retry, using: &generator)
        guard let action else { return [.refuse(lease, .unknown)] }
        return performed(action, of: lease, result: result, now: now)
    }

    /// Time has passed: silent leases end, and waits for another attempt are over.
    package mutating func ticked(now: Moment) -> [SchedulingAction] {
        var actions: [SchedulingAction] = []
        for task in running.union(retrying).sorted() {
            guard !jobState.isFinal, let token = tasks[task].map(\.token) else { continue }
            guard let action = tasks[task]?.ticked(now: now, policy: configuration.retry) else { continue }
            if action == .queue {
                retrying.remove(task)
                actions += [.persistTasks(queue(task))]
            } else if let token {
                actions += performed(action, of: token, result: .interrupted, now: now)
            }
        }
        return actions
    }

    /// A worker is gone; what it ran for this job goes back to the queue.
    package mutating func workerLost(_ worker: WorkerID, reason: String, now: Moment) -> [SchedulingAction] {
        var actions: [SchedulingAction] = []
        for task in running.sorted() {
            guard !jobState.isFinal, let token = tasks[task]?.token, token.worker == worker else { continue }
            guard let action = tasks[task]?.workerLost(policy: configuration.retry, reason: reason) else { continue }
            actions += performed(action, of: token, result: .interrupted, now: now)
        }
        return actions
    }

    // MARK: What follows

    /// Turns the end of an attempt into what the driver does about it.
    private mutating func performed(
        _ action: TaskMachine.Action, of lease: LeaseToken, result: AttemptResult, now: Moment
    ) -> [SchedulingAction] {
        guard let machine = tasks[lease.task] else { return [.refuse(lease, .unknown)] }
        let attempt = machine.failures + machine.interruptions
        switch action {
        case .complete(_, let started, _):
            ended(machine, isCompleted: true)
            open -= 1
            let frames = machine.specification.outputFrames
            return [
                .persistTasks([machine.record] + release(dependentsOf: machine.id)),
                .recordAttempt(lease, started: started, result: result),
                .emit(.taskCompleted(id, machine.id, frames: frames, reused: false)),
            ] + progressEvent(now: now, isDue: true) + stageEnd()
        case .retry(_, let started, _, let reason):
            ended(machine, isCompleted: false)
            retrying.insert(machine.id)
            return [
                .persistTasks([machine.record]),
                .recordAttempt(lease, started: started, result: result),
                .emit(.taskRetried(id, machine.id, attempt: attempt + 1, reason: reason)),
            ]
        case .requeue(_, let started, let reason):
            ended(machine, isCompleted: false)
            insertReady(machine)
            return [
                .persistTasks([machine.record]),
                .recordAttempt(lease, started: started, result: result),
                .emit(.taskRetried(id, machine.id, attempt: attempt + 1, reason: reason)),
            ]
        case .fail(_, let started, let code, let message):
            ended(machine, isCompleted: false)
            return [
                .persistTasks([machine.record]),
                .recordAttempt(lease, started: started, result: result),
                .emit(.taskFailed(id, machine.id, message: message)),
            ] + failed(code: code, message: "task \(machine.id): \(message)")
        case .refuse(let refusal): return [.refuse(lease, refusal)]
        case .start, .queue, .stop, .changed, .none: return []
        }
    }

    /// Asks for the next stage when this one is done.
    private mutating func stageEnd() -> [SchedulingAction] {
        guard open == 0 else { return [] }
        return move(to: .planningNext) + [.planNextStage(id)]
    }

    private mutating func ended(_ machine: TaskMachine, isCompleted: Bool) {
        running.remove(machine.id)
        progress.attemptEnded(machine.specification, isCompleted: isCompleted)
    }

    /// The progress event, when it is due or the last one is long ago.
    mutating func progressEvent(now: Moment, isDue: Bool) -> [SchedulingAction] {
        progress.sampled(now: now)
        if !isDue, let last = progressEmitted, now - last < configuration.progressInterval { return [] }
        progressEmitted = now
        return [
            .emit(
                .progress(
                    id, progress.stage, fraction: progress.fraction, framesPerSecond: progress.framesPerSecond,
                    remainingSeconds: progress.remainingSeconds))
        ]
    }

    /// Cancels every task that is not over; what is to be kept, and what is to be done after it.
    mutating func cancelTasks() -> (kept: [SchedulingAction], stopped: [SchedulingAction]) {
        var records: [TaskRecord] = []
        var attempts: [SchedulingAction] = []
        var stopped: [SchedulingAction] = []
        for task in tasks.keys.sorted() {
            guard let action = tasks[task]?.cancelled(), action != .none, let machine = tasks[task] else { continue }
            records.append(machine.record)
            if case .stop(let lease, let started) = action {
                ended(machine, isCompleted: false)
                attempts.append(.recordAttempt(lease, started: started, result: .interrupted))
                stopped.append(.stop(lease))
            }
        }
        ready = []
        retrying = []
        return (records.isEmpty ? [] : [.persistTasks(records)] + attempts, stopped)
    }

    // MARK: The queue

    /// Takes in tasks, and queues those whose inputs are there; returns those
    /// that can never run, because nothing makes what they wait for.
    mutating func add(_ records: [TaskRecord]) -> [TaskID] {
        for record in records {
            let machine = TaskMachine(record)
            tasks[machine.id] = machine
            progress.taskAdded(machine.specification, isCompleted: machine.artifact != nil)
            if machine.artifact == nil { open += 1 }
        }
        progress.raise()
        var reachable: [TaskID] = []
        for record in records {
            guard let machine = tasks[record.specification.id], machine.artifact == nil else { continue }
            let missing = Set(machine.specification.inputs).filter { tasks[$0]?.artifact == nil }
            for input in missing { dependents[input, default: []].append(machine.id) }
            missingInputs[machine.id] = missing.count
            if missing.isEmpty { reachable.append(machine.id) }
        }
        for task in reachable { _ = queue(task) }
        return unreachable(from: reachable)
    }

    /// The open tasks that no order of completion leads to.
    private func unreachable(from start: [TaskID]) -> [TaskID] {
        var missing = missingInputs
        var reached = start
        var index = 0
        while index < reached.count {
            for dependent in dependents[reached[index]] ?? [] {
                missing[dependent, default: 0] -= 1
                if missing[dependent] == 0 { reached.append(dependent) }
            }
            index += 1
        }
        return Set(missingInputs.keys).subtracting(reached).sorted()
    }

    /// A result is there: the tasks that now have all they need are queued. Returns their records.
    private mutating func release(dependentsOf task: TaskID) -> [TaskRecord] {
        missingInputs[task] = nil
        var records: [TaskRecord] = []
        for dependent in dependents.removeValue(forKey: task) ?? [] {
            missingInputs[dependent, default: 0] -= 1
            if missingInputs[dependent] == 0 { records += queue(dependent) }
        }
        return records
    }

    /// Makes a task ready; returns its record.
    private mutating func queue(_ task: TaskID) -> [TaskRecord] {
        _ = tasks[task]?.inputsCompleted()
        guard let machine = tasks[task] else { return [] }
        insertReady(machine)
        return [machine.record]
    }

    private mutating func insertReady(_ machine: TaskMachine) {
        let task = ReadyTask(machine)
        ready.insert(task, at: position(of: task))
    }

    private mutating func removeReady(_ machine: TaskMachine) {
        let index = position(of: ReadyTask(machine))
        if index < ready.count, ready[index].id == machine.id { ready.remove(at: index) }
    }

    /// The index of the first ready task that does not precede this one.
    private func position(of task: ReadyTask) -> Int {
        var (low, high) = (0, ready.count)
        while low < high {
            let middle = (low + high) / 2
            if ready[middle].precedes(task) { low = middle + 1 } else { high = middle }
        }
        return low
    }
}

extension ReadyTask {
    /// A task as placement sees it.
    init(_ machine: TaskMachine) {
        self.init(
            id: machine.id, cost: machine.specification.cost, memory: machine.specification.memory,
            encoder: machine.specification.encoder, failedOn: machine.failedOn)
    }
}
