// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletHost
import MartletModel
import MartletPorts
import MartletStreaming
import MartletTestKit
import Testing

@Suite struct PartWorkerTests {
    private static let part = Neighbourhood.part
    private static let key = "\(part)"

    /// Lets work go on until it is opened.
    private struct Gate: Sendable {
        private let stream: AsyncStream<Void>
        private let continuation: AsyncStream<Void>.Continuation
        init() { (stream, continuation) = AsyncStream.makeStream() }
        func open() { continuation.finish() }
        func pass() async throws {
            for await _ in stream {}
            try Task.checkCancellation()
        }
    }

    @Test func aPartIsMadeUnderAClaimAndCompletedWithItsPlace() async throws {
        let town = try Neighbourhood(time: ManualClock())
        let a = try await town.node("a")
        #expect(await a.make() == .made)
        #expect(await a.has())
        let completion = try #require(try await town.claims.completion(of: Self.key))
        #expect(completion.owner == "a" && completion.note == "http://a")
        #expect(
            a.notices.entries == [
                .began(Self.part, fence: completion.fence), .ended(Self.part, fence: completion.fence, .made),
            ])
        #expect(await a.make() == .found)
    }

    @Test func onlyOneOfManyNodesMakesAPart() async throws {
        let town = try Neighbourhood(time: ManualClock())
        let (a, b) = (try await town.node("a"), try await town.node("b"))
        let gate = Gate()
        let first = Task { await a.make { try await gate.pass() } }
        _ = try await a.notices.entry(0, "notice")
        // Until its node would be missed.
        #expect(await b.make() == .held(.seconds(6)))
        #expect(b.notices.entries.isEmpty)
        gate.open()
        #expect(await first.value == .made)
        // It is fetched from where it was made.
        #expect(await b.make() == .found)
        #expect(await b.has())
        #expect(b.notices.entries.isEmpty)
        #expect(b.metrics.text.contains("martlet_stream_fetches_total{result=\"taken\"} 2\n"))
    }

    @Test func aClaimIsRenewedAsLongAsItsPartIsMade() async throws {
        let clock = ManualClock()
        let town = try Neighbourhood(time: clock)
        let (a, b) = (try await town.node("a"), try await town.node("b"))
        let gate = Gate()
        let first = Task { await a.make { try await gate.pass() } }
        for _ in 0..<12 {
            await clock.waitForSleepers()
            clock.advance(by: .seconds(20))
        }
        await clock.waitForSleepers()
        #expect(await b.make() == .held(.seconds(6)))
        gate.open()
        #expect(await first.value == .made)
    }

    @Test func aLostClaimStopsTheWork() async throws {
        let clock = ManualClock()
        let town = try Neighbourhood(time: clock)
        let a = try await town.node("a")
        let gate = Gate()
        let first = Task { await a.make { try await gate.pass() } }
        let began = try await a.notices.entry(0, "notice")
        guard case .began(_, let fence) = began else { throw WaitedInVain(subject: "a beginning") }
        await clock.waitForSleepers()
        // Somebody else ended it in its name.
        #expect(try await town.claims.release(Claim(key: Self.key, owner: "a", fence: fence)))
        clock.advance(by: .seconds(20))
        #expect(await first.value == .stopped)
        #expect(a.notices.entries.last == .ended(Self.part, fence: fence, .lost))
        #expect(await a.has() == false)
        #expect(a.metrics.text.contains("martlet_stream_claims_lost_total 1\n"))
    }

    @Test func aNodeThatWorksIsNotMissed() async throws {
        let clock = ManualClock()
        let town = try Neighbourhood(time: clock)
        let (a, b) = (try await town.node("a"), try await town.node("b"))
        let gates = [Gate(), Gate()]
        let parts = [Self.part, StreamPart(film: "film", rendition: "360p", number: 4)]
        let work = zip(parts, gates).map { part, gate in Task { await a.make(part) { try await gate.pass() } } }
        for _ in 0..<15 {
            await clock.waitForSleepers(2)
            clock.advance(by: .seconds(2))
            await clock.waitForSleepers(2)
            for part in parts {
                guard case .held(let remaining) = await b.make(part) else {
                    Issue.record("\(part) is made twice")
                    return
                }
                #expect(remaining > .zero)
            }
        }
        gates[0].open()
        #expect(await work[0].value == .made)
        // One claim is left, and is enough.
        for _ in 0..<5 {
            await clock.waitForSleepers()
            clock.advance(by: .seconds(2))
        }
        await clock.waitForSleepers()
        guard case .held = await b.make(parts[1]) else { throw WaitedInVain(subject: "a part that is held") }
        gates[1].open()
        #expect(await work[1].value == .made)
    }

    @Test func aNodeThatWasMissedLooksAtOnceWhetherItsWorkWasTakenOver() async throws {
        let clock = ManualClock()
        let memory = MemoryClaimStore(time: clock)
        let store = DistantStore(memory)
        let town = try Neighbourhood(time: clock, claims: store)
        let a = try await town.node("a")
        let kept = StreamPart(film: "film", rendition: "360p", number: 4)
        let gates = [Gate(), Gate()]
        let work = zip([Self.part, kept], gates).map { part, gate in
            Task { await a.make(part) { try await gate.pass() } }
        }
        await clock.waitForSleepers(2)
        store.isAway(true)
        clock.advance(by: .seconds(7))
        await clock.waitForSleepers(2)
        guard case .granted = try await memory.claim(Self.key, owner: "b", ttl: .seconds(60)) else {
            throw WaitedInVain(subject: "the claim of who is missed")
        }
        #expect(!store.calls.entries.contains("renew"))
        store.isAway(false)
        clock.advance(by: .seconds(2))
        // A third of the claim's time has not passed.
        #expect(await work[0].value == .stopped)
        gates[1].open()
        #expect(await work[1].value == .made)
        #expect(a.metrics.text.contains("martlet_stream_claims_lost_total 1\n"))
    }

    @Test func aNodeWithoutWorkSaysNothing() async throws {
        let clock = ManualClock()
        let store = DistantStore(MemoryClaimStore(time: clock))
        let town = try Neighbourhood(time: clock, claims: store)
        let a = try await town.node("a")
        for number in 0..<3 {
            #expect(await a.make(StreamPart(film: "film", rendition: "360p", number: number)) == .made)
        }
        #expect(clock.sleeperCount == 0)
        #expect(store.calls.entries.count { $0 == "announce" } == 1)
        // What was said is over by now.
        clock.advance(by: .seconds(60))
        #expect(await a.make() == .made)
        #expect(store.calls.entries.suffix(3) == ["announce", "claim", "complete"])
    }

    @Test func aStoreThatIsAwayForAMomentCostsNothing() async throws {
        let clock = ManualClock()
        let store = DistantStore(MemoryClaimStore(time: clock))
        let town = try Neighbourhood(time: clock, claims: store)
        let a = try await town.node("a")
        let gate = Gate()
        let first = Task { await a.make { try await gate.pass() } }
        await clock.waitForSleepers()
        store.isAway(true)
        clock.advance(by: .seconds(20))
        try await store.calls.wait(for: "a renewal") { $0.count { $0 == "renew" } == 1 }
        await clock.waitForSleepers()
        store.isAway(false)
        clock.advance(by: .seconds(5))
        try await store.calls.wait(for: "another") { $0.count { $0 == "renew" } == 2 }
        gate.open()
        #expect(await first.value == .made)
    }

    @Test func aStoreThatIsAwayForLongerThanAClaimLastsStopsTheWork() async throws {
        let clock = ManualClock()
        let store = DistantStore(MemoryClaimStore(time: clock))
        let town = try Neighbourhood(time: clock, claims: store)
        let a = try await town.node("a")
        let gate = Gate()
        let first = Task { await a.make { try await gate.pass() } }
        await clock.waitForSleepers()
        store.isAway(true)
        var passed: Duration = .zero
        while passed < .seconds(60) {
            await clock.waitForSleepers()
            let step: Duration = passed == .zero ? .seconds(20) : .seconds(5)
            let count = store.calls.entries.count
            clock.advance(by: step)
            passed += step
            try await store.calls.wait(for: "a renewal") { $0.count > count }
        }
        #expect(await first.value == .stopped)
        #expect(a.notices.entries.last.map { if case .ended(_, _, .lost) = $0 { true } else { false } } == true)
    }

    @Test func whatNobodyWantsAnyMoreIsGivenBackAtOnce() async throws {
        let town = try Neighbourhood(time: ManualClock())
        let (a, b) = (try await town.node("a"), try await town.node("b"))
        let listening = Task { await b.worker.listen(for: b.ear) }
        #expect(try await b.ear.words.entry(0, "word") == .freed(nil))
        let first = Task { await a.make { try await Gate().pass() } }
        _ = try await a.notices.entry(0, "notice")
        first.cancel()
        #expect(await first.value == .stopped)
        #expect(try await b.ear.words.entry(1, "word") == .freed(Self.part))
        #expect(await b.make() == .made)
        listening.cancel()
        await listening.value
    }

    @Test func aPartThatIsWantedIsFetchedAsSoonAsItIsDone() async throws {
        let town = try Neighbourhood(time: ManualClock())
        let (a, b) = (try await town.node("a"), try await town.node("b"))
        b.ear.want(Self.part)
        let listening = Task { await b.worker.listen(for: b.ear) }
        _ = try await b.ear.words.entry(0, "word")
        let other = StreamPart(film: "film", rendition: "360p", number: 4)
        #expect(await a.make(other) == .made)
        #expect(await a.make() == .made)
        #expect(try await b.ear.words.entry(1, "word") == .completed(Self.part))
        #expect(await b.has())
        #expect(await b.has(other) == false)
        listening.cancel()
    }

    @Test func whoDidNotHearForAWhileAsksAgainForEverything() async throws {
        let clock = ManualClock()
        let store = DistantStore(MemoryClaimStore(time: clock))
        let town = try Neighbourhood(time: clock, claims: store)
        let b = try await town.node("b")
        let listening = Task { await b.worker.listen(for: b.ear) }
        #expect(try await b.ear.words.entry(0, "word") == .freed(nil))
        store.isAway(true)
        await clock.waitForSleepers()
        store.isAway(false)
        clock.advance(by: .seconds(1))
        #expect(try await b.ear.words.entry(1, "word") == .freed(nil))
        listening.cancel()
    }

    @Test func aSharedDirectoryMayShowAPartLate() async throws {
        let clock = ManualClock()
        let town = try Neighbourhood(time: clock)
        let b = try await town.node("b", directory: "shared")
        guard case .granted(let claim) = try await town.claims.claim(Self.key, owner: "a", ttl: .seconds(60)) else {
            throw WaitedInVain(subject: "a claim")
        }
        #expect(try await town.claims.complete(claim, note: ""))
        let wish = Task { await b.make() }
        await clock.waitForSleepers()
        try await b.cache.publish(Neighbourhood.packaged(Self.part), of: Self.part, container: .mp4)
        clock.advance(by: .milliseconds(50))
        #expect(await wish.value == .found)
        #expect(b.notices.entries.isEmpty)
    }

    @Test(arguments: ["", "http://gone", "http://a"]) func whatCannotBeHadAnyMoreIsMadeAgain(note: String) async throws
    {
        let town = try Neighbourhood(time: SystemTime())
        let (a, b) = (try await town.node("a"), try await town.node("b"))
        guard case .granted(let claim) = try await town.claims.claim(Self.key, owner: "x", ttl: .seconds(60)) else {
            throw WaitedInVain(subject: "a claim")
        }
        #expect(try await town.claims.complete(claim, note: note))
        #expect(await b.make() == .made)
        #expect(await a.has() == false)
        #expect(try await town.claims.completion(of: Self.key)?.owner == "b")
    }

    @Test func aNodeThatCannotKeepAnythingHasAnotherOneAnswer() async throws {
        let town = try Neighbourhood(time: ManualClock())
        let (a, b) = (try await town.node("a"), try await town.node("b"))
        var request = HTTPRequest(
            method: "GET", path: "/hls/a%20b.mkv/360p/3.m4s", query: [("session", "x&y")],
            headers: ["Range": "bytes=0-4"],
            body: EmptyBody())
        // It has heard of nobody yet.
        #expect(await b.worker.answer(to: request) == nil)
        #expect(await a.make() == .made)
        #expect(await b.make() == .found)
        let answer = try #require(await b.worker.answer(to: request))
        #expect(answer.status == 206)
        #expect(answer.headers["Content-Type"] == "video/mp4" && answer.headers["Set-Cookie"] == nil)
        guard case .bytes(let bytes) = answer.body else { throw WaitedInVain(subject: "bytes") }
        let text = String(decoding: bytes, as: UTF8.self)
        #expect(text == "http://a/hls/a%20b.mkv/360p/3.m4s?session=x%26y bytes=0-4")
        // What was passed on once is not passed on again.
        request.headers["Martlet-Relieved"] = "1"
        #expect(await b.worker.answer(to: request) == nil)
    }

    @Test func aFailureGivesTheClaimBack() async throws {
        let town = try Neighbourhood(time: ManualClock())
        let (a, b) = (try await town.node("a"), try await town.node("b"))
        let outcome = await a.make { throw InProcessCaller.unreachable }
        #expect(outcome == .failed(reason: "nobody answers", isRetryable: true))
        #expect(await b.make() == .made)
    }

    @Test func whatOthersMadeOfTheSamePartIsTheSame() async throws {
        // The claim is lost without being noticed, and both nodes make the part.
        let clock = ManualClock()
        let town = try Neighbourhood(time: clock)
        let (a, b) = (try await town.node("a", directory: "shared"), try await town.node("b", directory: "shared"))
        let gate = Gate()
        let first = Task {
            await a.make {
                try await gate.pass()
            }
        }
        guard case .began(_, let fence) = try await a.notices.entry(0, "notice") else {
            throw WaitedInVain(subject: "a beginning")
        }
        #expect(try await town.claims.release(Claim(key: Self.key, owner: "a", fence: fence)))
        #expect(await b.make() == .made)
        gate.open()
        #expect(await first.value == .made)
        #expect(try await town.claims.completion(of: Self.key)?.owner == "b")
    }

    @Test func whatThereIsNoRoomForIsLeftToTheNodeThatHasIt() async throws {
        let town = try Neighbourhood(time: ManualClock())
        let (there, here) = (try await town.node("there"), try await town.node("here", room: 5))
        #expect(await there.make() == .made)
        guard case .full = await here.make() else {
            Issue.record("It found room, or made the part anew")
            return
        }
        #expect(here.notices.entries.isEmpty)
        // Nobody else is led to make it.
        #expect(try await town.claims.completion(of: "\(Neighbourhood.part)")?.owner == "there")
    }
}
