// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import MartletModel
package import MartletPorts
internal import Synchronization

/// A store that several nodes share, and one of this node's own for as long as that cannot be reached.
///
/// Meanwhile this node makes whatever its viewers want, even what another node
/// makes, too: the bytes are the same. Claims of both stores go on where they
/// were granted; one that was granted by the shared store goes on in the own
/// one when it cannot be renewed there. When the shared store is back it is told
/// what this node has made, so that nobody makes it again, even where that store
/// has lost everything.
package final class FallbackClaimStore: ClaimStore {
    private struct Contents {
        /// Whether the shared store is out of reach.
        var isLost = false
        /// The claims that the own store has taken over, and under which claim.
        var adopted: [Claim: Claim] = [:]
        /// The claims that the own store has granted.
        var own: Set<Claim> = []
        /// What was made here, by its key: all others may have to be told of it anew.
        var made: [String: (owner: String, note: String, number: Int)] = [:]
        var lastMade = 0
        /// Who waits until the shared store is back.
        var waiting: [Int: CheckedContinuation<Void, Never>] = [:]
        var lastWaiter = 0
        var probe: Task<Void, Never>?
    }

    /// The pauses between looks for the shared store.
    private static let firstPause: Duration = .milliseconds(200)
    private static let longestPause: Duration = .seconds(2)
    /// How much of what was made is remembered, and how much of it is told at a time.
    private static let (madeLimit, tellingLimit) = (4096, 64)

    private let shared: any ClaimStore
    private let own: MemoryClaimStore
    private let time: any TimeSource
    private let metrics: StreamMetrics
    private let contents = Mutex(Contents())

    /// Makes a store.
    ///
    /// - Parameters:
    ///   - shared: what is used when it can be reached.
    ///   - own: what is used else.
    package init(_ shared: any ClaimStore, else own: MemoryClaimStore, time: any TimeSource, metrics: StreamMetrics) {
        self.shared = shared
        self.own = own
        self.time = time
        self.metrics = metrics
        metrics.shares(true)
    }

    deinit { contents.withLock { $0.probe }?.cancel() }

    /// Whether the shared store is out of reach, so that this node works alone.
    var isAlone: Bool { contents.withLock { $0.isLost } }

    package func claim(_ key: String, owner: String, ttl: Duration) async throws -> ClaimOutcome {
        let outcome = await trying { try await shared.claim(key, owner: owner, ttl: ttl) }
        if let outcome {
            metrics.claimed(locally: false)
            return outcome
        }
        metrics.claimed(locally: true)
        let local = try await own.claim(key, owner: owner, ttl: ttl)
        if case .granted(let claim) = local { contents.withLock { _ = $0.own.insert(claim) } }
        return local
    }

    /// Tells the shared store alone: the own one is for this process, which does not miss itself.
    ///
    /// - Throws: `StreamingError` `notReady` when that is out of reach.
    package func announce(_ owner: String, for time: Duration) async throws {
        let told: Void? = await trying { try await shared.announce(owner, for: time) }
        guard told != nil else {
            throw StreamingError(.notReady, "The claims that nodes share are out of reach.", isRetryable: true)
        }
    }

    package func renew(_ claim: Claim, ttl: Duration) async throws -> Bool {
        if let local = local(claim) { return try await own.renew(local, ttl: ttl) }
        if let isDone = await trying({ try await shared.renew(claim, ttl: ttl) }) { return isDone }
        // Nobody can be asked who else would make it: it is gone on with.
        guard case .granted(let local) = try await own.claim(claim.key, owner: claim.owner, ttl: ttl) else {
            return false
        }
        contents.withLock { $0.adopted[claim] = local }
        metrics.claimed(locally: true)
        return true
    }

    package func release(_ claim: Claim) async throws -> Bool {
        guard let local = local(claim) else {
            return await trying { try await shared.release(claim) } ?? false
        }
        drop(claim)
        return try await own.release(local)
    }

    package func complete(_ claim: Claim, note: String) async throws -> Bool {
        remember(claim, note: note)
        guard let local = local(claim) else {
            if let isDone = await trying({ try await shared.complete(claim, note: note) }) { return isDone }
            guard case .granted(let local) = try await own.claim(claim.key, owner: claim.owner, ttl: .seconds(60))
            else {
                return false
            }
            return try await own.complete(local, note: note)
        }
        drop(claim)
        let isDone = try await own.complete(local, note: note)
        // The others may know of it as soon as they can be told.
        await tell(claim.key, owner: claim.owner, note: note)
        return isDone
    }

    package func completion(of key: String) async throws -> Completion? {
        if let there = await trying({ try await shared.completion(of: key) }) { return there }
        return try await own.completion(of: key)
    }

    package func forget(_ completion: Completion) async throws {
        try await own.forget(completion)
        _ = await trying { try await shared.forget(completion) }
    }

    /// What the shared store tells; waits for it while it is out of reach.
    package func news() async throws -> AsyncStream<ClaimNews> {
        while true {
            await back()
            try Task.checkCancellation()
            do {
                return try await shared.news()
            } catch {
                // What cannot be listened to may still answer.
                let isThere = await trying {
                    _ = try await shared.completion(of: "")
                    return true
                }
                if isThere == true { try await time.sleep(until: time.now() + Self.longestPause) }
            }
        }
    }

    private func local(_ claim: Claim) -> Claim? {
        contents.withLock { $0.own.contains(claim) ? claim : $0.adopted[claim] }
    }

    private func remember(_ claim: Claim, note: String) {
        contents.withLock { contents in
            contents.lastMade += 1
            contents.made[claim.key] = (claim.owner, note, contents.lastMade)
            // The older half goes at once, so that most calls have nothing to look for.
            guard contents.made.count > Self.madeLimit else { return }
            let oldest = contents.lastMade - Self.madeLimit / 2
            contents.made = contents.made.filter { $0.value.number > oldest }
        }
    }

    /// Tells all others of something that was made here, unless they know of it or make it themselves.
    private func tell(_ key: String, owner: String, note: String) async {
        _ = await trying {
            if case .granted(let late) = try await shared.claim(key, owner: owner, ttl: .seconds(10)) {
                _ = try await shared.complete(late, note: note)
            }
        }
    }

    /// Tells all others of everything that was made here.
    private func tellAll() async {
        var rest = contents.withLock { $0.made }.map { $0 }[...]
        while !rest.isEmpty {
            await withTaskGroup(of: Void.self) { group in
                for (key, made) in rest.prefix(Self.tellingLimit) {
                    group.addTask { await self.tell(key, owner: made.owner, note: made.note) }
                }
            }
            rest = rest.dropFirst(Self.tellingLimit)
        }
    }

    private func drop(_ claim: Claim) {
        contents.withLock { contents in
            contents.own.remove(claim)
            contents.adopted[claim] = nil
        }
    }

    // MARK: Lost and found

    /// What the shared store answers; `nil` when it is out of reach.
    private func trying<Value: Sendable>(_ body: () async throws -> Value) async -> Value? {
        guard !contents.withLock({ $0.isLost }) else { return nil }
        do {
            return try await body()
        } catch {
            lose()
            return nil
        }
    }

    private func lose() {
        contents.withLock { contents in
            guard !contents.isLost else { return }
            contents.isLost = true
            metrics.shares(false)
            contents.probe = Task { [weak self, shared, time] in
                var pause = Self.firstPause
                while !Task.isCancelled {
                    try? await time.sleep(until: time.now() + pause)
                    pause = min(pause * 2, Self.longestPause)
                    do {
                        _ = try await shared.completion(of: "")
                        break
                    } catch {
                        continue
                    }
                }
                await self?.find()
            }
        }
    }

    private func find() async {
        contents.withLock { contents in
            contents.isLost = false
            contents.probe = nil
        }
        await tellAll()
        let waiting = contents.withLock { contents in
            // It may be lost once more.
            guard !contents.isLost else { return [CheckedContinuation<Void, Never>]() }
            metrics.shares(true)
            defer { contents.waiting = [:] }
            return Array(contents.waiting.values)
        }
        for continuation in waiting { continuation.resume() }
    }

    /// Returns when the shared store is in reach, or the calling task is cancelled.
    private func back() async {
        let number = contents.withLock { contents in
            contents.lastWaiter += 1
            return contents.lastWaiter
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let mustWait = contents.withLock { contents in
                    guard contents.isLost, !Task.isCancelled else { return false }
                    contents.waiting[number] = continuation
                    return true
                }
                if !mustWait { continuation.resume() }
            }
        } onCancel: {
            contents.withLock { $0.waiting.removeValue(forKey: number) }?.resume()
        }
    }
}
