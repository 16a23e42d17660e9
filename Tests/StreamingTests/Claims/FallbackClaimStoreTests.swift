// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletModel
import MartletPorts
import MartletStreaming
import MartletTestKit
import Testing

@Suite struct FallbackClaimStoreTests {
    private let clock = ManualClock()
    private let shared: MemoryClaimStore
    private let distant: DistantStore
    private let store: FallbackClaimStore
    private let metrics = StreamMetrics()

    init() {
        shared = MemoryClaimStore(time: clock)
        distant = DistantStore(shared)
        store = FallbackClaimStore(distant, else: MemoryClaimStore(time: clock), time: clock, metrics: metrics)
    }

    private func granted(_ outcome: ClaimOutcome) throws -> Claim {
        guard case .granted(let claim) = outcome else { throw WaitedInVain(subject: "a claim, not \(outcome)") }
        return claim
    }

    /// Lets the shared store answer again, and the other one find that out.
    private func comesBack() async throws {
        let back = Task { try await store.news() }
        await clock.waitForSleepers()
        distant.isAway(false)
        clock.advance(by: .seconds(2))
        _ = try await back.value
    }

    @Test func doesWhatEveryClaimStoreDoes() async throws {
        let (clock, metrics) = (clock, metrics)
        try await ClaimStoreConformance.exercise(
            make: {
                FallbackClaimStore(
                    MemoryClaimStore(time: clock), else: MemoryClaimStore(time: clock), time: clock, metrics: metrics)
            }, pass: { clock.advance(by: $0) })
    }

    @Test func withoutTheSharedStoreTheOwnOneDecides() async throws {
        distant.isAway(true)
        let claim = try granted(try await store.claim("k", owner: "a", ttl: .seconds(60)))
        #expect(try await store.claim("k", owner: "b", ttl: .seconds(60)) == .held(owner: "a", remaining: .seconds(60)))
        #expect(try await store.renew(claim, ttl: .seconds(60)))
        #expect(try await store.complete(claim, note: "here"))
        #expect(try await store.completion(of: "k")?.note == "here")
        // It is not asked again and again.
        #expect(distant.calls.entries == ["claim"])
        #expect(metrics.text.contains("martlet_stream_claims_total{store=\"local\"} 2\n"))
        #expect(metrics.text.contains("martlet_stream_claims_shared 0\n"))
    }

    @Test func whoCannotSayThatItLivesIsToldSo() async throws {
        distant.isAway(true)
        await #expect { try await store.announce("a", for: .seconds(6)) } throws: {
            ($0 as? StreamingError)?.code == .notReady
        }
        // Here nobody misses it.
        _ = try granted(try await store.claim("k", owner: "a", ttl: .seconds(60)))
        #expect(try await store.claim("k", owner: "b", ttl: .seconds(60)) == .held(owner: "a", remaining: .seconds(60)))
    }

    @Test func itComesBackByItself() async throws {
        distant.isAway(true)
        _ = try await store.claim("k", owner: "a", ttl: .seconds(60))
        try await comesBack()
        #expect(metrics.text.contains("martlet_stream_claims_shared 1\n"))
        let claim = try granted(try await store.claim("l", owner: "a", ttl: .seconds(60)))
        #expect(try await shared.renew(claim, ttl: .seconds(60)))
        #expect(metrics.text.contains("martlet_stream_claims_total{store=\"shared\"} 1\n"))
    }

    @Test func aClaimOfTheSharedStoreIsGoneOnWithWhenThatIsLost() async throws {
        let claim = try granted(try await store.claim("k", owner: "a", ttl: .seconds(60)))
        distant.isAway(true)
        #expect(try await store.renew(claim, ttl: .seconds(60)))
        clock.advance(by: .seconds(50))
        #expect(try await store.renew(claim, ttl: .seconds(60)))
        // On this node nobody else gets it.
        guard case .held = try await store.claim("k", owner: "b", ttl: .seconds(60)) else {
            Issue.record("held was expected")
            return
        }
        // What goes on alone counts as such.
        #expect(metrics.text.contains("martlet_stream_claims_total{store=\"local\"} 2\n"))
        #expect(try await store.complete(claim, note: "n"))
        #expect(try await store.completion(of: "k")?.owner == "a")
        #expect(try await store.renew(claim, ttl: .seconds(60)) == false)
    }

    @Test func aClaimThatEndsWhileTheSharedStoreIsLostIsCompletedHere() async throws {
        let claim = try granted(try await store.claim("k", owner: "a", ttl: .seconds(60)))
        distant.isAway(true)
        #expect(try await store.complete(claim, note: "n"))
        #expect(try await store.completion(of: "k")?.note == "n")
    }

    @Test func theOthersHearOfWhatWasMadeMeanwhile() async throws {
        distant.isAway(true)
        let claim = try granted(try await store.claim("k", owner: "a", ttl: .seconds(60)))
        try await comesBack()
        var news = try await shared.news().makeAsyncIterator()
        #expect(try await store.complete(claim, note: "n"))
        guard case .completed(let completion)? = await news.next() else {
            Issue.record("a completion was expected")
            return
        }
        #expect(completion.key == "k" && completion.note == "n")
    }

    @Test func theSharedStoreIsToldWhatWasMadeWhenItIsBackEvenWhereItHasLostThat() async throws {
        let before = try granted(try await store.claim("before", owner: "a", ttl: .seconds(60)))
        #expect(try await store.complete(before, note: "here"))
        distant.isAway(true)
        let meanwhile = try granted(try await store.claim("meanwhile", owner: "a", ttl: .seconds(60)))
        #expect(try await store.complete(meanwhile, note: "here"))
        if let known = try await shared.completion(of: "before") { try await shared.forget(known) }
        try await comesBack()
        for key in ["before", "meanwhile"] {
            guard case .completed(let completion) = try await shared.claim(key, owner: "b", ttl: .seconds(60)) else {
                Issue.record("\(key) would be made again")
                return
            }
            #expect(completion.owner == "a" && completion.note == "here")
        }
    }

    @Test func whatAnotherNodeHoldsIsNotTakenFromIt() async throws {
        distant.isAway(true)
        let claim = try granted(try await store.claim("k", owner: "a", ttl: .seconds(60)))
        let theirs = try granted(try await shared.claim("k", owner: "b", ttl: .seconds(60)))
        try await comesBack()
        #expect(try await store.complete(claim, note: "n"))
        #expect(try await shared.complete(theirs, note: "m"))
    }

    @Test func whoListensWaitsUntilThereIsSomethingToBeHeard() async throws {
        let stream = try await store.news()
        distant.isAway(true)
        for await _ in stream { Issue.record("nothing happened") }
        let next = Task { try await store.news() }
        try await distant.calls.wait(for: "another try") { $0.count { $0 == "news" } == 2 }
        await clock.waitForSleepers()
        distant.isAway(false)
        clock.advance(by: .seconds(1))
        var heard = try await next.value.makeAsyncIterator()
        let claim = try granted(try await store.claim("k", owner: "a", ttl: .seconds(60)))
        #expect(try await store.release(claim))
        #expect(await heard.next() == .released(key: "k"))
    }

    @Test func whoStopsListeningIsNotKept() async throws {
        distant.isAway(true)
        let waiting = Task { try await store.news() }
        await clock.waitForSleepers()
        waiting.cancel()
        await #expect(throws: CancellationError.self) { try await waiting.value }
    }
}
