// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletModel

/// The life of one worker, from joining to leaving.
///
/// ```
/// connected --ready--> idle <--leases--> processing --drain--> draining --gone--> disconnected
/// ```
/// Every state can end in `disconnected`; a worker that comes back is a new machine.
package struct WorkerMachine: Equatable, Sendable {
    /// What the worker does.
    package enum State: Equatable, Sendable {
        /// It joined, and takes no work yet.
        case connected
        /// It takes work; it holds these leases, each with its task's memory.
        case serving([LeaseToken: ByteCount])
        /// It takes no new work; it still holds these leases.
        case draining([LeaseToken: ByteCount])
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
    package let profile: WorkerProfile
    /// What it does.
    package private(set) var state: State = .connected
    /// When the last message came.
    package private(set) var lastHeard: Moment
    /// Attempts that failed one after the other, up to now.
    package private(set) var failuresInARow = 0
    /// When it takes work again after too many failures; in the past, or `nil`, when nothing is held against it.
    package private(set) var quarantinedUntil: Moment?

    /// Makes the machine of a worker that joins now.
    package init(_ profile: WorkerProfile, now: Moment) {
        self.profile = profile
        lastHeard = now
    }

    /// The state's public name.
    package var workerState: WorkerState {
        switch state {
        case .connected: .connected
        case .serving(let leases): leases.isEmpty ? .idle : .processing
        case .draining: .draining
        case .disconnected: .disconnected
        }
    }

    /// The leases that it holds.
    package var leases: [LeaseToken: ByteCount] {
        switch state {
        case .serving(let leases), .draining(let leases): leases
        case .connected, .disconnected: [:]
        }
    }

    /// Whether it takes work at all.
    package var isServing: Bool { if case .serving = state { true } else { false } }

    /// Whether it is set aside now for its failures.
    package func isQuarantined(now: Moment) -> Bool { quarantinedUntil.map { now < $0 } ?? false }

    /// How well it is.
    package func health(now: Moment) -> WorkerHealth {
        if state == .disconnected { return .offline }
        if isQuarantined(now: now) { return .unhealthy }
        return failuresInARow == 0 ? .healthy : .degraded
    }

    /// It as placement sees it.
    package var offer: WorkerOffer {
        let leases = leases
        return WorkerOffer(
            profile: profile, running: leases.count, usedMemory: leases.values.reduce(ByteCount(0)) { $0 + $1 })
    }

    /// It takes work from now on.
    package mutating func ready() -> Action {
        switch state {
        case .connected:
            state = .serving([:])
            return .stateChanged(workerState)
        case .serving, .draining, .disconnected: return .none
        }
    }

    /// A message came.
    package mutating func heard(now: Moment) {
        lastHeard = max(lastHeard, now)
    }

    /// It was given a task.
    package mutating func leaseGranted(_ lease: LeaseToken, memory: ByteCount) -> Action {
        switch state {
        case .serving(var leases):
            let before = workerState
            leases[lease] = memory
            state = .serving(leases)
            return workerState == before ? .none : .stateChanged(workerState)
        case .connected, .draining, .disconnected:
            preconditionFailure("worker \(profile.id) is given a task while \(workerState)")
        }
    }

    /// One of its attempts is over. Failures in a row set it aside, longer every time.
    package mutating func leaseEnded(
        _ lease: LeaseToken, result: AttemptResult, now: Moment, configuration: SchedulingConfiguration
    ) -> Action {
        let before = workerState
        switch state {
        case .serving(var leases):
            leases[lease] = nil
            state = .serving(leases)
        case .draining(var leases):
            leases[lease] = nil
            state = .draining(leases)
        case .connected, .disconnected: return .none
        }
        switch result {
        case .completed:
            failuresInARow = 0
            quarantinedUntil = nil
        case .failed(let failure) where failure.isRetryable:
            failuresInARow += 1
            let excess = failuresInARow - configuration.quarantineAfterFailures
            if excess >= 0 {
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
        case .connected: state = .draining([:])
        case .serving(let leases): state = .draining(leases)
        case .draining, .disconnected: return .none
        }
        return .stateChanged(workerState)
    }

    /// It left, or was lost.
    package mutating func disconnected() -> Action {
        switch state {
        case .connected, .serving, .draining:
            state = .disconnected
            return .stateChanged(workerState)
        case .disconnected: return .none
        }
    }
}
