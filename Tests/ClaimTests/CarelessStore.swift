// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletHost
import MartletPorts
import Synchronization

/// A store that does one thing wrong.
final class CarelessStore: ClaimStore {
    enum Fault: Sendable {
        /// Claims that have expired can be renewed and completed.
        case expired
        /// Whoever held the key once may give back the claim of the one who has it.
        case foreign
        /// A completion is lost now and then.
        case forgetful
        /// Fences start anew now and then.
        case fences
        /// Owners are missed before their time.
        case missing
    }

    private let fault: Fault
    private let time = SystemTime()
    private let memory: MemoryClaimStore
    /// Of the keys the latest claim, and how often anything was asked for.
    private let latest = Mutex<(claims: [String: Claim], calls: Int)>(([:], 0))

    init(_ fault: Fault) {
        self.fault = fault
        memory = MemoryClaimStore(time: time)
    }

    func claim(_ key: String, owner: String, ttl: Duration) async throws -> ClaimOutcome {
        var outcome = try await memory.claim(key, owner: owner, ttl: ttl)
        if case .granted(var claim) = outcome {
            latest.withLock { $0.claims[key] = claim }
            if fault == .fences {
                claim.fence = 1 + claim.fence % 5
                outcome = .granted(claim)
            }
        }
        return outcome
    }

    func announce(_ owner: String, for time: Duration) async throws {
        try await memory.announce(owner, for: fault == .missing ? time / 4 : time)
    }

    func renew(_ claim: Claim, ttl: Duration) async throws -> Bool {
        let isDone = try await memory.renew(claim, ttl: ttl)
        return isDone || fault == .expired
    }

    func release(_ claim: Claim) async throws -> Bool {
        let holder = latest.withLock { $0.claims[claim.key] }
        if fault == .foreign, let holder { return try await memory.release(holder) }
        return try await memory.release(claim)
    }

    func complete(_ claim: Claim, note: String) async throws -> Bool {
        let isDone = try await memory.complete(claim, note: note)
        let calls = latest.withLock { latest in
            latest.calls += 1
            return latest.calls
        }
        if fault == .forgetful, isDone, calls.isMultiple(of: 3), let made = try await memory.completion(of: claim.key) {
            try await memory.forget(made)
        }
        return isDone
    }

    func completion(of key: String) async throws -> Completion? { try await memory.completion(of: key) }
    func forget(_ completion: Completion) async throws { try await memory.forget(completion) }
    func news() async throws -> AsyncStream<ClaimNews> { try await memory.news() }
}
