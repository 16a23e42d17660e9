// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletModel

/// The life of one worker, from joining to leaving.
///
/// ```
/// connected --ready--> benchmarking --measured--> idle <--leases--> processing --drain--> draining --gone--> disconnected
/// ```
/// Every state can end in `disconnected`; a worker that comes back after that is
/// a new machine. While its connection is broken it gets nothing new, and keeps its leases.
package struct WorkerMachine: Equatable, Sendable {
    /// What the worker does.
    package enum State: Equatable, Sendable {
        /// It joined, and takes no work yet.
        case connected
        /// It measures how fast it is, and takes no work yet.
        case benchmarking
        /// It takes work.
        case serving
        /// It takes no new work.
        case draining
        /// It is gone.
        case disconnected
    }

    /// What follows from an event.
    package enum Action: Equatable, Sendable {
        /// Tell everyone that its public state is another one.
        case stateChanged(WorkerState)
        /// Nothing.
        case none
    }

    /// What it said of itself.
    package private(set) var profile: WorkerProfile
    /// What it does.
    package private(set) var state: State = .connected
    /// The leases that it holds, each with its task's memory.
    package private(set) var leases: [LeaseToken: ByteCount] = [:]
    /// The expected memory of its tasks.
    private var usedMemory = ByteCount(0)
    /// How busy its machine is; `nil` when it does not say.
    package private(set) var load: WorkerLoad?
    /// When it is given up, since its connection broke; `nil` while that is whole.
    package private(set) var suspectedUntil: Moment?
    /// When the last message came.
    package private(set) var lastHeard: Moment
    /// Seconds between two messages, of late.
    private var interval = 5.0
    /// How fast its slots are.
    package internal(set) var speeds: WorkerSpeeds
    /// Attempts that failed one after the other, up to now.
    package private(set) var failuresInARow = 0
    /// When it takes work again after too many failures; in the past, or `nil`, when nothing is held against it.
    package private(set) var quarantinedUntil: Moment?
    /// Whether the end of that time is still to be acted upon.
    private var awaitsQuarantineEnd = false

    /// Makes the machine of a worker that joins now.
    package init(_ profile: WorkerProfile, now: Moment) {
        self.profile = profile
        lastHeard = now
        speeds = WorkerSpeeds(benchmark: profile.speed)
    }

    /// The state's public name.
    package var workerState: WorkerState {
        if suspectedUntil != nil { return .disconnected }
        return switch state {
        case .connected: .connected
        case .benchmarking: .benchmarking
        case .serving: leases.isEmpty ? .idle : .processing
        case .draining: .draining
        case .disconnected: .disconnected
        }
    }

    /// Whether it belongs to those that do the work, busy or not.
    package var isServing: Bool { state == .serving && suspectedUntil == nil }

    /// Whether it may be given a task now; not while its owner is using the machine.
    package var takesTasks: Bool { isServing && load?.takesTasks != false }

    /// Whether it is set aside now for its failures.
    package func isQuarantined(now: Moment) -> Bool { quarantinedUntil.map { now < $0 } ?? false }

    /// How well it is.
    package func health(now: Moment) -> WorkerHealth {
        if state == .disconnected || suspectedUntil != nil { return .offline }
        if isQuarantined(now: now) { return .unhealthy }
        return failuresInARow == 0 ? .healthy : .degraded
    }

    /// Whether it has to show, one task at a time, that it works again.
    package func isOnProbation(now: Moment) -> Bool { quarantinedUntil.map { now >= $0 } ?? false }

    /// It as placement sees it.
    package var offer: WorkerOffer {
        WorkerOffer(profile: profile, running: leases.count, usedMemory: usedMemory, speed: speeds.speed ?? 1)
    }

    /// It as placement sees it now: without slots while it is set aside, with
    /// one while it has to show that it works.
    ///
    /// - Parameter isNeeded: whether no worker is there without a blemish, so
    ///   that it counts in full: better a doubtful worker than none.
    package func offer(isNeeded: Bool, now: Moment) -> WorkerOffer {
        var offer = offer
        if !takesTasks || !isNeeded && isQuarantined(now: now) { offer.profile.slots = 0 }
        if !isNeeded, isOnProbation(now: now) { offer.profile.slots = min(offer.profile.slots, 1) }
        return offer
    }

    /// Whether it is one of those that need no proof that they work.
    package var isTrusted: Bool { takesTasks && quarantinedUntil == nil }

    /// When something happens to it without an event.
    package func deadline(configuration: SchedulingConfiguration) -> Moment {
        var next = lastHeard + configuration.heartbeatTimeout
        if let suspectedUntil { next = min(next, suspectedUntil) }
        if awaitsQuarantineEnd, let quarantinedUntil { next = min(next, quarantinedUntil) }
        return next
    }

    /// It takes work from now on, or as soon as it is measured.
    package mutating func ready() -> Action {
        switch state {
        case .connected:
            state = profile.isMeasuring ? .benchmarking : .serving
            return .stateChanged(workerState)
        case .benchmarking, .serving, .draining, .disconnected: return .none
        }
    }

    /// It knows now how fast it is; `nil`: it could not find out.
    package mutating func measured(speed: Double?) -> Action {
        guard profile.isMeasuring else { return .none }
        let before = workerState
        profile.isMeasuring = false
        profile.speed = speed
        speeds = WorkerSpeeds(benchmark: speed)
        if state == .benchmarking { state = .serving }
        return workerState == before ? .none : .stateChanged(workerState)
    }

    /// It came back before it was given up: its leases, what is held against
    /// it, and an order to take no new work stay.
    package mutating func returned(_ profile: WorkerProfile, now: Moment) -> Action {
        let before = workerState
        if self.profile.isMeasuring, !profile.isMeasuring { _ = measured(speed: profile.speed) }
        self.profile = profile
        suspectedUntil = nil
        load = nil
        heard(now: now)
        return workerState == before ? .none : .stateChanged(workerState)
    }

    /// A message came.
    package mutating func heard(now: Moment) {
        guard now > lastHeard else { return }
        interval += 0.2 * ((now - lastHeard).inSeconds - interval)
        lastHeard = now
    }

    /// Whether it is silent for much longer than usual: its tasks may be lost.
    package func isSilent(now: Moment) -> Bool { (now - lastHeard).inSeconds > max(6, 3 * interval) }

    /// Time has passed; the end of its quarantine needs no further attention.
    package mutating func ticked(now: Moment) {
        if !isQuarantined(now: now) { awaitsQuarantineEnd = false }
    }

    /// It says how busy its machine is.
    package mutating func loaded(_ load: WorkerLoad) { self.load = load }

    /// Its connection broke: it is given up at `until` unless it comes back.
    package mutating func suspected(until: Moment) -> Action {
        guard state != .disconnected, suspectedUntil == nil else { return .none }
        suspectedUntil = until
        return .stateChanged(workerState)
    }

    /// It has a task: it was given one, or brought one back.
    package mutating func leaseGranted(_ lease: LeaseToken, memory: ByteCount) -> Action {
        switch state {
        case .benchmarking, .serving, .draining:
            let before = workerState
            if leases.updateValue(memory, forKey: lease) == nil { usedMemory = usedMemory + memory }
            return workerState == before ? .none : .stateChanged(workerState)
        case .connected, .disconnected:
            preconditionFailure("worker \(profile.id) is given a task while \(workerState)")
        }
    }

    /// One of its attempts is over. Failures in a row set it aside, longer every time.
    package mutating func leaseEnded(
        _ lease: LeaseToken, result: AttemptResult, now: Moment, configuration: SchedulingConfiguration
    ) -> Action {
        let before = workerState
        if let memory = leases.removeValue(forKey: lease) { usedMemory = usedMemory - memory }
        switch result {
        case .completed:
            failuresInARow = 0
            quarantinedUntil = nil
            awaitsQuarantineEnd = false
        case .failed(let failure) where failure.isRetryable:
            failuresInARow += 1
            let excess = failuresInARow - configuration.quarantineAfterFailures
            if excess >= 0 {
                awaitsQuarantineEnd = true
                quarantinedUntil = now + configuration.quarantine * min(1 << min(excess, 4), 15)
            }
        // What no other worker could do either says nothing about this one.
        case .failed, .interrupted: break
        }
        return workerState == before ? .none : .stateChanged(workerState)
    }

    /// It is to take no new work.
    package mutating func drained() -> Action {
        switch state {
        case .connected, .benchmarking, .serving: state = .draining
        case .draining, .disconnected: return .none
        }
        return .stateChanged(workerState)
    }

    /// It is to take new work again.
    package mutating func undrained() -> Action {
        guard state == .draining else { return .none }
        state = profile.isMeasuring ? .benchmarking : .serving
        return .stateChanged(workerState)
    }

    /// It left, or was lost.
    package mutating func disconnected() -> Action {
        switch state {
        case .connected, .benchmarking, .serving, .draining:
            state = .disconnected
            return .stateChanged(workerState)
        case .disconnected: return .none
        }
    }
}
