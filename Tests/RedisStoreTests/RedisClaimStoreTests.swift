// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import Foundation
import MartletModel
import MartletPorts
import MartletRedisStore
import MartletTestKit
import Synchronization
import Testing

@Suite struct RedisClaimStoreTests {
    private static func store(
        _ url: String, prefix: String = "t:", patience: Duration = .seconds(30), retention: Duration = .seconds(60)
    ) throws -> RedisClaimStore {
        var options = RedisClaimStore.Options()
        options.prefix = prefix
        options.patience = patience
        options.retention = retention
        return RedisClaimStore(at: try RedisAddress(url), options: options)
    }

    private static func granted(_ outcome: ClaimOutcome) throws -> Claim {
        guard case .granted(let claim) = outcome else { throw WaitedInVain(subject: "a claim, not \(outcome)") }
        return claim
    }

    private static func code(_ body: () async throws -> Void) async -> RedisError.Code? {
        do {
            try await body()
            return nil
        } catch {
            return (error as? RedisError)?.code
        }
    }

    @Test func doesWhatEveryClaimStoreDoes() async throws {
        let server = try await RedisServer()
        let number = Mutex(0)
        try await ClaimStoreConformance.exercise(
            make: {
                let own = number.withLock { number in
                    number += 1
                    return number
                }
                return try Self.store(server.url, prefix: "t\(own):")
            }, pass: { try await Task.sleep(for: $0) })
    }

    @Test func anEncryptedRedisIsUsedWhenItsCertificateIsTrusted() async throws {
        let certificates = try await Certificates.made()
        let server = try await RedisServer(
            password: "s3cret", encryption: certificates.own, wantsCertificate: true)
        let (own, foreign) = (certificates.own, certificates.foreign)
        let shown = "cert=\(own.client.certificate)&key=\(own.client.key)"
        let store = try Self.store("rediss://:s3cret@127.0.0.1:\(server.port)/3?cacert=\(own.authority)&\(shown)")
        // More than one record of TLS.
        let key = String(repeating: "k", count: 100_000)
        let news = try await store.news()
        let claim = try Self.granted(try await store.claim(key, owner: "a", ttl: .seconds(60)))
        #expect(try await store.complete(claim, note: String(repeating: "n", count: 100_000)))
        var heard = news.makeAsyncIterator()
        guard case .completed(let completion)? = await heard.next() else { throw WaitedInVain(subject: "news") }
        #expect(completion.key == key && completion.note.count == 100_000)
        // By its name it is the same.
        let named = try Self.store(
            "rediss://default:s3cret@localhost:\(server.port)/3?cacert=\(own.authority)&\(shown)")
        #expect(try await named.completion(of: key) == completion)
        for wrong in [
            // Of another authority, of one that the system does not know, without a certificate, and without TLS.
            "rediss://:s3cret@127.0.0.1:\(server.port)/3?cacert=\(foreign.authority)&\(shown)",
            "rediss://:s3cret@127.0.0.1:\(server.port)/3?\(shown)",
            "rediss://:s3cret@127.0.0.1:\(server.port)/3?cacert=\(own.authority)",
            "redis://:s3cret@127.0.0.1:\(server.port)/3",
        ] {
            let code = await Self.code { try await Self.store(wrong).check() }
            #expect(code == .unreachable || code == .disconnected, "\(wrong): \(String(describing: code))")
        }
        let missing = "rediss://127.0.0.1:\(server.port)?cacert=/nowhere.pem"
        #expect(await Self.code { try await Self.store(missing).check() } == .badAddress)
        // It is found again after a break.
        try await server.stop()
        try await server.start()
        try await waiting(for: "Redis to be found again") {
            while await Self.code({ try await store.check() }) != nil { await Task.yield() }
        }
    }

    @Test func socketPasswordAndDatabaseOfTheAddressAreUsed() async throws {
        let server = try await RedisServer(password: "s3 /:@")
        let secret = "s3%20%2F%3A%40"
        let store = try Self.store("redis://:\(secret)@127.0.0.1:\(server.port)/3")
        let claim = try Self.granted(try await store.claim("k", owner: "a", ttl: .seconds(60)))
        // Another way to the same database, with the name of the user who is always there.
        let named = try Self.store("redis://default:\(secret)@localhost:\(server.port)/3")
        #expect(try await named.renew(claim, ttl: .seconds(60)))
        let elsewhere = try Self.store("redis://:\(secret)@127.0.0.1:\(server.port)/4")
        #expect(try await elsewhere.renew(claim, ttl: .seconds(60)) == false)
        for wrong in [
            "redis://127.0.0.1:\(server.port)", "redis://:no@127.0.0.1:\(server.port)", "unix://\(server.socket)",
        ] {
            #expect(await Self.code { try await Self.store(wrong).check() } == .refused)
        }
        let open = try await RedisServer()
        try await Self.store("unix://\(open.socket)?db=2").check()
        #expect(await Self.code { try await Self.store("redis://127.0.0.1:\(open.port)/99").check() } == .refused)
    }

    @Test func everythingThatIsKeptExpires() async throws {
        let server = try await RedisServer()
        let store = try Self.store(server.url)
        for number in 0..<3 {
            let claim = try Self.granted(try await store.claim("k\(number)", owner: "a", ttl: .seconds(60)))
            if number == 0 { #expect(try await store.complete(claim, note: "")) }
        }
        try await store.announce("a", for: .milliseconds(1))
        let keys = try await server.ask("--raw", "KEYS", "*").split(separator: "\n").sorted()
        #expect(keys == ["t:claim:k1", "t:claim:k2", "t:done:k0", "t:fence", "t:owners"])
        for key in keys where key != "t:fence" {
            let left = try #require(Int(try await server.ask("--raw", "TTL", String(key))))
            #expect((1...60).contains(left))
        }
    }

    @Test func whoWasMissedIsRememberedForAWhileAndWhoIsUnknownIsNotMissed() async throws {
        let server = try await RedisServer()
        let (store, other) = (try Self.store(server.url, retention: .milliseconds(50)), try Self.store(server.url))
        try await store.announce("dead", for: .milliseconds(1))
        _ = try Self.granted(try await other.claim("k", owner: "dead", ttl: .seconds(600)))
        try await server.ask("DEL", "t:owners")
        // Redis has lost it, or was told to forget what was not used for long.
        guard case .held("dead", let remaining) = try await other.claim("k", owner: "b", ttl: .seconds(600)) else {
            throw WaitedInVain(subject: "a claim that is held")
        }
        #expect(remaining > .seconds(60))
        try await other.announce("dead", for: .milliseconds(1))
        try await other.announce("alive", for: .seconds(60))
        #expect(try await server.ask("--raw", "ZCARD", "t:owners") == "2")
        try await Task.sleep(for: .milliseconds(100))
        try await store.announce("alive", for: .seconds(60))
        #expect(try await server.ask("--raw", "ZRANGE", "t:owners", "0", "-1") == "alive")
    }

    @Test func scriptsThatRedisForgotAreGivenAgain() async throws {
        let server = try await RedisServer()
        let store = try Self.store(server.url)
        let first = try Self.granted(try await store.claim("k", owner: "a", ttl: .seconds(60)))
        try await server.ask("SCRIPT", "FLUSH")
        #expect(try await store.renew(first, ttl: .seconds(60)))
        try await server.ask("SCRIPT", "FLUSH")
        #expect(try await store.release(first))
        // Even where all of its data is gone, no fence comes again.
        try await server.ask("FLUSHALL")
        let second = try Self.granted(try await store.claim("k", owner: "b", ttl: .seconds(60)))
        #expect(second.fence > first.fence)
    }

    @Test func whatIsAskedForAtTheSameTimeSharesOneConnection() async throws {
        let server = try await RedisServer()
        let store = try Self.store(server.url)
        try await store.check()
        let before = try await server.ask("--raw", "INFO", "stats").firstMatch(of: /total_connections_received:(\d+)/)?
            .1
        let granted = try await withThrowingTaskGroup(of: Bool.self) { group in
            for number in 0..<2000 {
                group.addTask {
                    let claim = try Self.granted(try await store.claim("k\(number)", owner: "a", ttl: .seconds(60)))
                    return try await store.complete(claim, note: "")
                }
            }
            return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(granted == 2000)
        let after = try await server.ask("--raw", "INFO", "stats").firstMatch(of: /total_connections_received:(\d+)/)?.1
        // The one that counts them is a new one.
        #expect(Int(try #require(after)) == Int(try #require(before)).map { $0 + 1 })
    }

    @Test func nobodyThereIsSaidAtOnce() async throws {
        let nobodys = try ReservedPort()
        let store = try Self.store("redis://127.0.0.1:\(nobodys.number)")
        #expect(await Self.code { try await store.check() } == .unreachable)
        #expect(await Self.code { _ = try await store.news() } == .unreachable)
        withExtendedLifetime(nobodys) {}
        let unknown = try Self.store("redis://no-such-host.invalid")
        #expect(await Self.code { try await unknown.check() } == .unreachable)
    }

    @Test func whatIsNoRedisIsCalledSo() async throws {
        let program = """
            import socket
            listener = socket.create_server(("127.0.0.1", 0))
            print(listener.getsockname()[1], flush=True)
            while True:
                connection = listener.accept()[0]
                connection.sendall(b"HTTP/1.1 400 Bad Request\\r\\n\\r\\n")
            """
        let server = Journal<(line: String, handle: ChildProcess.Handle)>()
        let running = Task {
            try await ChildProcess.run(
                "python3", ["-c", program],
                observer: ChildProcess.Observer(onOutputLine: { server.note(($0, $1)) }))
        }
        let first = try await server.entry(0, "line")
        #expect(await Self.code { try await Self.store("redis://127.0.0.1:\(first.line)").check() } == .badAnswer)
        first.handle.send(9)
        _ = try await running.value
    }

    @Test func connectionThatBreaksAtOnceIsNoConnection() async throws {
        let server = try await RedisServer()
        var faults = FaultyRelay.Faults()
        faults.lifetime = 0...0
        let relay = try FaultyRelay(to: server.port, seed: 1, faults: faults)
        let store = try Self.store("redis://127.0.0.1:\(relay.port)")
        #expect(await Self.code { try await store.check() } == .unreachable)
    }

    @Test func comesBackByItselfAfterRedisWasGone() async throws {
        let server = try await RedisServer(isDurable: true)
        let store = try Self.store(server.url, patience: .seconds(30))
        let claim = try Self.granted(try await store.claim("k", owner: "a", ttl: .seconds(600)))
        var news = try await store.news().makeAsyncIterator()
        try await server.stop()
        // Who listens is told that there is nothing more to be heard.
        #expect(await news.next() == nil)
        // The first call may find the connection as it breaks.
        let code = await Self.code { _ = try await store.renew(claim, ttl: .seconds(600)) }
        #expect(code == .unreachable || code == .disconnected)
        #expect(await Self.code { _ = try await store.renew(claim, ttl: .seconds(600)) } == .unreachable)
        try await server.start()
        // It tries again after pauses; there is no event to wait for from outside.
        let isValid = try await waiting(for: "the store to come back") {
            while true {
                do { return try await store.renew(claim, ttl: .seconds(600)) } catch let error as RedisError {
                    #expect(error.isRetryable)
                    try await Task.sleep(for: .milliseconds(20))
                }
            }
        }
        #expect(isValid)
        news = try await waiting(for: "news to come back") {
            while true {
                do { return try await store.news() } catch { try await Task.sleep(for: .milliseconds(20)) }
            }
        }.makeAsyncIterator()
        #expect(try await store.release(claim))
        #expect(await news.next() == .released(key: "k"))
    }

    @Test func brokenConnectionIsReplacedBeforeTheNextCallFails() async throws {
        let server = try await RedisServer()
        let store = try Self.store(server.url)
        let claim = try Self.granted(try await store.claim("k", owner: "a", ttl: .seconds(60)))
        let stream = try await store.news()
        for _ in 0..<3 {
            try await server.ask("CLIENT", "KILL", "TYPE", "normal")
            // What was on its way when it broke may fail; what comes after does not.
            do { _ = try await store.renew(claim, ttl: .seconds(60)) } catch let error as RedisError {
                #expect(error.code == .disconnected)
            }
            #expect(try await store.renew(claim, ttl: .seconds(60)))
        }
        try await server.ask("CLIENT", "KILL", "TYPE", "pubsub")
        for await _ in stream { Issue.record("nothing happened") }
        _ = try await store.news()
    }

    @Test func silentRedisIsGivenUpInTime() async throws {
        let server = try await RedisServer()
        let store = try Self.store(server.url, patience: .milliseconds(300))
        let claim = try Self.granted(
            try await waiting(for: "a first answer") {
                while true {
                    do { return try await store.claim("k", owner: "a", ttl: .seconds(600)) } catch {
                        try await Task.sleep(for: .milliseconds(20))
                    }
                }
            })
        server.freeze()
        let start = ContinuousClock.now
        let codes = await [
            Self.code { _ = try await store.renew(claim, ttl: .seconds(600)) },
            Self.code { _ = try await store.renew(claim, ttl: .seconds(600)) },
        ]
        #expect(codes == [.timedOut, .unreachable])
        #expect(ContinuousClock.now - start < .seconds(20))
        server.thaw()
        let isValid = try await waiting(for: "the store to come back") {
            while true {
                do { return try await store.renew(claim, ttl: .seconds(600)) } catch {
                    try await Task.sleep(for: .milliseconds(20))
                }
            }
        }
        #expect(isValid)
    }

    @Test func claimWhoseGrantWasNotHeardIsGivenBack() async throws {
        let server = try await RedisServer()
        let store = try Self.store(server.url, patience: .seconds(1))
        let other = try Self.store(server.url)
        try await store.check()
        let stream = try await other.news()
        server.freeze()
        // It lies in the socket of Redis, which grants it when it goes on.
        #expect(await Self.code { _ = try await store.claim("k", owner: "a", ttl: .seconds(600)) } == .timedOut)
        server.thaw()
        let claim = try await waiting(for: "the claim to be given back") {
            var news = stream.makeAsyncIterator()
            while true {
                if case .granted(let claim) = try await other.claim("k", owner: "b", ttl: .seconds(600)) {
                    return claim
                }
                _ = await news.next()
            }
        }
        #expect(claim.owner == "b")
    }
}
