// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import Foundation
import FoundationNetworking
import Glibc
import MartletTestKit
import Synchronization
import Testing

/// Streams as their users meet them: workers that have no films, and take them from the coordinator.
@Suite(.serialized) struct StreamTests {
    /// The end of a stream's playlist, as a player that follows the coordinator's word reads it.
    private func playlist(of job: String, at cluster: TestCluster, token: String? = nil) async throws -> String {
        let path = "/api/v1/jobs/\(job)/stream" + (token.map { "?access_token=\($0)" } ?? "")
        let address = try #require(URL(string: cluster.url + path))
        let (data, _) = try await URLSession.shared.data(from: address)
        return String(decoding: data, as: UTF8.self)
    }

    /// Whether an event tells a job's end.
    private let isEnd: @Sendable (MartletProgram.Event) -> Bool = {
        ["completed", "failed", "cancelled"].contains($0.members["state"])
    }

    /// How many requests for something the coordinator has answered, those for its metrics aside.
    private func asked(_ cluster: TestCluster) async throws -> Double {
        String(decoding: try await cluster.data("/metrics"), as: UTF8.self).split(separator: "\n")
            .filter { $0.hasPrefix("martlet_http_requests_total{method=\"GET\"") && !$0.contains("\"/metrics\"") }
            .compactMap { $0.split(separator: " ").last.flatMap { Double($0) } }.reduce(0, +)
    }

    private func submit(
        _ film: String, from start: String, at cluster: TestCluster, _ options: [String] = []
    ) async throws -> String {
        let run = try await cluster.run(
            ["submit", "films:\(film)", "evening", "--start-time", start, "--resolution", "144p"] + options)
        try #require(run.exitCode == 0, "\(run.transcript)")
        return try #require(run.events.compactMap { $0.members["job_id"] }.first)
    }

    @Test("A worker that others wrote, and that has no films, serves a stream")
    func ofOthers() async throws {
        let cluster = try await TestCluster(["--token", "right"], films: ["minute.mp4": "minute.mp4"])
        let token = ["--token", "right"]
        let script = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../../../Examples/StreamWorker/worker.py").standardized.path
        let worker = Mutex<ChildProcess.Handle?>(nil)
        let working = Task {
            try await ChildProcess.run(
                "python3", [script],
                environment: ["COORDINATOR": cluster.url, "TOKEN": "right", "NAME": "stranger", "PORT": "0"],
                observer: .init(onStart: { handle in worker.withLock { $0 = handle } }))
        }
        defer { worker.withLock { $0?.sendToGroup(SIGTERM) } }
        let job = try await submit("minute.mp4", from: "30", at: cluster, token)
        let end = try await cluster.run(["watch", job] + token)
        let workers = try await cluster.run(["workers"] + token)
        let playlist = try? await playlist(of: job, at: cluster, token: "right")
        worker.withLock { $0?.sendToGroup(SIGTERM) }
        let said = try await working.value
        let account = "\(end.transcript)\nthe worker: \(said.ending)\n\(said.output)\n\(said.errors)"
        #expect(end.exitCode == 0, "\(account)")
        #expect(playlist?.contains("#EXT-X-ENDLIST") == true, "\(account)")
        #expect(workers.events.map { $0.members["id"] } == ["stranger"], "\(account)")
    }

    @Test("A worker without the films has them sent, says how far it is, and is one line among the workers")
    func sent() async throws {
        let cluster = try await TestCluster(films: ["minute.mp4": "minute.mp4"])
        // It listens long before the worker has measured itself.
        let watching = try await cluster.watch()
        let worker = try await cluster.worker("w1")
        let job = try await submit("minute.mp4", from: "0", at: cluster)
        let end = try await watching.event("jobStateChanged", where: isEnd)
        let view = try await cluster.run(["job", job])
        #expect(end.members["state"] == "completed", "\(view.transcript)")
        #expect(try await playlist(of: job, at: cluster).contains("#EXT-X-ENDLIST"))
        // The coordinator leads a player to the worker, and has nothing to do while that plays all of it.
        let before = try await asked(cluster)
        let player = try await ChildProcess.run(
            "ffmpeg",
            [
                "-nostdin", "-v", "error", "-i", "\(cluster.url)/api/v1/jobs/\(job)/stream", "-map", "0:v:0",
                "-fps_mode",
                "passthrough", "-f", "framemd5", "-",
            ])
        #expect(player.output.split(separator: "\n").count { $0.hasPrefix("0,") } == 1500, "\(player.errors)")
        let questions = try await asked(cluster) - before
        #expect((1...2).contains(questions), "\(questions)")
        let views = try await cluster.list("/api/v1/workers")
        #expect(views.map { $0["id"] as? String } == ["w1"])
        #expect(views.first?["transport"] as? String == "websocket")
        #expect(views.first?["address"] is String && views.first?["tasks_completed"] as? Int == 1)
        let shares = watching.events.filter { $0.name == "progress" }.compactMap {
            Double($0.members["progress"] ?? "")
        }
        #expect(shares.contains { $0 > 0 && $0 < 1 }, "\(shares)")
        worker.send(SIGTERM)
        _ = try await worker.ended()
        #expect(try await cluster.list("/api/v1/workers").isEmpty)
    }
}
