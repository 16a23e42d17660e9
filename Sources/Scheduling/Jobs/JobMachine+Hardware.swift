// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletModel

/// When software takes over from hardware.
extension JobMachine {
    /// The hardware encoder that tasks wait for, while none of them runs; `nil` where software may not take over.
    var awaitedHardware: String? {
        guard entry.mayFallBack else { return nil }
        switch state {
        case .ready, .waitingForWorkers, .processing: break
        case .queued, .planning, .planningNext, .combining, .completed, .failed, .cancelled: return nil
        }
        guard !running.contains(where: { isOnHardware($0) }) else { return nil }
        if let encoder = ready.encoders.first(where: HardwareEncoder.isOne) { return encoder }
        return waiting.first { isOnHardware($0) }.flatMap { tasks[$0]?.specification.encoder }
    }

    /// No worker with its hardware is there, and others could go on in software.
    mutating func hardwareMissing(_ encoder: String) -> [SchedulingAction] {
        fallenBack(because: "no worker with \(encoder) is there any more")
    }

    /// Notes how an attempt ended; a failure that hardware may be the reason of counts until there is a result.
    mutating func noteHardware(_ result: AttemptResult, of task: TaskID) {
        guard entry.mayFallBack, isOnHardware(task) else { return }
        switch result {
        case .completed: hardwareFailures = 0
        case .failed(let failure) where HardwarePolicy.isToBlame(for: failure.code):
            hardwareFailures += 1
        case .failed, .interrupted: break
        }
    }

    /// Whether a failure of a task is the end of the job's work on hardware.
    ///
    /// - Parameter code: why the task failed for good; `nil` when it could be tried again.
    func endsHardware(_ task: TaskID, code: String?) -> Bool {
        guard entry.mayFallBack, isOnHardware(task) else { return false }
        if let code { return HardwarePolicy.isToBlame(for: code) }
        return hardwareFailures >= configuration.hardware.maximumFailures
    }

    /// Gives the hardware up: everything of the picture is cancelled, results too, and planned anew.
    ///
    /// - Parameter reason: what failed; no sentence, and without a full stop.
    mutating func fallenBack(because reason: String) -> [SchedulingAction] {
        var records: [TaskRecord] = []
        var ends: [SchedulingAction] = []
        var stops: [SchedulingAction] = []
        for id in tasks.keys.sorted() where tasks[id]?.specification.belongsToPicture == true {
            let wasCompleted = tasks[id]?.artifact != nil
            let orders = tasks[id]?.superseded() ?? []
            guard let machine = tasks.removeValue(forKey: id) else { continue }
            records.append(machine.record)
            for case .stop(let lease, let started) in orders {
                ends.append(.recordAttempt(lease, started: started, result: .interrupted))
                stops.append(.stop(lease))
            }
            forget(machine, wasCompleted: wasCompleted)
        }
        entry.mayFallBack = false
        hardwareFailures = 0
        hardwareMissedSince = nil
        let next: State =
            switch state {
            case .queued, .planning, .ready, .waitingForWorkers: .planning
            case .processing, .planningNext, .combining, .completed, .failed, .cancelled: .planningNext
            }
        return [.persistTasks(records)] + ends + move(to: next) + stops + [.replan(id, reason: reason)]
    }

    private mutating func forget(_ machine: TaskMachine, wasCompleted: Bool) {
        let task = machine.id
        if running.remove(task) != nil { progress.attemptEnded(machine.specification, isCompleted: false) }
        progress.taskDropped(machine.specification, wasCompleted: wasCompleted)
        if !wasCompleted { open -= 1 }
        ready.remove(task)
        waiting.remove(task)
        paces[task] = nil
        dependents[task] = nil
        missingInputs[task] = nil
    }

    private func isOnHardware(_ task: TaskID) -> Bool {
        tasks[task].map { HardwareEncoder.isOne($0.specification.encoder) } ?? false
    }
}

extension TaskSpecification {
    /// Whether it is about the encoded picture: its encode, or what leads to it.
    package var belongsToPicture: Bool {
        switch kind {
        case .analyse, .encode, .measure: true
        case .audio, .subtitle: false
        }
    }
}
