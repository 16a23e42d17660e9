// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import MartletModel
import Synchronization

/// A `ClaimStore` for one process.
package final class MemoryClaimStore: ClaimStore {
    private struct Contents {
        var claims: [String: (claim: Claim, until: Moment)] = [:]
        var completions: [String: Completion] = [:]
        var lastFence: Int64 = 0
        var listeners: [Int: AsyncStream<Completion>.Continuation] = [:]
        var lastListener = 0
    }

    private let contents = Mutex(Contents())
    private let time: any TimeSource

    /// Makes an empty store.
    package init(time: any TimeSource) { self.time = time }

    package func claim(_ key: String, owner: String, ttl: Duration) async throws -> ClaimOutcome {
        let now = time.now()
        return contents.withLock { contents in
            if let completion = contents.completions[key] { return .completed(completion) }
            if let held = contents.claims[key], now < held.until {
                return .held(owner: held.claim.owner, remaining: held.until - now)
            }
            contents.lastFence += 1
            let claim = Claim(key: key, owner: owner, fence: contents.lastFence)
            contents.claims[key] = (claim, now + ttl)
            return .granted(claim)
        }
    }

    package func renew(_ claim: Claim, ttl: Duration) async throws -> Bool {
        let now = time.now()
        return contents.withLock { contents in
            guard Self.isValid(claim, contents, now) else { return false }
            contents.claims[claim.key] = (claim, now + ttl)
            return true
        }
    }

    package func release(_ claim: Claim) async throws -> Bool {
        let now = time.now()
        return contents.withLock { contents in
            guard Self.isValid(claim, contents, now) else { return false }
            contents.claims[claim.key] = nil
            return true
        }
    }

    package func complete(_ claim: Claim, note: String) async throws -> Bool {
        let now = time.now()
        return contents.withLock { contents in
            guard Self.isValid(claim, contents, now) else { return false }
            contents.claims[claim.key] = nil
            let completion = Completion(key: claim.key, owner: claim.owner, fence: claim.fence, note: note)
            contents.completions[claim.key] = completion
            // Within the lock, so that all hear them in one order.
            for listener in contents.listeners.values { listener.yield(completion) }
            return true
        }
    }

    package func completion(of key: String) async throws -> Completion? {
        contents.withLock { $0.completions[key] }
    }

    package func forget(_ completion: Completion) async throws {
        contents.withLock { contents in
            if contents.completions[completion.key] == completion { contents.completions[completion.key] = nil }
        }
    }

    package func completions() async throws -> AsyncStream<Completion> {
        let (stream, continuation) = AsyncStream.makeStream(of: Completion.self)
        let number = contents.withLock { contents in
            contents.lastListener += 1
            contents.listeners[contents.lastListener] = continuation
            return contents.lastListener
        }
        continuation.onTermination = { [weak self] _ in self?.stopTelling(number) }
        return stream
    }

    private func stopTelling(_ number: Int) {
        contents.withLock { $0.listeners[number] = nil }
    }

    private static func isValid(_ claim: Claim, _ contents: borrowing Contents, _ now: Moment) -> Bool {
        contents.claims[claim.key].map { $0.claim == claim && now < $0.until } ?? false
    }
}
