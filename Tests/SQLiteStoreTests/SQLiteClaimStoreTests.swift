// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import Foundation
import MartletModel
import MartletPorts
import MartletTestKit
import Testing

@testable import MartletSQLiteStore

@Suite struct SQLiteClaimStoreTests {
    let directory: ScratchDirectory
    let clock = ManualClock()

    init() throws { directory = try ScratchDirectory() }

    private func store(retention: Duration = .seconds(3600)) async throws -> SQLiteClaimStore {
        try await SQLiteClaimStore.open(path: directory.file("claims.sqlite"), time: clock, retention: retention)
    }

    private func granted(_ outcome: ClaimOutcome) throws -> Claim {
        guard case .granted(let claim) = outcome else { throw WaitedInVain(subject: "a claim, not \(outcome)") }
        return claim
    }

    @Test func doesWhatEveryClaimStoreDoes() async throws {
        let (directory, clock) = (directory, clock)
        try await ClaimStoreConformance.exercise(
            make: { try await SQLiteClaimStore.open(path: directory.file(UUID().uuidString), time: clock) },
            pass: { clock.advance(by: $0) })
    }

    @Test func storesOfOneFileKnowTheSameClaimsAndHearOfEachOther() async throws {
        let (one, two) = (try await store(), try await store())
        let claim = try granted(try await one.claim("k", owner: "a", ttl: .seconds(60)))
        #expect(try await two.claim("k", owner: "b", ttl: .seconds(60)) == .held(owner: "a", remaining: .seconds(60)))
        var heard = try await two.news().makeAsyncIterator()
        #expect(try await one.release(claim))
        #expect(await heard.next() == .released(key: "k"))
        let second = try granted(try await one.claim("k", owner: "a", ttl: .seconds(60)))
        #expect(try await one.complete(second, note: "n"))
        #expect(await heard.next() == .completed(Completion(key: "k", owner: "a", fence: second.fence, note: "n")))
        // Its own changes come the same way.
        let third = try granted(try await two.claim("l", owner: "a", ttl: .seconds(60)))
        #expect(try await two.release(third))
        #expect(await heard.next() == .released(key: "l"))
    }

    @Test func claimsFromBeforeTheMachineStartedAreVoid() async throws {
        let store = try await store()
        let claim = try granted(try await store.claim("k", owner: "a", ttl: .seconds(60)))
        let connection = try Connection(path: directory.file("claims.sqlite"))
        try connection.execute("UPDATE claims SET boot = 'another'")
        #expect(try await store.renew(claim, ttl: .seconds(60)) == false)
        _ = try granted(try await store.claim("k", owner: "b", ttl: .seconds(60)))
    }

    @Test func fileOfAnOlderVersionIsTakenOver() async throws {
        let claim = try granted(try await store().claim("k", owner: "a", ttl: .seconds(60)))
        let connection = try Connection(path: directory.file("claims.sqlite"))
        try connection.execute("DROP TABLE owners; PRAGMA user_version = 1")
        let store = try await store()
        #expect(try await store.renew(claim, ttl: .seconds(60)))
        try await store.announce("a", for: .seconds(6))
        #expect(try await store.claim("k", owner: "b", ttl: .seconds(60)) == .held(owner: "a", remaining: .seconds(6)))
    }

    @Test func whatTheDeadClaimedIsGivenBackAtOnce() async throws {
        let store = try await store()
        let lost = try granted(try await store.claim("k", owner: "here 1", ttl: .seconds(60)))
        _ = try granted(try await store.claim("l", owner: "here-2 1", ttl: .seconds(60)))
        var heard = try await store.news().makeAsyncIterator()
        try await store.releaseAll(ofOwnersNamed: "here ")
        #expect(await heard.next() == .released(key: "k"))
        #expect(try await store.renew(lost, ttl: .seconds(60)) == false)
        let next = try granted(try await store.claim("k", owner: "here 2", ttl: .seconds(60)))
        #expect(next.fence > lost.fence)
        #expect(
            try await store.claim("l", owner: "here 2", ttl: .seconds(60))
                == .held(owner: "here-2 1", remaining: .seconds(60)))
    }

    @Test func whatIsOldIsRemoved() async throws {
        let store = try await store(retention: .seconds(100))
        _ = try granted(try await store.claim("dead", owner: "a", ttl: .seconds(1)))
        try await store.announce("dead", for: .seconds(1))
        for number in 0..<600 {
            let claim = try granted(try await store.claim("\(number)", owner: "a", ttl: .seconds(60)))
            #expect(try await store.complete(claim, note: ""))
            clock.advance(by: .seconds(1))
        }
        let connection = try Connection(path: directory.file("claims.sqlite"))
        let counts = try ["claims", "completions", "news", "owners"].map { table in
            try connection.rows("SELECT count(*) FROM \(table)") { $0.integer(0) ?? 0 }.first ?? 0
        }
        #expect(counts[0] == 0)
        // It is swept every so many changes.
        #expect(counts[1] <= 100 + 256)
        #expect(counts[2] == 600)
        #expect(counts[3] == 0)
    }

    @Test func listenerThatMissedSomethingIsToldSo() async throws {
        let store = try await store()
        let stream = try await store.news()
        let connection = try Connection(path: directory.file("claims.sqlite"))
        try connection.execute(
            """
            INSERT INTO news (key) VALUES ('a'), ('b'), ('c');
            DELETE FROM news WHERE number < 3;
            """)
        _ = try await store.news()
        for await _ in stream { Issue.record("nothing could be told for certain") }
    }

    @Test func otherFilesAreRefused() async throws {
        let path = directory.file("claims.sqlite")
        let connection = try Connection(path: path)
        try connection.execute("CREATE TABLE bookmarks (url TEXT)")
        await #expect { _ = try await store() } throws: { ($0 as? StoreError)?.code == .corrupt }
        try connection.execute("DROP TABLE bookmarks; PRAGMA user_version = 3")
        await #expect { _ = try await store() } throws: { ($0 as? StoreError)?.code == .newerSchema }
    }
}
