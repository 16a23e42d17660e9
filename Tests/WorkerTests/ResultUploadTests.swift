// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletHost
import MartletModel
import MartletPorts
import MartletTestKit
import MartletWire
import MartletWorker
import Synchronization
import Testing

/// How results reach the coordinator, whatever happens on the way.
@Suite struct ResultUploadTests {
    /// What the coordinator is told of a task, and what it has, when it answers parts like this.
    private func outcome(
        replies: [ScriptedCoordinator.Reply]
    ) async throws -> (result: AttemptResult?, bench: RemoteBench) {
        let bench = try RemoteBench()
        bench.coordinator.replies.withLock { $0 = replies }
        let work = bench.begin()
        _ = try await bench.coordinator.registration()
        let assignment = try await bench.assignment()
        try await bench.coordinator.say(.run(assignment))
        let result = try await bench.hurrying { try await bench.coordinator.result().1 }
        work.cancel()
        try await waiting(for: "the worker's end") { try await work.value }
        return (result, bench)
    }

    private func isWhole(_ result: AttemptResult?, _ bench: RemoteBench) throws -> Bool {
        guard case .completed(let artifact) = result else { return false }
        return bench.coordinator.size(of: artifact.fileName) == Int(artifact.size.bytes)
    }

    private static func status(_ status: Int, offset: Int? = nil) -> ScriptedCoordinator.Reply {
        { _ in HTTPResponse(status: status, headers: offset.map { ["Upload-Offset": "\($0)"] } ?? [:]) }
    }

    @Test("A part that was damaged on the way is sent again")
    func damagedPart() async throws {
        let damaged: ScriptedCoordinator.Reply = { _ in ScriptedCoordinator.damaged }
        let (result, bench) = try await outcome(replies: [damaged, damaged])
        #expect(try isWhole(result, bench))
        #expect(bench.coordinator.requests.entries.prefix(3).map { $0.query("offset") } == ["0", "0", "0"])
    }

    @Test("A part that always arrives damaged fails the attempt after five more tries")
    func alwaysDamaged() async throws {
        let (result, bench) = try await outcome(
            replies: Array(repeating: { _ in ScriptedCoordinator.damaged }, count: 20))
        guard case .failed(let failure) = result else {
            Issue.record("it ended as \(String(describing: result))")
            return
        }
        #expect(failure.code == "worker.transfer_failed")
        #expect(failure.isRetryable)
        #expect(bench.coordinator.requests.entries.count == 6)
    }

    @Test("It goes on where the coordinator says that it is")
    func conflict() async throws {
        let (result, bench) = try await outcome(replies: [
            { _ in nil }, Self.status(409, offset: 0), { _ in nil },
        ])
        #expect(try isWhole(result, bench))
        #expect(bench.coordinator.requests.entries.prefix(4).map { $0.query("offset") } == ["0", "1000", "0", "1000"])
    }

    @Test("A full disk of the coordinator, or a server in between that has lost it, is waited for")
    func waits() async throws {
        let (result, bench) = try await outcome(
            replies: Array(repeating: Self.status(507), count: 9) + Array(repeating: Self.status(502), count: 9))
        #expect(try isWhole(result, bench))
        #expect(bench.clock.now() > Moment(nanoseconds: 60_000_000_000))
    }

    @Test("Other refusals are tried a few times, and then fail the attempt")
    func refusals() async throws {
        let (result, bench) = try await outcome(replies: [Self.status(500), Self.status(500)])
        #expect(try isWhole(result, bench))
        guard
            case .failed(let failure) = try await outcome(replies: Array(repeating: Self.status(400), count: 9)).result
        else {
            Issue.record("it did not fail")
            return
        }
        #expect(failure.code == "worker.transfer_failed")
    }

    @Test(
        "A result of a lease that is not the worker's any more is dropped, and nobody is told",
        arguments: [
            HTTPResponse(status: 410), ScriptedCoordinator.problem(503, "coordinator.stale_lease"),
            ScriptedCoordinator.problem(404, "coordinator.unknown_job"),
        ])
    func stale(answer: HTTPResponse) async throws {
        let bench = try RemoteBench()
        bench.coordinator.replies.withLock { $0 = [{ _ in answer }] }
        let work = bench.begin()
        _ = try await bench.coordinator.registration()
        try await bench.coordinator.say(.run(try await bench.assignment(.sample("video-0000"))))
        try await bench.coordinator.requests.wait(for: "the upload") { $0.count == 1 }
        let second = try await bench.assignment(.sample("video-0001"))
        try await bench.coordinator.say(.run(second))
        #expect(try await bench.coordinator.result().0 == second.lease)
        work.cancel()
        try await waiting(for: "the worker's end") { try await work.value }
        #expect(try bench.leftovers().isEmpty)
    }

    @Test("A broken connection costs no part that has arrived")
    func resumes() async throws {
        let bench = try RemoteBench()
        bench.coordinator.greeting.withLock { $0 = .welcome(chunkSize: 300, heartbeatMilliseconds: 60_000) }
        // The second part arrives, but its answer does not.
        bench.coordinator.replies.withLock {
            $0 = [
                { _ in nil },
                { [coordinator = bench.coordinator] _ in
                    coordinator.results.withLock { results in
                        for name in results.keys { results[name]? += [UInt8](repeating: 7, count: 300) }
                    }
                    return HTTPResponse(status: 504)
                },
            ]
        }
        let work = bench.begin()
        _ = try await bench.coordinator.registration()
        try await bench.coordinator.say(.run(try await bench.assignment()))
        let (_, result) = try await bench.hurrying { try await bench.coordinator.result() }
        #expect(try isWhole(result, bench))
        let requests = bench.coordinator.requests.entries
        #expect(requests.prefix(4).map(\.method) == ["PUT", "PUT", "HEAD", "PUT"])
        #expect(requests[3].query("offset") == "600")
        work.cancel()
        try await waiting(for: "the worker's end") { try await work.value }
    }
}
