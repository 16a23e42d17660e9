// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import Dispatch
import FoundationEssentials
import MartletCoordinator
import MartletHTTP
import MartletHost
import MartletModel
import MartletPorts
import MartletRedisStore
import MartletSQLiteStore
import MartletStreaming

/// A server of streams as one of several: who makes what, and where the others find it.
struct StreamNode {
    /// What is asked for.
    let request: StreamRequest
    /// The node's name.
    let name: String
    /// Tells the time.
    let time: any TimeSource
    /// What was made.
    let cache: SegmentCache
    /// Counts what happens.
    let metrics: StreamMetrics

    private var settings: StreamSettings { request.settings }

    /// What makes parts.
    ///
    /// With a Redis, nodes anywhere share the work; else the processes of this machine that have one cache directory.
    ///
    /// - Parameter told: called for what its user should know.
    /// - Throws: `RedisError`, where there is no Redis and it shall not be done without.
    func worker(told: @escaping @Sendable (StreamNotice) -> Void) async throws -> PartWorker {
        let claims = try await claims(told: told)
        var configuration = PartWorker.Configuration(owner: "\(name) \(UUID().uuidString.prefix(8).lowercased())")
        configuration.claimTime = .milliseconds(settings.claimMilliseconds)
        configuration.token = request.tokens?.presentable(atMilliseconds: time.wallMilliseconds())
        return PartWorker(
            configuration,
            with: .init(claims: claims, cache: cache, caller: CurlCaller(), time: time, metrics: metrics) { notice in
                told(.part(notice))
            })
    }

    private func claims(told: @escaping @Sendable (StreamNotice) -> Void) async throws -> any ClaimStore {
        let own = MemoryClaimStore(time: time)
        guard let address = request.redis else {
            guard FileSystem.isOwn(request.cacheDirectory),
                let file = try? await SQLiteClaimStore.open(
                    path: request.cacheDirectory + "/claims.sqlite", time: time)
            else { return own }
            // This process has the name's lock, so whoever had the name before it is gone.
            try? await file.releaseAll(ofOwnersNamed: name + " ")
            return FallbackClaimStore(file, else: own, time: time, metrics: metrics)
        }
        let redis = RedisClaimStore(at: address)
        let shared = MeasuredClaimStore(redis, time: time, metrics: metrics)
        do {
            try await redis.check()
        } catch let error as RedisError where settings.fallsBack {
            told(.warning("\(error.message) Until it is reached, this node works alone."))
        }
        guard settings.fallsBack else { return shared }
        return FallbackClaimStore(shared, else: own, time: time, metrics: metrics)
    }

    /// Where other nodes reach this one; empty where they cannot.
    func address(port: Int) async -> String {
        guard let redis = request.redis else { return "" }
        var host = settings.host
        if host == "0.0.0.0" || host == "::" {
            // Who reaches the same Redis reaches the address that Redis is reached from.
            let found = await Self.resolving { OwnAddress.reaching(redis.host ?? "127.0.0.1") }
            guard let found else { return "" }
            host = found
        }
        return "http://\(host.contains(":") ? "[\(host)]" : host):\(port)"
    }

    /// Runs what may wait for a name server for long.
    private static func resolving<Result: Sendable>(_ body: @escaping @Sendable () -> Result) async -> Result {
        await withCheckedContinuation { continuation in
            DispatchQueue(label: "martlet host names").async { continuation.resume(returning: body()) }
        }
    }
}
