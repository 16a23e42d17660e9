// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletModel

/// What happens to a job's tasks.
extension JobMachine {
    // MARK: Events

    /// A ready task is given to a worker.
    ///
    /// - Parameter predicted: how long it is expected to take, in seconds.
    package mutating func taskPlaced(
        _ task: TaskID, on worker: WorkerID, predicted: Double = 0, now: Moment
    ) -> [SchedulingAction] {
        guard let action = tasks[task]?.leased(to: worker, now: now, duration: configuration.leaseDuration) else {
            preconditionFailure("task \(task) of job \(id) is placed, and not known")
        }
        guard case .start(let lease) = action, let machine = tasks[task] else {
            preconditionFailure("task \(task) of job \(id) is placed, and cannot be given out: \(action)")
        }
        ready.remove(task)
        return started(lease, machine, predicted: predicted, now: now) + [.assign(lease, machine.specification)]
    }

    /// A copy of a running task is given to a worker.
    ///
    /// - Parameter predicted: how long it is expected to take, in seconds.
    package mutating func taskCopied(
        _ task: TaskID, to worker: WorkerID, predicted: Double, now: Moment
    ) -> [SchedulingAction] {
        let action = tasks[task]?.copied(to: worker, now: now, duration: configuration.leaseDuration)
        guard case .start(let lease) = action, let machine = tasks[task] else { return [] }
        copiedCost += machine.specification.cost
        return started(lease, machine, predicted: predicted, now: now) + [.assign(lease, machine.specification)]
    }

    /// A worker says that it still runs a task under a lease that is not live
    /// any more, or was given out before the coordinator started again.
    ///
    /// - Parameter predicted: how long it is expected to take from now on, in seconds.
    /// - Returns: what makes the lease live again, or a `refuse`.
    package mutating func leaseReclaimed(
        _ lease: LeaseToken, predicted: Double = 0, now: Moment
    ) -> [SchedulingAction] {
        let action = tasks[lease.task]?.reclaimed(lease, now: now, duration: configuration.leaseDuration)
        switch action {
        case .start:
            guard let machine = tasks[lease.task] else { return [] }
            ready.remove(lease.task)
            waiting.remove(lease.task)
            return (state == .queued ? begun() : [])
                + started(lease, machine, predicted: predicted, now: now, isAgain: true)
        case .refuse(let refusal): return [.refuse(lease, refusal)]
        case nil: return [.refuse(lease, .unknown)]
        case .queue, .complete, .retry, .requeue, .goOn, .fail, .stop, .changed: return []
        }
    }

    /// The holder of a lease is alive.
    package mutating func leaseRenewed(_ lease: LeaseToken, now: Moment) -> [SchedulingAction] {
        let action = tasks[lease.task]?.renewed(lease, now: now, duration: configuration.leaseDuration)
        switch action {
        case .refuse(let refusal): return [.refuse(lease, refusal)]
        case nil: return [.refuse(lease, .unknown)]
        case .start, .queue, .complete, .retry, .requeue, .goOn, .fail, .stop, .changed: return []
        }
    }

    /// The holder of a lease says how far it is; that renews the lease too.
    package mutating func taskProgressed(
        _ lease: LeaseToken, frames: Int?, outputMicroseconds: Int64?, now: Moment
    ) -> [SchedulingAction] {
        let refused = leaseRenewed(lease, now: now)
        guard refused.isEmpty, let task = tasks[lease.task]?.specification else { return refused }
        progress.taskProgressed(task, frames: frames, outputMicroseconds: outputMicroseconds)
        if let index = paces[task.id]?.firstIndex(where: { $0.epoch == lease.epoch }) {
            let fraction = task.fraction(frames: frames, outputMicroseconds: outputMicroseconds)
            paces[task.id]?[index].reported(fraction: fraction, frames: frames, now: now)
        }
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
        let steps = tasks[lease.task]?.finished(
            lease, result: result, now: now, policy: configuration.retry, using: &generator)
        guard let steps else { return [.refuse(lease, .unknown)] }
        if steps.allSatisfy({ if case .refuse = $0 { false } else { true } }) {
            noteHardware(result, of: lease.task)
        }
        return performed(steps, of: lease, result: result, now: now)
    }

    /// Time has passed for a task: silent leases end, or its wait for another attempt is over.
    package mutating func ticked(_ task: TaskID, now: Moment) -> [SchedulingAction] {
        var actions: [SchedulingAction] = []
        for step in tasks[task]?.ticked(now: now, policy: configuration.retry) ?? [] where !jobState.isFinal {
            actions += performed(step, of: task, now: now)
        }
        return actions
    }

    /// A worker is gone, or came back without a task that it ran, or that was left to it; that is queued again.
    package mutating func workerLost(
        _ worker: WorkerID, _ task: TaskID, reason: String, now: Moment
    ) -> [SchedulingAction] {
        guard !jobState.isFinal else { return [] }
        let steps = tasks[task]?.workerLost(worker, now: now, policy: configuration.retry, reason: reason) ?? []
        return steps.flatMap { performed($0, of: task, now: now) }
    }

    // MARK: What follows

    /// What is kept and told when an attempt begins, or its worker has it again.
    private mutating func started(
        _ lease: LeaseToken, _ machine: TaskMachine, predicted: Double, now: Moment, isAgain: Bool = false
    ) -> [SchedulingAction] {
        running.insert(machine.id)
        paces[machine.id, default: []].append(
            AttemptPace(
                epoch: lease.epoch, worker: lease.worker, started: now, predicted: predicted,
                isCopy: machine.tokens.count > 1))
        let attempt = machine.failures + machine.interruptions + 1
        // While the picture is planned anew, what is not picture goes on.
        let isPlanning = state == .planning || state == .planningNext
        return [.persistTasks([machine.record])] + (isPlanning ? [] : move(to: .processing)) + [
            isAgain ? .resumeAttempt(lease) : .recordAttempt(lease, started: now, result: nil),
            .emit(.taskStarted(id, machine.id, lease.worker, attempt: attempt)),
        ]
    }

    /// Turns what time or the loss of a worker did to a task into what the driver does about it.
    private mutating func performed(
        _ step: TaskMachine.Action, of task: TaskID, now: Moment
    ) -> [SchedulingAction] {
        switch step {
        case .queue:
            waiting.remove(task)
            return [.persistTasks(queue(task))]
        case .requeue(let lease, _, _), .goOn(let lease, _), .fail(let lease, _, _, _):
            return performed([step], of: lease, result: .interrupted, now: now)
        case .start, .complete, .retry, .stop, .refuse, .changed: return []
        }
    }

    /// Turns the end of an attempt into what the driver does about it.
    ///
    /// - Parameter steps: what becomes of the attempt, then the attempts to stop.
    private mutating func performed(
        _ steps: [TaskMachine.Action], of lease: LeaseToken, result: AttemptResult, now: Moment
    ) -> [SchedulingAction] {
        guard let machine = tasks[lease.task], let step = steps.first else { return [.refuse(lease, .unknown)] }
        let (ended, stopped) = Self.stops(in: steps.dropFirst())
        let attempt = machine.failures + machine.interruptions
        switch step {
        case .complete(_, let started, _):
            self.ended(machine, isCompleted: true)
            open -= 1
            let frames = machine.specification.outputFrames
            return [
                .persistTasks([machine.record] + release(dependentsOf: machine.id)),
                .recordAttempt(lease, started: started, result: result),
            ] + ended + [.emit(.taskCompleted(id, machine.id, frames: frames, reused: false))] + stopped
                + progressEvent(now: now, isDue: true) + stageEnd()
        case .retry(_, let started, _, let reason):
            self.ended(machine, isCompleted: false)
            let kept: [SchedulingAction] = [
                .persistTasks([machine.record]), .recordAttempt(lease, started: started, result: result),
            ]
            if endsHardware(machine.id, code: nil) {
                return kept + [.emit(.taskFailed(id, machine.id, message: reason))]
                    + fallenBack(because: "hardware failed on worker \(lease.worker): \(reason)")
            }
            waiting.insert(machine.id)
            return kept + [
                .emit(.taskRetried(id, machine.id, attempt: attempt + 1, reason: reason))
            ]
        case .requeue(_, let started, let reason):
            self.ended(machine, isCompleted: false)
            waiting.remove(machine.id)
            insertReady(machine)
            return [
                .persistTasks([machine.record]),
                .recordAttempt(lease, started: started, result: result),
                .emit(.taskRetried(id, machine.id, attempt: attempt + 1, reason: reason)),
            ]
        case .goOn(_, let started):
            paces[machine.id]?.removeAll { $0.epoch == lease.epoch }
            return [.persistTasks([machine.record]), .recordAttempt(lease, started: started, result: result)]
        case .fail(_, let started, let code, let message):
            self.ended(machine, isCompleted: false)
            let kept: [SchedulingAction] =
                [
                    .persistTasks([machine.record]), .recordAttempt(lease, started: started, result: result),
                ] + ended + [.emit(.taskFailed(id, machine.id, message: message))]
            if endsHardware(machine.id, code: code) {
                return kept + stopped
                    + fallenBack(because: "hardware failed on worker \(lease.worker): \(message)")
            }
            return kept
                + failed(code: code, message: "task \(machine.id): \(message)") + stopped
        case .refuse(let refusal): return [.refuse(lease, refusal)]
        case .start, .queue, .stop, .changed: return []
        }
    }

    /// The ends of attempts that are no longer wanted, and the orders to stop them.
    private static func stops(
        in steps: some Sequence<TaskMachine.Action>
    ) -> (ended: [SchedulingAction], stopped: [SchedulingAction]) {
        var ended: [SchedulingAction] = []
        var stopped: [SchedulingAction] = []
        for case .stop(let lease, let started) in steps {
            ended.append(.recordAttempt(lease, started: started, result: .interrupted))
            stopped.append(.stop(lease))
        }
        return (ended, stopped)
    }

    /// Asks for the next stage when this one is done.
    private mutating func stageEnd() -> [SchedulingAction] {
        guard open == 0, state == .processing else { return [] }
        return move(to: .planningNext) + [.planNextStage(id)]
    }

    private mutating func ended(_ machine: TaskMachine, isCompleted: Bool) {
        running.remove(machine.id)
        paces[machine.id] = nil
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
            guard let stops = tasks[task]?.cancelled(), let machine = tasks[task] else { continue }
            records.append(machine.record)
            if !stops.isEmpty { ended(machine, isCompleted: false) }
            let (ends, orders) = Self.stops(in: stops)
            attempts += ends
            stopped += orders
        }
        ready = ReadyQueue(isInFilmOrder: entry.isWatched)
        waiting = []
        return (records.isEmpty ? [] : [.persistTasks(records)] + attempts, stopped)
    }

    // MARK: The queue

    /// Takes in tasks, and queues those whose inputs are there; returns those
    /// that can never run, because nothing makes what they wait for.
    ///
    /// - Parameter awaitedUntil: how long tasks that were running are left to their workers; `nil` for not at all.
    mutating func add(_ records: some Collection<TaskRecord>, awaitedUntil: Moment? = nil) -> [TaskID] {
        tasks.reserveCapacity(tasks.count + records.count)
        for record in records {
            let machine = TaskMachine(record, awaitedUntil: awaitedUntil)
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
            if missing.isEmpty { reachable.append(machine.id) } else { tasks[machine.id]?.inputsLost() }
        }
        for task in reachable { _ = queue(task) }
        return unreachable
    }

    /// The open tasks that no order of completion leads to.
    private var unreachable: [TaskID] {
        var missing = missingInputs
        var reached = missing.filter { $0.value == 0 }.map(\.key)
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
        if machine.state == .queued { insertReady(machine) } else { waiting.insert(task) }
        return [machine.record]
    }

    private mutating func insertReady(_ machine: TaskMachine) { ready.insert(ReadyTask(machine)) }
}

extension ReadyTask {
    /// A task as placement sees it.
    init(_ machine: TaskMachine) {
        self.init(
            id: machine.id, cost: machine.specification.cost, memory: machine.specification.memory,
            encoder: machine.specification.encoder, failedOn: machine.failedOn)
    }
}
