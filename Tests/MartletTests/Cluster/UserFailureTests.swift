// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import Foundation
import FoundationNetworking
import Glibc
import MartletTestKit
import Synchronization
import Testing

/// What users do to a cluster that is at work, done to real processes.
@Suite(.serialized) struct UserFailureTests {
    // MARK: Cancelling

    /// What a job is at when it is cancelled.
    enum Occupation: String, CaseIterable, CustomTestStringConvertible {
        case planning, joining, checking
        var testDescription: String { rawValue }
    }

    @Test(
        "A job is cancelled while it is planned, joined or checked, and a retry completes it",
        arguments: Occupation.allCases)
    func cancelled(at occupation: Occupation) async throws {
        let cluster = try await TestCluster(films: ["tiny.mkv": "tiny.mkv"])
        let worker = try await cluster.worker(
            "w1", sharesFilms: true, ffmpeg: try await cluster.lazyFFmpeg(seconds: 1))
        let (job, output, child) = try await caught(occupation, in: cluster)
        let cancelled = try await cluster.run(["cancel", job])
        #expect(cancelled.exitCode == 0, "\(cancelled.transcript)")
        #expect(try await cluster.job(job)["state"] as? String == "cancelled")
        #expect(try await cluster.run(["watch", job]).exitCode == 1)
        #expect(kill(child, 0) != 0)
        let films = try FileManager.default.contentsOfDirectory(atPath: cluster.directory.file("films"))
        #expect(films.allSatisfy { !$0.contains(output) }, "\(films)")
        #expect(try await cluster.run(["retry", job]).exitCode == 0)
        try await cluster.completed(job)
        let expected = try await cluster.expected("tiny.mkv", to: output)
        #expect(try cluster.bytes(of: output) == expected)
        withExtendedLifetime(worker) {}
    }

    /// A job, its output, and the process that works on it, which stands still.
    private func caught(
        _ occupation: Occupation, in cluster: TestCluster
    ) async throws -> (job: String, output: String, child: Int32) {
        let coordinator = try #require(cluster.coordinator.handle?.processID)
        for attempt in 0..<20 {
            let output = "out-\(attempt).mkv"
            var child: Task<Int32, any Error>?
            if occupation == .planning { child = MediaChildren.stopNext(of: coordinator) }
            let job = try await cluster.submit("tiny.mkv", to: output)
            let watching = cluster.watch(job)
            if occupation != .planning {
                _ = try await watching.event("taskStarted")
                child = MediaChildren.stopNext(of: coordinator, after: occupation == .joining ? 0 : 1)
            }
            let stopping = try #require(child)
            // On a busy machine the process may have come and gone unseen.
            let isMissed = Task {
                _ = try await watching.ended()
                stopping.cancel()
            }
            defer { isMissed.cancel() }
            if let caught = try? await stopping.value { return (job, output, caught) }
        }
        throw NotCaught()
    }

    private struct NotCaught: Error {}

    @Test("Cancelling a job that is over changes nothing")
    func cancelledTooLate() async throws {
        let cluster = try await TestCluster(
            ["--with-worker", "--benchmark-duration", "0"], films: ["tiny.mkv": "tiny.mkv"])
        let job = try await cluster.submit("tiny.mkv", to: "out.mkv")
        try await cluster.completed(job)
        try Data("no film".utf8).write(to: URL(filePath: cluster.directory.file("films/none.mkv")))
        let bad = try await cluster.submit("none.mkv", to: "bad.mkv")
        #expect(try await cluster.run(["watch", bad]).exitCode == 3)
        for (id, state) in [(job, "completed"), (bad, "failed")] {
            let run = try await cluster.run(["cancel", id])
            #expect(run.exitCode == 0, "\(run.transcript)")
            #expect(try await cluster.job(id)["state"] as? String == state)
        }
        #expect(try !cluster.bytes(of: "out.mkv").isEmpty)
    }

    // MARK: Many jobs

    @Test("A thousand jobs at once are all kept, listed by pages, and cancelled, and the coordinator answers meanwhile")
    func manyJobs() async throws {
        let cluster = try await TestCluster(films: ["tiny.mkv": "tiny.mkv"])
        let isOver = Mutex(false)
        // Connections of its own: it does not stand in line with all that is sent besides.
        let session = URLSession(configuration: .ephemeral)
        defer { session.finishTasksAndInvalidate() }
        async let asking = {
            var slowest = Duration.zero
            while !isOver.withLock({ $0 }) {
                let start = ContinuousClock.now
                for path in ["/healthz", "/api/v1/jobs?limit=20", "/api/v1/stats"] {
                    _ = try await session.data(from: try #require(URL(string: cluster.url + path)))
                }
                slowest = max(slowest, ContinuousClock.now - start)
            }
            return slowest
        }()
        let made = try await cluster.requests(
            (0..<1000).map { number in
                ("POST", "/api/v1/jobs", #"{"source": "films:tiny.mkv", "output": "films:\#(number).mkv"}"#)
            })
        #expect(made.allSatisfy { (200..<300).contains($0.status) })
        let ids = Set(made.compactMap(\.id))
        #expect(ids.count == 1000)
        #expect(try await cluster.jobNames() == ids)
        let ended = try await cluster.requests(ids.map { ("DELETE", "/api/v1/jobs/\($0)", "") })
        #expect(ended.allSatisfy { (200..<300).contains($0.status) })
        #expect(try await cluster.jobNames("&state=cancelled") == ids)
        isOver.withLock { $0 = true }
        #expect(try await asking < .seconds(30))
    }

    // MARK: Tokens

    @Test("A token that expires lets nobody in any more: its worker ends and says why, and its work goes elsewhere")
    func tokenExpired() async throws {
        let directory = try TemporaryDirectory()
        let end = Date(timeIntervalSinceNow: 10)
        let file = try directory.write("short,\(Int(end.timeIntervalSince1970.rounded(.up)))\nlong\n", to: "tokens")
        let cluster = try await TestCluster(
            ["--token-file", file], films: ["minute.mp4": "small_minute.mp4"], token: "long", in: directory)
        let worker = try await cluster.worker("guest", ["--slots", "1", "--token", "short"], sharesFilms: true)
        try await Task.sleep(for: .seconds(max(0, end.timeIntervalSinceNow + 1)))
        let job = try await cluster.submit("minute.mp4", to: "out.mkv")
        let ended = try await worker.ended()
        #expect(ended.exitCode == 6 && ended.errors.contains("token"), "\(ended.errors)\(ended.output)")
        let refused = try await cluster.run(["jobs", "--token", "short"])
        #expect(refused.exitCode == 6 && refused.transcript.contains("expired"), "\(refused.transcript)")
        let member = try await cluster.worker("member", sharesFilms: true)
        try await cluster.completed(job)
        try await cluster.isUndisturbed(job)
        let trials = try await cluster.trials(of: job).joined()
        #expect(trials.allSatisfy { !$0.hasSuffix("failed") }, "\(trials)")
        #expect(trials.contains("member completed"))
        withExtendedLifetime(member) {}
    }
}
