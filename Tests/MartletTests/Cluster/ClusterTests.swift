// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import Foundation
import FoundationNetworking
import Glibc
import MartletTestKit
import Testing

/// A cluster as its users meet it: real processes on one machine.
@Suite(.serialized) struct ClusterTests {
    @Test("Three workers, of which one shares the disk, make the bytes that one machine makes")
    func sameBytes() async throws {
        let cluster = try await TestCluster(films: ["minute.mp4": "small_minute.mp4"])
        let workers = [
            try await cluster.worker("near", sharesFilms: true), try await cluster.worker("far-1"),
            try await cluster.worker("far-2"),
        ]
        let job = try await cluster.submit("minute.mp4", to: "out.mkv")
        try await cluster.completed(job)
        #expect(try cluster.bytes(of: "out.mkv") == (try await cluster.expected("minute.mp4", to: "out.mkv")))
        let view = try await cluster.job(job)
        #expect(view["state"] as? String == "completed")
        #expect(view["frames"] as? Int == 1500)
        withExtendedLifetime(workers) {}
    }

    @Test("The coordinator works itself when it is told to")
    func withWorker() async throws {
        let cluster = try await TestCluster(
            ["--with-worker", "--benchmark-duration", "0"], films: ["tiny.mkv": "tiny.mkv"])
        let job = try await cluster.submit("tiny.mkv", to: "out.mp4")
        try await cluster.completed(job)
        #expect(try cluster.bytes(of: "out.mp4") == (try await cluster.expected("tiny.mkv", to: "out.mp4")))
    }

    @Test("What one worker makes and reads again, for a quality that is searched, are the bytes of one machine")
    func searched() async throws {
        let cluster = try await TestCluster(films: ["tiny.mkv": "tiny.mkv"])
        let worker = try await cluster.worker("w1")
        let options = ["--target-quality", "ssim:0.9"]
        let job = try await cluster.submit("tiny.mkv", to: "out.mp4", options)
        try await cluster.completed(job)
        #expect(try cluster.bytes(of: "out.mp4") == (try await cluster.expected("tiny.mkv", to: "out.mp4", options)))
        withExtendedLifetime(worker) {}
    }

    @Test("A worker is killed: its work moves, and the bytes are the same")
    func workerKilled() async throws {
        let cluster = try await TestCluster(films: ["minute.mp4": "small_minute.mp4"])
        let victim = try await cluster.worker("victim", ffmpeg: try await cluster.lazyFFmpeg())
        let job = try await cluster.submit("minute.mp4", to: "out.mkv")
        let watching = cluster.watch(job)
        _ = try await watching.event("taskStarted")
        victim.sendToGroup(SIGKILL)
        let heir = try await cluster.worker("heir", sharesFilms: true)
        #expect(try await watching.ended().exitCode == 0)
        #expect(try cluster.bytes(of: "out.mkv") == (try await cluster.expected("minute.mp4", to: "out.mkv")))
        let attempts = try await cluster.attempts(of: job).values.flatMap { $0 }
        #expect(attempts.contains { $0["worker"] as? String == "victim" && $0["result"] as? String == "interrupted" })
        withExtendedLifetime(heir) {}
    }

    @Test("The coordinator is killed and comes back: encodes that ran go on and count, nothing is encoded twice")
    func coordinatorKilled() async throws {
        let cluster = try await TestCluster(films: ["minute.mp4": "small_minute.mp4"])
        let worker = try await cluster.worker(
            "w1", ["--slots", "2"], sharesFilms: true, ffmpeg: try await cluster.lazyFFmpeg())
        let job = try await cluster.submit("minute.mp4", to: "out.mkv")
        let watching = cluster.watch(job)
        _ = try await watching.event("taskStarted")
        cluster.coordinator.sendToGroup(SIGKILL)
        _ = try await cluster.coordinator.ended()
        let again = try await cluster.again()
        try await again.completed(job)
        let attempts = try await again.attempts(of: job)
        #expect(attempts.count >= 6)
        for (task, tries) in attempts {
            #expect(tries.count { $0["result"] as? String == "completed" } == 1, "\(task): \(tries)")
            #expect(tries.count == 1, "\(task): \(tries)")
        }
        #expect(try again.bytes(of: "out.mkv") == (try await again.expected("minute.mp4", to: "out.mkv")))
        withExtendedLifetime((worker, watching)) {}
    }

    @Test("A job is cancelled while it runs, the encodes stop, and a retry completes it")
    func cancelled() async throws {
        let cluster = try await TestCluster(films: ["minute.mp4": "small_minute.mp4"])
        let worker = try await cluster.worker(
            "w1", ["--slots", "2"], sharesFilms: true, ffmpeg: try await cluster.lazyFFmpeg())
        let job = try await cluster.submit("minute.mp4", to: "out.mkv")
        let watching = cluster.watch(job)
        _ = try await watching.event("taskStarted")
        #expect(try await cluster.run(["cancel", job]).exitCode == 0)
        #expect(try await watching.ended().exitCode == 1)
        #expect(await RunningPrograms.areGone(mentioning: cluster.directory.file("work/w1/jobs")))
        #expect(!FileManager.default.fileExists(atPath: cluster.directory.file("films/out.mkv")))
        #expect(try await cluster.run(["retry", job]).exitCode == 0)
        try await cluster.completed(job)
        withExtendedLifetime(worker) {}
    }

    @Test("A wrong token is refused, and a missing one, with exit code 6")
    func tokens() async throws {
        let cluster = try await TestCluster(["--token", "right"], films: ["tiny.mkv": "tiny.mkv"])
        for token in [["--token", "wrong"], []] {
            #expect(try await cluster.run(["jobs"] + token).exitCode == 6)
            let worker = try await MartletProgram.ask(
                ["work", "--coordinator", cluster.url, "--benchmark-duration", "0", "--http-port", "0"] + token
                    + ["--temp-directory", cluster.directory.file("work")])
            #expect(worker.exitCode == 6, "\(worker.transcript)")
        }
        #expect(try await cluster.run(["jobs", "--token", "right"]).exitCode == 0)
    }

    @Test("Coordinator and worker end at once when they are told to, and say so with exit code 0")
    func stopped() async throws {
        let cluster = try await TestCluster(films: ["minute.mp4": "small_minute.mp4"])
        let worker = try await cluster.worker(
            "w1", ["--slots", "2"], sharesFilms: true, ffmpeg: try await cluster.lazyFFmpeg())
        let job = try await cluster.submit("minute.mp4", to: "out.mkv")
        let watching = cluster.watch(job)
        _ = try await watching.event("taskStarted")
        cluster.coordinator.send(SIGTERM)
        #expect(try await cluster.coordinator.ended().exitCode == 0)
        worker.send(SIGTERM)
        #expect(try await worker.ended().exitCode == 0)
        let again = try await cluster.again()
        let other = try await again.worker("w2", sharesFilms: true)
        try await again.completed(job)
        withExtendedLifetime(other) {}
    }

    @Test("A film that is asked for from some point on is streamed by a worker itself")
    func streamed() async throws {
        let cluster = try await TestCluster(films: ["minute.mp4": "minute.mp4"])
        let worker = try await cluster.worker("w1", sharesFilms: true)
        let watching = try await cluster.watch()
        let run = try await cluster.run([
            "submit", "films:minute.mp4", "evening", "--start-time", "30", "--resolution", "144p",
        ])
        let job = try #require(run.events.compactMap { $0.members["id"] ?? $0.members["job_id"] }.first)
        _ = try await watching.event("jobCompleted")
        let view = try await cluster.job(job)
        #expect(view["state"] as? String == "completed")
        // The coordinator only shows the way.
        let address = try #require(URL(string: "\(cluster.url)/api/v1/jobs/\(job)/stream"))
        let (data, _) = try await URLSession.shared.data(from: address)
        let playlist = String(decoding: data, as: UTF8.self)
        #expect(playlist.hasPrefix("#EXTM3U"))
        #expect(playlist.contains("#EXT-X-ENDLIST"))
        withExtendedLifetime((worker, watching)) {}
    }

    @Test("Behind nginx with TLS a film is submitted, worked on from elsewhere, watched and completed")
    func behindProxy() async throws {
        let family = try await Certificates.made().own
        let cluster = try await TestCluster(
            ["--token", "right"], films: ["minute.mp4": "small_minute.mp4"], token: "right")
        let port = try #require(cluster.url.split(separator: ":").last.flatMap { Int($0) })
        let nginx = try await NginxProxy(
            before: port, certificate: family.server.certificate, key: family.server.key)
        let url = "https://127.0.0.1:\(nginx.port)"
        let access = ["--ca", family.authority, "--token", "right"]
        let worker = try await cluster.worker("far", access, at: url)
        let run = try await MartletProgram.ask(
            ["submit", "films:minute.mp4", "films:out.mkv", "--watch", "--json", "--coordinator", url] + access
                + Transcode.quick)
        #expect(run.exitCode == 0 && run.last?.name == "completed", "\(run.transcript)")
        #expect(run.events.contains { $0.name == "progress" })
        let job = try #require(run.last?.members["job_id"])
        try await cluster.isUndisturbed(job)
        let stranger = try await MartletProgram.ask(["jobs", "--json", "--coordinator", url, "--token", "right"])
        #expect(stranger.exitCode == 6, "\(stranger.transcript)")
        worker.send(SIGTERM)
        #expect(try await worker.ended().exitCode == 0)
        try await nginx.stop()
    }
}
