// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletModel
import MartletPorts
import MartletScheduling
import MartletTestKit
import MartletWire
import Synchronization
import Testing

@testable import MartletCoordinator

@Suite("Who has a part of a stream", .timeLimit(.minutes(5)))
struct PartSearchTests {
    private let clock = ManualClock()
    private let workers = Workers()
    private let makers: [WorkerID: String]
    private var search: PartSearch { PartSearch(caller: workers, time: clock) }
    /// The workers in the order in which they are asked for the part.
    private let order: [String]

    init() {
        let makers = [WorkerID("a"): "a:1", WorkerID("b"): "b:1", WorkerID("c"): "c:1"]
        self.makers = makers
        order = Rendezvous.order(of: makers.keys, for: "part").map { makers[$0] ?? "" }
    }

    private func find(_ search: PartSearch) async -> PartSearch.Outcome {
        await search.address(of: "/mesh/x/1.m4s", part: "part", kind: "x", makers: makers)
    }

    @Test func theFirstOfThePartsOwnOrderIsAskedAndNobodyElse() async {
        #expect(await find(search) == .found("http://\(order[0])/mesh/x/1.m4s"))
        #expect(workers.asked.entries == [order[0]])
    }

    @Test func whoFailsIsLeftBehindAtOnce() async {
        workers.script { $0 == order[0] ? .unreachable : $0 == order[1] ? .status(503) : .status(200) }
        #expect(await find(search) == .found("http://\(order[2])/mesh/x/1.m4s"))
        #expect(workers.asked.entries == order)
    }

    @Test func whoAsksHearsWhatEachOneSaidAndWhetherToTryAgain() async {
        workers.script { _ in .status(404) }
        let search = search
        let names = order.map { String($0.prefix(1)) }
        #expect(
            await find(search)
                == .nobody(reasons: names.map { "\($0) answers 404: streaming.not_found" }, mayPass: false))
        workers.script { $0 == order[1] ? .status(503) : .status(500) }
        guard case .nobody(let reasons, mayPass: true) = await find(search) else {
            Issue.record("one worker may have it in a moment")
            return
        }
        #expect(reasons[1] == "\(names[1]) answers 503: streaming.not_found")
        workers.script { _ in .unreachable }
        guard case .nobody(_, mayPass: true) = await find(search) else {
            Issue.record("a worker may be reached again")
            return
        }
    }

    @Test func whoHangsCostsItsTimeOnceAndTheNextOneIsAskedBesides() async throws {
        let search = search
        workers.script { $0 == order[0] ? .silence : .status(200) }
        let start = clock.now()
        let finding = Task { await find(search) }
        try await workers.asked.wait(for: "the first question") { $0.count == 1 }
        await clock.waitForSleepers()
        clock.advance(by: .seconds(4))
        #expect(await finding.value == .found("http://\(order[1])/mesh/x/1.m4s"))
        #expect(clock.now() - start == .seconds(4))
        // Other parts of its own are asked for elsewhere, and cost nothing.
        #expect(await find(search) == .found("http://\(order[1])/mesh/x/1.m4s"))
        #expect(workers.asked.entries == [order[0], order[1], order[1]])
        // It is given another chance later.
        workers.script { _ in .status(200) }
        clock.advance(by: .seconds(30))
        #expect(await find(search) == .found("http://\(order[0])/mesh/x/1.m4s"))
    }

    @Test func anAnswerThatComesLateCountsWhenItIsTheFirst() async throws {
        let search = search
        workers.script { _ in .silence }
        let finding = Task { await find(search) }
        try await workers.asked.wait(for: "the first question") { $0.count == 1 }
        await clock.waitForSleepers()
        clock.advance(by: .seconds(4))
        try await workers.asked.wait(for: "the second question") { $0.count == 2 }
        workers.speak(order[0])
        #expect(await finding.value == .found("http://\(order[0])/mesh/x/1.m4s"))
    }
}

/// Workers that answer as they are told.
private final class Workers: HTTPTransfers {
    enum Answer {
        case status(Int)
        case unreachable
        /// Nothing until `speak`.
        case silence
    }

    /// Who was asked, by address.
    let asked = Journal<String>()
    private let contents = Mutex(
        (script: { @Sendable (_: String) in Answer.status(200) }, silent: [String: AsyncStream<Void>.Continuation]()))

    func script(_ script: @escaping @Sendable (String) -> Answer) { contents.withLock { $0.script = script } }

    /// Lets a silent worker say that it has the part.
    func speak(_ worker: String) {
        let silent = contents.withLock { $0.silent[worker] }
        silent?.yield()
        silent?.finish()
    }

    func call(_ call: HTTPCall, limit: Int) async throws -> HTTPAnswer {
        let worker = String(call.url.split(separator: "/")[1])
        let answer = contents.withLock { $0.script }(worker)
        guard call.method == "HEAD" else { throw InProcessCaller.unreachable }
        switch answer {
        case .status(let status):
            asked.note(worker)
            return HTTPAnswer(status: status, headers: [DataPlane.problemCode: "streaming.not_found"])
        case .unreachable:
            asked.note(worker)
            throw InProcessCaller.unreachable
        case .silence:
            let (stream, continuation) = AsyncStream.makeStream(of: Void.self)
            contents.withLock { $0.silent[worker] = continuation }
            asked.note(worker)
            for await _ in stream { return HTTPAnswer(status: 200) }
            throw CancellationError()
        }
    }

    func stream(_ call: HTTPCall) async throws -> HTTPStreamedAnswer { throw InProcessCaller.unreachable }
    func download(_ call: HTTPCall, to path: String, at offset: Int64) async throws -> HTTPAnswer {
        throw InProcessCaller.unreachable
    }
}
