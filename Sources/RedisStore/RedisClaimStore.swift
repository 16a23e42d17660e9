// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import MartletModel
package import MartletPorts
internal import Synchronization

/// A `ClaimStore` in Redis, 5.0 or later, or in what speaks like it.
///
/// Every call is one step in Redis and one round trip; calls of any number of
/// tasks share one connection and do not wait for one another. While there is
/// no connection, calls fail at once, and connecting is tried again and again.
///
/// Claims expire by the clock of Redis, completions after the retention, so
/// that nothing is left of films that nobody watches any more. What a Redis
/// that is set to forget keys when its memory is full throws away is made anew.
package final class RedisClaimStore: ClaimStore {
    /// The figures behind it.
    package struct Options: Sendable {
        /// Stands before every key.
        package var prefix = "martlet:"
        /// How long an answer may take, and the making of a connection.
        package var patience: Duration = .seconds(2)
        /// How long completions are kept, and who is missed is remembered.
        package var retention: Duration = .seconds(86_400)

        /// Makes the default options.
        package init() {}
    }

    /// Claims that may have been granted unheard.
    private final class Strays: Sendable {
        private let list = Mutex<[(key: String, nonce: String)]>([])

        func add(_ key: String, nonce: String) {
            list.withLock { list in
                // Those that were granted long ago expire by themselves.
                if list.count == 1000 { list.removeFirst() }
                list.append((key, nonce))
            }
        }

        func take() -> [(key: String, nonce: String)] {
            list.withLock { list in
                defer { list = [] }
                return list
            }
        }
    }

    private let address: RedisAddress
    private let options: Options
    private let line: RedisLine
    private let strays = Strays()
    private let digests = Mutex<[ClaimScript: String]>([:])
    private let feed = Mutex<NewsFeed?>(nil)

    /// Makes a store and begins to connect.
    package init(at address: RedisAddress, options: Options = Options()) {
        self.address = address
        self.options = options
        line = RedisLine(to: address, patience: Self.patience(options)) { [strays] news in
            guard case .up(let sender) = news else { return }
            for stray in strays.take() {
                sender.send([
                    "EVAL", ClaimScript.disown.rawValue, "1", Self.claimKey(stray.key, options), stray.nonce,
                    Self.channel(address, options), ClaimText.text(of: .released(key: stray.key)),
                ]) { _ in }
            }
        }
    }

    /// Waits until Redis answers.
    ///
    /// - Throws: `RedisError`, where it does not.
    package func check() async throws { _ = try answer(try await line.ask(["PING"])) }

    package func claim(_ key: String, owner: String, ttl: Duration) async throws -> ClaimOutcome {
        let nonce = String(UInt64.random(in: 0...(.max)), radix: 16)
        let reply: RedisReply
        do {
            reply = try await run(
                .claim, keys: [claimKey(key), doneKey(key), options.prefix + "fence", ownersKey],
                [nonce, owner, milliseconds(ttl)])
        } catch let error as RedisError where error.mayBeDone {
            strays.add(key, nonce: nonce)
            throw error
        }
        let parts = reply.list ?? []
        switch (parts.first?.text, parts.dropFirst().first?.text) {
        case ("granted", let fence?):
            if let fence = Int64(fence) { return .granted(Claim(key: key, owner: owner, fence: fence)) }
        case ("held", let text?):
            let words = text.split(separator: " ", maxSplits: 2, omittingEmptySubsequences: false)
            if words.count == 3, parts.count == 3, let left = parts[2].integer {
                return .held(owner: String(words[2]), remaining: .milliseconds(max(1, left)))
            }
        case ("completed", let text?):
            if let completion = ClaimText.completion(text) { return .completed(completion) }
        default: break
        }
        throw strange(reply)
    }

    package func announce(_ owner: String, for time: Duration) async throws {
        _ = try await run(
            .announce, keys: [ownersKey], [owner, milliseconds(time), milliseconds(options.retention)])
    }

    package func renew(_ claim: Claim, ttl: Duration) async throws -> Bool {
        try await isDone(.renew, keys: [claimKey(claim.key)], ["\(claim.fence)", claim.owner, milliseconds(ttl)])
    }

    package func release(_ claim: Claim) async throws -> Bool {
        try await isDone(
            .release, keys: [claimKey(claim.key)],
            ["\(claim.fence)", claim.owner, channel, ClaimText.text(of: .released(key: claim.key))])
    }

    package func complete(_ claim: Claim, note: String) async throws -> Bool {
        let completion = Completion(key: claim.key, owner: claim.owner, fence: claim.fence, note: note)
        return try await isDone(
            .complete, keys: [claimKey(claim.key), doneKey(claim.key)],
            [
                "\(claim.fence)", claim.owner, channel, ClaimText.text(of: .completed(completion)),
                ClaimText.text(of: completion), milliseconds(options.retention),
            ])
    }

    package func completion(of key: String) async throws -> Completion? {
        let reply = try answer(try await line.ask(["GET", doneKey(key)]))
        if reply == .absent { return nil }
        guard let completion = reply.text.flatMap(ClaimText.completion) else { throw strange(reply) }
        return completion
    }

    package func forget(_ completion: Completion) async throws {
        _ = try await run(.forget, keys: [doneKey(completion.key)], [ClaimText.text(of: completion)])
    }

    package func news() async throws -> AsyncStream<ClaimNews> {
        let feed = feed.withLock { feed in
            let present = feed ?? NewsFeed(to: address, channel: channel, patience: Self.patience(options))
            feed = present
            return present
        }
        return try await feed.news()
    }

    // MARK: Scripts

    private func isDone(_ script: ClaimScript, keys: [String], _ arguments: [String]) async throws -> Bool {
        let reply = try await run(script, keys: keys, arguments)
        guard let number = reply.integer else { throw strange(reply) }
        return number == 1
    }

    private func run(_ script: ClaimScript, keys: [String], _ arguments: [String]) async throws -> RedisReply {
        let rest = ["\(keys.count)"] + keys + arguments
        let reply = try await line.ask(["EVALSHA", try await digest(of: script)] + rest)
        // It started anew, or somebody had it forget its scripts.
        if case .refusal(let text) = reply, text.hasPrefix("NOSCRIPT") {
            return try answer(try await line.ask(["EVAL", script.rawValue] + rest))
        }
        return try answer(reply)
    }

    /// The name that Redis knows a script by.
    private func digest(of script: ClaimScript) async throws -> String {
        if let digest = digests.withLock({ $0[script] }) { return digest }
        let reply = try answer(try await line.ask(["SCRIPT", "LOAD", script.rawValue]))
        guard let digest = reply.text else { throw strange(reply) }
        digests.withLock { $0[script] = digest }
        return digest
    }

    private func answer(_ reply: RedisReply) throws -> RedisReply {
        if case .refusal(let text) = reply { throw RedisError(refusal: text, by: address) }
        return reply
    }

    private func strange(_ reply: RedisReply) -> RedisError {
        RedisError(
            .badAnswer, "Redis at \(address) answers what it should not: \(reply)",
            advice: "Look whether another program uses the same keys.")
    }

    // MARK: Names

    private func claimKey(_ key: String) -> String { Self.claimKey(key, options) }
    private func doneKey(_ key: String) -> String { options.prefix + "done:" + key }
    private var ownersKey: String { options.prefix + "owners" }
    private var channel: String { Self.channel(address, options) }

    private static func claimKey(_ key: String, _ options: Options) -> String { options.prefix + "claim:" + key }

    /// Channels are those of all databases.
    private static func channel(_ address: RedisAddress, _ options: Options) -> String {
        options.prefix + "news:\(address.database)"
    }

    private static func patience(_ options: Options) -> RedisLine.Patience {
        var patience = RedisLine.Patience()
        patience.answer = options.patience
        return patience
    }

    private func milliseconds(_ duration: Duration) -> String { "\(max(1, duration.nanoseconds / 1_000_000))" }
}
