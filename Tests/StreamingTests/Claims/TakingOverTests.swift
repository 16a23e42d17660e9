// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletHost
import MartletModel
import MartletPlanning
import MartletPorts
import MartletStreaming
import MartletTestKit
import Testing

/// What several controllers do that share claims.
@Suite struct TakingOverTests {
    /// A server of the film among others.
    private func theatre(_ name: String, _ claims: MemoryClaimStore, _ clock: ManualClock) async throws -> Theatre {
        let theatre = try await Theatre(
            time: clock, node: name,
            worker: { cache, metrics in
                PartWorker(
                    .init(owner: name),
                    with: .init(
                        claims: claims, cache: cache, caller: InProcessCaller(Nobody()), time: clock, metrics: metrics))
            })
        return theatre
    }

    private struct Nobody: HTTPHandler {
        func respond(to request: HTTPRequest) async -> HTTPResponse { HTTPResponse(status: 404) }
    }

    /// - Parameter isMissed: whether the node said that it lives before it died.
    @Test(arguments: [true, false])
    func theClaimOfADeadNodeIsTakenOverBeforeItsViewersRequestEnds(isMissed: Bool) async throws {
        let clock = ManualClock(wallMilliseconds: SystemTime().wallMilliseconds())
        let claims = MemoryClaimStore(time: clock)
        let here = try await theatre("here", claims, clock)
        let film = try await here.film()
        let part = try #require(film.plan.part(of: "360p", segment: 5))
        if isMissed { try await claims.announce("dead", for: .seconds(6)) }
        guard case .granted = try await claims.claim("\(part)", owner: "dead", ttl: .seconds(60)) else {
            throw WaitedInVain(subject: "a claim")
        }
        let request = Task { try await here.segment(5) }
        // What comes next is made meanwhile.
        try await here.maker.deeds.wait(for: "work ahead") { $0.contains(.began("360p", 6)) }
        #expect(!here.maker.deeds.entries.contains(.began("360p", 5)))
        // Nothing but its own timer tells the controller.
        for second in 0..<(isMissed ? 6 : 60) {
            #expect(!here.maker.deeds.entries.contains(.began("360p", 5)), "after \(second) s")
            await clock.waitForSleepers()
            clock.advance(by: .seconds(1))
            for _ in 0..<100 { await Task.yield() }
        }
        try await here.maker.deeds.wait(for: "the part") { $0.contains(.began("360p", 5)) }
        #expect(try await request.value.name.file == "5.m4s")
        await here.controller.stop()
    }

    @Test func aViewerWaitsNoLongerWhenAnotherNodeGivesUp() async throws {
        let clock = ManualClock(wallMilliseconds: SystemTime().wallMilliseconds())
        let claims = MemoryClaimStore(time: clock)
        let (here, there) = (try await theatre("here", claims, clock), try await theatre("there", claims, clock))
        there.maker.hold()
        let first = Task { try await there.segment(5) }
        try await there.maker.deeds.wait(for: "the part there") { $0.contains(.began("360p", 5)) }
        let listening = Task { await (here.worker as? PartWorker)?.listen(for: here.controller) }
        here.maker.hold()
        let second = Task { try await here.segment(5) }
        try await here.maker.deeds.wait(for: "work ahead") { $0.contains(.began("360p", 6)) }
        // The other viewer leaves; no time passes.
        first.cancel()
        await there.controller.stop()
        try await here.maker.deeds.wait(for: "the part here") { $0.contains(.began("360p", 5)) }
        here.maker.finish("360p", 5)
        #expect(try await second.value.name.file == "5.m4s")
        listening.cancel()
        await here.controller.stop()
    }
}
