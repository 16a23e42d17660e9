// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import MartletModel
package import MartletPorts

/// A store whose answers are timed.
package struct MeasuredClaimStore: ClaimStore {
    private let store: any ClaimStore
    private let time: any TimeSource
    private let metrics: StreamMetrics

    /// Times the answers of a store.
    package init(_ store: any ClaimStore, time: any TimeSource, metrics: StreamMetrics) {
        self.store = store
        self.time = time
        self.metrics = metrics
    }

    package func claim(_ key: String, owner: String, ttl: Duration) async throws -> ClaimOutcome {
        try await timing("claim") { try await store.claim(key, owner: owner, ttl: ttl) }
    }

    package func announce(_ owner: String, for time: Duration) async throws {
        try await timing("announce") { try await store.announce(owner, for: time) }
    }

    package func renew(_ claim: Claim, ttl: Duration) async throws -> Bool {
        try await timing("renew") { try await store.renew(claim, ttl: ttl) }
    }

    package func release(_ claim: Claim) async throws -> Bool {
        try await timing("release") { try await store.release(claim) }
    }

    package func complete(_ claim: Claim, note: String) async throws -> Bool {
        try await timing("complete") { try await store.complete(claim, note: note) }
    }

    package func completion(of key: String) async throws -> Completion? {
        try await timing("look") { try await store.completion(of: key) }
    }

    package func forget(_ completion: Completion) async throws {
        try await timing("forget") { try await store.forget(completion) }
    }

    package func news() async throws -> AsyncStream<ClaimNews> { try await store.news() }

    private func timing<Value: Sendable>(
        _ operation: String, _ body: () async throws -> Value
    ) async throws -> Value {
        let start = time.now()
        do {
            let value = try await body()
            metrics.claimsAnswered(operation, after: time.now() - start)
            return value
        } catch {
            metrics.claimsFailed(operation)
            throw error
        }
    }
}
