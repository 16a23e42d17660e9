// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import Foundation
import FoundationNetworking
import Glibc
import MartletTestKit
import Testing

/// What goes wrong in a cluster, done to real processes.
@Suite(.serialized) struct FailureTests {
    private static let slow = ["--preset", "slow"]

    private func isOf(_ worker: String) -> @Sendable (MartletProgram.Event) -> Bool {
        { $0.members["worker_id"] == worker }
    }

    @Test("A worker that is stopped loses its work, its late result does not count, and it works again")
    func workerStopped() async throws {
        let cluster = try await TestCluster(["--heartbeat-timeout", "3"], films: ["minute.mp4": "small_minute.mp4"])
        let all = try await cluster.watch()
        let lazy = try await cluster.lazyFFmpeg()
        let sleeper = try await cluster.worker("sleeper", ["--slots", "1"], sharesFilms: true, ffmpeg: lazy)
        let job = try await cluster.submit("minute.mp4", to: "out.mkv")
        let started = try await all.event("taskStarted") { $0.members["task_id"]?.hasPrefix("video") == true }
        sleeper.send(SIGSTOP)
        let heir = try await cluster.worker("heir", ["--slots", "1"], sharesFilms: true)
        _ = try await all.event("workerUnregistered", where: isOf("sleeper"))
        let task = try #require(started.members["task_id"])
        _ = try await all.event("taskStarted") {
            $0.members["task_id"] == task && $0.members["worker_id"] == "heir"
        }
        sleeper.send(SIGCONT)
        try await cluster.completed(job)
        try await cluster.isUndisturbed(job)
        let attempts = try await cluster.attempts(of: job)[task] ?? []
        #expect(attempts.contains { $0["worker"] as? String == "heir" && $0["result"] as? String == "completed" })
        #expect(
            attempts.contains { $0["worker"] as? String == "sleeper" && $0["result"] as? String == "interrupted" },
            "\(attempts)")
        heir.send(SIGTERM)
        _ = try await heir.ended()
        let next = try await cluster.submit("minute.mp4", to: "next.mkv")
        try await cluster.completed(next)
        let workers = try await cluster.attempts(of: next).values.flatMap { $0 }.compactMap { $0["worker"] as? String }
        #expect(Set(workers) == ["sleeper"])
        withExtendedLifetime((sleeper, all)) {}
    }

    @Test(
        "A source that changes or goes in mid-job fails the job, and says so, whoever notices",
        arguments: [true, false],
        [true, false])
    func sourceLost(isReplaced: Bool, isShared: Bool) async throws {
        let other = try await MediaFixtures.path("h264_closed.mp4")
        let cluster = try await TestCluster(["--retry-delay", "0.1"], films: ["minute.mp4": "small_minute.mp4"])
        let film = cluster.directory.file("films/minute.mp4")
        try FileManager.default.copyItem(atPath: other, toPath: film + ".other")
        // Without the films it has them sent, and learns from the coordinator that they are others.
        let worker = try await cluster.worker(
            "w1", ["--slots", "1"], sharesFilms: isShared, ffmpeg: try await cluster.lazyFFmpeg())
        let job = try await cluster.submit("minute.mp4", to: "out.mkv")
        let watching = cluster.watch(job)
        _ = try await watching.event("taskStarted")
        if isReplaced {
            #expect(rename(film + ".other", film) == 0)
        } else {
            try FileManager.default.removeItem(atPath: film)
        }
        let ended = try await watching.ended()
        #expect(ended.exitCode == 1 || ended.exitCode == 3, "\(ended.output) \(ended.errors)")
        let view = try await cluster.job(job)
        #expect(view["state"] as? String == "failed")
        let error = try #require(view["error"] as? [String: Any])
        #expect(error["code"] as? String == "coordinator.source_changed", "\(error)")
        let words = isReplaced ? "films:minute.mp4 changed" : "films:minute.mp4 is not there any more"
        #expect((error["message"] as? String)?.contains(words) == true, "\(error)")
        #expect(!FileManager.default.fileExists(atPath: cluster.directory.file("films/out.mkv")))
        withExtendedLifetime(worker) {}
    }

    @Test("Without workers a job waits and says so, and goes on when one comes")
    func workersGone() async throws {
        let cluster = try await TestCluster(films: ["minute.mp4": "minute.mp4"])
        let all = try await cluster.watch()
        let first = try await cluster.worker("first", ["--slots", "1"], sharesFilms: true)
        first.send(SIGTERM)
        _ = try await all.event("workerUnregistered", where: isOf("first"))
        let job = try await cluster.submit("minute.mp4", to: "out.mkv", Self.slow)
        _ = try await all.event("jobStateChanged") { $0.members["state"] == "waitingForWorkers" }
        #expect(try await cluster.job(job)["state"] as? String == "waitingForWorkers")
        let second = try await cluster.worker("second", ["--slots", "1"], sharesFilms: true)
        let started = try await all.event("taskStarted", where: isOf("second"))
        #expect(try await cluster.job(job)["state"] as? String == "processing")
        let watching = cluster.watch(job)
        _ = try await watching.event("progress")
        second.send(SIGKILL)
        // Waiting once more, in the midst of the work this time.
        _ = try await watching.event("jobStateChanged") { $0.members["state"] == "waitingForWorkers" }
        let view = try await cluster.job(job)
        #expect(view["state"] as? String == "waitingForWorkers")
        #expect((view["error"] as? [String: Any])?["code"] as? String == "scheduling.no_worker")
        // What a machine would stream is another matter, and known by its heartbeats alone.
        let encoding = try await cluster.list("/api/v1/workers").filter { $0["transport"] as? String == "websocket" }
        #expect(encoding.isEmpty, "\(encoding)")
        let shown = try await cluster.run(["job", job])
        #expect(shown.transcript.contains("scheduling.no_worker"), "\(shown.transcript)")
        let third = try await cluster.worker("third", sharesFilms: true)
        _ = try await all.event("taskStarted") {
            $0.members["worker_id"] == "third" && $0.members["task_id"] == started.members["task_id"]
        }
        try await cluster.completed(job)
        try await cluster.isUndisturbed(job, Self.slow)
        withExtendedLifetime((first, second, third)) {}
    }

    @Test("A job is cancelled while it is queued, and before workers are there")
    func cancelledBeforeItBegan() async throws {
        let cluster = try await TestCluster(["--max-concurrent-jobs", "1"], films: ["tiny.mkv": "tiny.mkv"])
        let waiting = try await cluster.submit("tiny.mkv", to: "a.mkv")
        let queued = try await cluster.submit("tiny.mkv", to: "b.mkv")
        #expect(try await cluster.job(queued)["state"] as? String == "queued")
        for job in [queued, waiting] {
            #expect(try await cluster.run(["cancel", job]).exitCode == 0)
            let watched = try await cluster.run(["watch", job])
            #expect(watched.exitCode == 1, "\(watched.transcript)")
            #expect(try await cluster.job(job)["state"] as? String == "cancelled")
        }
    }

    @Test(
        "Paths outside of the media roots are refused", arguments: ["films:../secret.mkv", "/etc/passwd", "films:link"])
    func outside(source: String) async throws {
        let cluster = try await TestCluster(films: ["tiny.mkv": "tiny.mkv"])
        try FileManager.default.copyItem(
            atPath: cluster.directory.file("films/tiny.mkv"), toPath: cluster.directory.file("secret.mkv"))
        try FileManager.default.createSymbolicLink(
            atPath: cluster.directory.file("films/link"), withDestinationPath: cluster.directory.file("secret.mkv"))
        let run = try await cluster.run(["submit", source, "films:out.mkv"])
        #expect(run.exitCode == 3, "\(run.transcript)")
        let output = try await cluster.run(["submit", "films:tiny.mkv", "films:../out.mkv"])
        #expect(output.exitCode == 3, "\(output.transcript)")
        #expect(try await cluster.jobNames().isEmpty)
    }

    @Test(
        "Encoder options that name files are refused at once, and no job is made",
        arguments: [
            "-passlogfile /etc/passwd", "-x264-params stats=/tmp/stats:pass=2", "-vf movie=/etc/passwd",
            "-i /etc/passwd",
        ])
    func encoderOptions(options: String) async throws {
        let cluster = try await TestCluster(films: ["tiny.mkv": "tiny.mkv"])
        let run = try await cluster.run(["submit", "films:tiny.mkv", "films:out.mkv", "--ffmpeg-params", options])
        #expect(run.exitCode == 2, "\(run.transcript)")
        #expect(run.transcript.contains("planning.option_refused"), "\(run.transcript)")
        let body =
            #"{"source": "films:tiny.mkv", "output": "films:out.mkv", "params": {"options": {"ffmpeg_params": "\#(options)"}}}"#
        let answer = try await cluster.requests([("POST", "/api/v1/jobs", body)])
        #expect(answer.map(\.status) == [400])
        #expect(try await cluster.jobNames().isEmpty)
    }

    @Test(
        "A playlist is no source, whatever it points at",
        arguments: [
            ("list.ffconcat", "ffconcat version 1.0\nfile /etc/passwd\n"),
            ("list.mkv", "ffconcat version 1.0\nfile minute.mp4\n"),
            ("list.m3u8", "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nhttp://127.0.0.1:1/a.ts\n#EXT-X-ENDLIST\n"),
        ])
    func playlist(name: String, text: String) async throws {
        let cluster = try await TestCluster(
            ["--with-worker", "--benchmark-duration", "0"], films: ["minute.mp4": "small_minute.mp4"])
        try Data(text.utf8).write(to: URL(filePath: cluster.directory.file("films/\(name)")))
        let run = try await cluster.run(["submit", "films:\(name)", "films:out.mkv", "--watch"])
        #expect(run.exitCode == 3, "\(run.transcript)")
        #expect(!FileManager.default.fileExists(atPath: cluster.directory.file("films/out.mkv")))
    }
}
