// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletPorts
import Testing

/// What every `ClaimStore` must do. Each store's tests run all of it.
package enum ClaimStoreConformance {
    /// Runs every check on a store of its own.
    ///
    /// - Parameters:
    ///   - make: makes an empty store.
    ///   - pass: lets so much time pass on the store's clock.
    package static func exercise(
        make: @Sendable () async throws -> any ClaimStore, pass: @Sendable (Duration) async throws -> Void
    ) async throws {
        try await grantsOneAtATime(make())
        try await expires(make(), pass)
        try await renews(make(), pass)
        try await missesOwners(make(), pass)
        try await releases(make())
        try await completes(make())
        try await refusesWhatCameTooLate(make(), pass)
        try await forgets(make())
        try await tellsNews(make(), pass)
        try await tellsFromNowOn(make())
        try await keepsKeysApart(make())
        try await grantsOnceAmongMany(make())
        try await refusesStrangers(make())
    }

    private static func granted(_ outcome: ClaimOutcome) throws -> Claim {
        guard case .granted(let claim) = outcome else {
            Issue.record("granted was expected, not \(outcome)")
            throw CancellationError()
        }
        return claim
    }

    private static func grantsOneAtATime(_ store: some ClaimStore) async throws {
        let claim = try granted(try await store.claim("film/1", owner: "a", ttl: .seconds(60)))
        #expect(claim.key == "film/1")
        #expect(claim.owner == "a")
        for owner in ["a", "b"] {
            guard case .held("a", let remaining) = try await store.claim("film/1", owner: owner, ttl: .seconds(60))
            else {
                Issue.record("held by a was expected")
                return
            }
            #expect(remaining > .seconds(30))
            #expect(remaining <= .seconds(60))
        }
    }

    private static func expires(_ store: some ClaimStore, _ pass: (Duration) async throws -> Void) async throws {
        let first = try granted(try await store.claim("k", owner: "a", ttl: .milliseconds(200)))
        try await pass(.milliseconds(250))
        let second = try granted(try await store.claim("k", owner: "b", ttl: .seconds(60)))
        #expect(second.fence > first.fence)
        #expect(try await store.renew(first, ttl: .seconds(60)) == false)
        #expect(try await store.release(first) == false)
        // What the first tried did no harm to the second.
        #expect(try await store.renew(second, ttl: .seconds(60)))
    }

    private static func renews(_ store: some ClaimStore, _ pass: (Duration) async throws -> Void) async throws {
        let claim = try granted(try await store.claim("k", owner: "a", ttl: .seconds(20)))
        for _ in 0..<3 {
            #expect(try await store.renew(claim, ttl: .seconds(600)))
        }
        guard case .held("a", let remaining) = try await store.claim("k", owner: "b", ttl: .seconds(60)) else {
            Issue.record("a renewed claim was given away")
            return
        }
        #expect(remaining > .seconds(60))
        // A renewal may shorten it, too.
        #expect(try await store.renew(claim, ttl: .milliseconds(100)))
        try await pass(.milliseconds(150))
        #expect(try await store.renew(claim, ttl: .seconds(60)) == false)
        #expect(try await store.release(claim) == false)
    }

    private static func missesOwners(_ store: some ClaimStore, _ pass: (Duration) async throws -> Void) async throws {
        let quiet = try granted(try await store.claim("quiet", owner: "q", ttl: .seconds(600)))
        try await store.announce("a", for: .seconds(60))
        let first = try granted(try await store.claim("k", owner: "a", ttl: .seconds(600)))
        func isHeld(_ key: String, by owner: String, atMost limit: Duration) async throws -> Bool {
            guard case .held(owner, let remaining) = try await store.claim(key, owner: "b", ttl: .seconds(600)) else {
                return false
            }
            return remaining > .zero && remaining <= limit
        }
        #expect(try await isHeld("k", by: "a", atMost: .seconds(60)))
        // It may be said for longer, and for less.
        try await store.announce("a", for: .seconds(300))
        #expect(try await isHeld("k", by: "a", atMost: .seconds(300)))
        #expect(try await isHeld("k", by: "a", atMost: .seconds(60)) == false)
        try await store.announce("a", for: .milliseconds(100))
        // To renew a claim says nothing of its owner.
        #expect(try await store.renew(first, ttl: .seconds(600)))
        try await pass(.milliseconds(150))
        // Nobody wanted it.
        #expect(try await store.renew(first, ttl: .seconds(600)))
        let second = try granted(try await store.claim("k", owner: "b", ttl: .seconds(600)))
        #expect(second.fence > first.fence)
        #expect(try await store.renew(first, ttl: .seconds(600)) == false)
        #expect(try await store.release(first) == false)
        #expect(try await store.complete(first, note: "late") == false)
        // Who comes back has what nobody took, and what it claims anew.
        let next = try granted(try await store.claim("next", owner: "a", ttl: .seconds(600)))
        try await store.announce("a", for: .seconds(60))
        #expect(try await isHeld("next", by: "a", atMost: .seconds(60)))
        #expect(try await store.complete(next, note: ""))
        #expect(try await store.complete(second, note: ""))
        // Who never said anything is not missed.
        #expect(try await isHeld("quiet", by: "q", atMost: .seconds(600)))
        #expect(try await isHeld("quiet", by: "q", atMost: .seconds(60)) == false)
        #expect(try await store.renew(quiet, ttl: .milliseconds(100)))
        try await pass(.milliseconds(150))
        // A claim ends with its own time, too.
        try await store.announce("q", for: .seconds(60))
        _ = try granted(try await store.claim("quiet", owner: "b", ttl: .seconds(600)))
    }

    private static func releases(_ store: some ClaimStore) async throws {
        let first = try granted(try await store.claim("k", owner: "a", ttl: .seconds(60)))
        #expect(try await store.release(first))
        #expect(try await store.release(first) == false)
        let second = try granted(try await store.claim("k", owner: "a", ttl: .seconds(60)))
        #expect(second.fence > first.fence)
        #expect(try await store.release(first) == false)
        #expect(try await store.release(second))
    }

    private static func completes(_ store: some ClaimStore) async throws {
        #expect(try await store.completion(of: "k") == nil)
        let claim = try granted(try await store.claim("k", owner: "a", ttl: .seconds(60)))
        #expect(try await store.complete(claim, note: "http://a:8080/, \"quoted\"\n"))
        let wanted = Completion(key: "k", owner: "a", fence: claim.fence, note: "http://a:8080/, \"quoted\"\n")
        #expect(try await store.completion(of: "k") == wanted)
        #expect(try await store.claim("k", owner: "b", ttl: .seconds(60)) == .completed(wanted))
        #expect(try await store.complete(claim, note: "again") == false)
        #expect(try await store.renew(claim, ttl: .seconds(60)) == false)
        #expect(try await store.completion(of: "k") == wanted)
    }

    private static func refusesWhatCameTooLate(
        _ store: some ClaimStore, _ pass: (Duration) async throws -> Void
    ) async throws {
        let slow = try granted(try await store.claim("k", owner: "slow", ttl: .milliseconds(200)))
        try await pass(.milliseconds(250))
        #expect(try await store.complete(slow, note: "late") == false)
        #expect(try await store.completion(of: "k") == nil)
        let quick = try granted(try await store.claim("k", owner: "quick", ttl: .seconds(60)))
        #expect(try await store.complete(slow, note: "later still") == false)
        #expect(try await store.complete(quick, note: "in time"))
        #expect(try await store.completion(of: "k")?.owner == "quick")
    }

    private static func forgets(_ store: some ClaimStore) async throws {
        let first = try granted(try await store.claim("k", owner: "a", ttl: .seconds(60)))
        #expect(try await store.complete(first, note: "1"))
        let old = try #require(try await store.completion(of: "k"))
        try await store.forget(old)
        #expect(try await store.completion(of: "k") == nil)
        let second = try granted(try await store.claim("k", owner: "b", ttl: .seconds(60)))
        #expect(second.fence > first.fence)
        #expect(try await store.complete(second, note: "2"))
        try await store.forget(old)
        #expect(try await store.completion(of: "k")?.note == "2")
    }

    private static func tellsNews(
        _ store: some ClaimStore, _ pass: (Duration) async throws -> Void
    ) async throws {
        let streams = [try await store.news(), try await store.news()]
        var wanted: [ClaimNews] = []
        for number in 0..<5 {
            let claim = try granted(try await store.claim("k\(number)", owner: "a", ttl: .seconds(60)))
            if number == 2 {
                #expect(try await store.release(claim))
                wanted.append(.released(key: "k2"))
            } else {
                #expect(try await store.complete(claim, note: "\(number)"))
                wanted.append(
                    .completed(Completion(key: claim.key, owner: "a", fence: claim.fence, note: "\(number)")))
            }
            // Of what was refused nothing is told.
            #expect(try await store.release(claim) == false)
            #expect(try await store.complete(claim, note: "again") == false)
        }
        for stream in streams {
            var heard: [ClaimNews] = []
            for await news in stream {
                heard.append(news)
                if heard.count == wanted.count { break }
            }
            #expect(heard == wanted)
        }
    }

    private static func tellsFromNowOn(_ store: some ClaimStore) async throws {
        let early = try granted(try await store.claim("early", owner: "a", ttl: .seconds(60)))
        #expect(try await store.complete(early, note: ""))
        let stream = try await store.news()
        let late = try granted(try await store.claim("late", owner: "a", ttl: .seconds(60)))
        #expect(try await store.complete(late, note: ""))
        var heard = stream.makeAsyncIterator()
        guard case .completed(let first)? = await heard.next() else {
            Issue.record("a completion was expected")
            return
        }
        #expect(first.key == "late")
    }

    private static func keepsKeysApart(_ store: some ClaimStore) async throws {
        for key in ["a", "a/1", "a:1", "ä ö", "{a}", "a*", "", "a\nb", "%d"] {
            let claim = try granted(try await store.claim(key, owner: "x", ttl: .seconds(60)))
            #expect(claim.key == key)
            #expect(try await store.complete(claim, note: key))
        }
        for key in ["a", "a/1", "a:1", "ä ö", "{a}", "a*", "", "a\nb", "%d"] {
            #expect(try await store.completion(of: key)?.note == key)
        }
    }

    private static func grantsOnceAmongMany(_ store: some ClaimStore) async throws {
        let fences = try await withThrowingTaskGroup(of: Int64?.self) { group in
            for number in 0..<50 {
                group.addTask {
                    if case .granted(let claim) = try await store.claim("k", owner: "\(number)", ttl: .seconds(60)) {
                        return claim.fence
                    }
                    return nil
                }
            }
            return try await group.reduce(into: []) { if let fence = $1 { $0.append(fence) } }
        }
        #expect(fences.count == 1)
    }

    private static func refusesStrangers(_ store: some ClaimStore) async throws {
        let claim = try granted(try await store.claim("k", owner: "a b", ttl: .seconds(60)))
        var others = [claim, claim, claim, claim]
        others[0].owner = "b"
        others[1].owner = "a"
        others[2].fence += 1
        others[3].fence -= 1
        for other in others {
            #expect(try await store.renew(other, ttl: .milliseconds(1)) == false)
            #expect(try await store.release(other) == false)
            #expect(try await store.complete(other, note: "") == false)
        }
        #expect(try await store.renew(claim, ttl: .seconds(60)))
        #expect(try await store.complete(claim, note: "aü"))
        #expect(try await store.completion(of: "k")?.note == "aü")
    }
}
