// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import MartletModel
import Synchronization

/// A `ClaimStore` for one process.
///
/// It knows the newest completions only; what it has forgotten can be claimed
/// again.
package final class MemoryClaimStore: ClaimStore {
    private struct Contents {
        var claims: [String: (claim: Claim, until: Moment)] = [:]
        /// When owners are missed.
        var owners: [String: Moment] = [:]
        var completions: [String: (completion: Completion, number: Int64)] = [:]
        var lastFence: Int64 = 0
        var listeners: [Int: AsyncStream<ClaimNews>.Continuation] = [:]
        var lastListener = 0
        /// How many completions there were.
        var lastCompletion: Int64 = 0

        func tell(_ news: ClaimNews) {
            for listener in listeners.values { listener.yield(news) }
        }
    }

    private let contents = Mutex(Contents())
    private let time: any TimeSource
    private let completionLimit: Int

    /// Makes an empty store.
    ///
    /// - Parameter completionLimit: how many completions it keeps at the most.
    package init(time: any TimeSource, completionLimit: Int = 100_000) {
        self.time = time
        self.completionLimit = completionLimit
    }

    package func claim(_ key: String, owner: String, ttl: Duration) async throws -> ClaimOutcome {
        contents.withLock { contents in
            let now = time.now()
            if let (completion, _) = contents.completions[key] { return .completed(completion) }
            if let held = contents.claims[key] {
                let end = min(held.until, contents.owners[held.claim.owner] ?? held.until)
                if now < end { return .held(owner: held.claim.owner, remaining: end - now) }
            }
            contents.lastFence += 1
            let claim = Claim(key: key, owner: owner, fence: contents.lastFence)
            contents.claims[key] = (claim, now + ttl)
            return .granted(claim)
        }
    }

    package func announce(_ owner: String, for time: Duration) async throws {
        let end = self.time.now() + time
        contents.withLock { $0.owners[owner] = end }
    }

    package func renew(_ claim: Claim, ttl: Duration) async throws -> Bool {
        contents.withLock { contents in
            let now = time.now()
            guard Self.isValid(claim, contents, now) else { return false }
            contents.claims[claim.key] = (claim, now + ttl)
            return true
        }
    }

    package func release(_ claim: Claim) async throws -> Bool {
        contents.withLock { contents in
            let now = time.now()
            guard Self.isValid(claim, contents, now) else { return false }
            contents.claims[claim.key] = nil
            // Within the lock, so that all hear of everything in one order.
            contents.tell(.released(key: claim.key))
            return true
        }
    }

    package func complete(_ claim: Claim, note: String) async throws -> Bool {
        contents.withLock { contents in
            let now = time.now()
            guard Self.isValid(claim, contents, now) else { return false }
            contents.claims[claim.key] = nil
            let completion = Completion(key: claim.key, owner: claim.owner, fence: claim.fence, note: note)
            contents.lastCompletion += 1
            contents.completions[claim.key] = (completion, contents.lastCompletion)
            // The older half goes at once, so that most calls have nothing to look for.
            if contents.completions.count > completionLimit {
                let oldest = contents.lastCompletion - Int64(completionLimit / 2)
                contents.completions = contents.completions.filter { $0.value.number > oldest }
            }
            contents.tell(.completed(completion))
            return true
        }
    }

    package func completion(of key: String) async throws -> Completion? {
        contents.withLock { $0.completions[key]?.completion }
    }

    package func forget(_ completion: Completion) async throws {
        contents.withLock { contents in
            if contents.completions[completion.key]?.completion == completion {
                contents.completions[completion.key] = nil
            }
        }
    }

    package func news() async throws -> AsyncStream<ClaimNews> {
        let (stream, continuation) = AsyncStream.makeStream(of: ClaimNews.self)
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
