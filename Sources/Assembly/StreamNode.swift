// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import FoundationEssentials
internal import MartletHTTP
internal import MartletHost
internal import MartletModel
internal import MartletPorts
internal import MartletRedisStore
internal import MartletSQLiteStore
internal import MartletStreaming

/// A server of streams as one of several: who makes what, and where the others find it.
struct StreamNode {
    /// What is asked for.
    let configuration: StreamService.Configuration
    /// The node's name, which no other process has.
    let name: String
    /// Tells the time.
    let time: any TimeSource
    /// What was made.
    let cache: SegmentCache
    /// Counts what happens.
    let metrics: StreamMetrics

    /// What makes parts.
    ///
    /// With a Redis, nodes anywhere share the work; else the processes of this machine that have one cache directory.
    ///
    /// - Parameter told: called for what its user should know.
    /// - Throws: `RedisError`, where there is no Redis and it shall not be done without.
    func worker(told: @escaping @Sendable (StreamNotice) -> Void) async throws -> PartWorker {
        let claims = try await claims(told: told)
        var worker = PartWorker.Configuration(owner: "\(name) \(UUID().uuidString.prefix(8).lowercased())")
        worker.claimTime = configuration.claimTime
        worker.token = configuration.token
        return PartWorker(
            worker,
            with: .init(claims: claims, cache: cache, caller: CurlCaller(), time: time, metrics: metrics) { notice in
                told(.part(notice))
            })
    }

    private func claims(told: @escaping @Sendable (StreamNotice) -> Void) async throws -> any ClaimStore {
        let own = MemoryClaimStore(time: time)
        guard let address = configuration.redis else {
            guard FileSystem.isOwn(configuration.cacheDirectory),
                let file = try? await SQLiteClaimStore.open(
                    path: configuration.cacheDirectory + "/claims.sqlite", time: time)
            else { return own }
            // This process has the name's lock, so whoever had the name before it is gone.
            try? await file.releaseAll(ofOwnersNamed: name + " ")
            return FallbackClaimStore(file, else: own, time: time, metrics: metrics)
        }
        let redis = RedisClaimStore(at: address)
        let shared = MeasuredClaimStore(redis, time: time, metrics: metrics)
        do {
            try await redis.check()
        } catch let error as RedisError where configuration.fallsBack {
            told(.warning("\(error.message); until it is reached, this node works alone"))
        }
        guard configuration.fallsBack else { return shared }
        return FallbackClaimStore(shared, else: own, time: time, metrics: metrics)
    }

    /// Where other nodes reach this one; empty where they cannot.
    func address(port: Int) async -> String {
        guard let redis = configuration.redis else { return "" }
        var host = configuration.host
        if host == "0.0.0.0" || host == "::" {
            // Who reaches the same Redis reaches the address that Redis is reached from.
            guard let found = await OwnAddress.reaching(redis.host ?? "127.0.0.1") else { return "" }
            host = found
        }
        return "http://\(Authority(host, port: port))"
    }
}
