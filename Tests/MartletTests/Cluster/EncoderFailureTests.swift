// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import Foundation
import FoundationNetworking
import Glibc
import MartletHTTP
import MartletModel
import MartletPorts
import MartletTestKit
import MartletWire
import Testing

/// What goes wrong with ffmpeg and with the workers that run it, done to real processes.
@Suite(.serialized) struct EncoderFailureTests {
    private static let slow = ["--preset", "slow"]
    /// For workers that are quick to end an ffmpeg: on a busy machine any may say nothing for a while.
    private static let patient = ["--retry-delay", "0.1", "--max-retries", "30"]

    /// What the attempts at a job's tasks failed for.
    private func failures(of job: String, in cluster: TestCluster) async throws -> [String] {
        try await cluster.attempts(of: job).values.flatMap { $0 }
            .compactMap { ($0["error"] as? [String: Any])?["code"] as? String }
    }

    /// A condition of a shell script: the run is one of a task's.
    private func isTask(in cluster: TestCluster) -> String { "*\(cluster.directory.file("work"))/*/jobs/*" }

    @Test("An ffmpeg that is killed from outside is one failed attempt, and changes no byte")
    func killed() async throws {
        let cluster = try await TestCluster(["--retry-delay", "0.1"], films: ["minute.mp4": "small_minute.mp4"])
        let mark = cluster.directory.file("killed")
        let script = try await cluster.ffmpeg(
            doing: "case \"$*\" in \(isTask(in: cluster))) mkdir '\(mark)' 2>/dev/null && kill -KILL $$;; esac")
        let worker = try await cluster.worker("w1", sharesFilms: true, ffmpeg: script)
        let job = try await cluster.submit("minute.mp4", to: "out.mkv")
        try await cluster.completed(job)
        try await cluster.isUndisturbed(job)
        #expect(try await failures(of: job, in: cluster) == ["ffmpeg.killed"])
        withExtendedLifetime(worker) {}
    }

    @Test(
        "An ffmpeg that the kernel kills for its memory is one failed attempt, and changes no byte",
        .enabled(if: MemoryCage.isPossible, "no control group with a memory limit can be made here"))
    func outOfMemory() async throws {
        let cage = try #require(MemoryCage(megabytes: 6))
        let cluster = try await TestCluster(["--retry-delay", "0.1"], films: ["minute.mp4": "small_minute.mp4"])
        let mark = cluster.directory.file("caged")
        let script = try await cluster.ffmpeg(
            doing: "case \"$*\" in \(isTask(in: cluster))video*) mkdir '\(mark)' 2>/dev/null && "
                + "echo $$ > \(cage.processes);; esac")
        let worker = try await cluster.worker("w1", sharesFilms: true, ffmpeg: script)
        let job = try await cluster.submit("minute.mp4", to: "out.mkv")
        try await cluster.completed(job)
        try await cluster.isUndisturbed(job)
        #expect(try await failures(of: job, in: cluster) == ["ffmpeg.killed"])
        #expect(cage.kills == 1)
        withExtendedLifetime(worker) {}
    }

    @Test("An ffmpeg that says nothing is ended, and its task done again")
    func silent() async throws {
        let cluster = try await TestCluster(Self.patient, films: ["minute.mp4": "small_minute.mp4"])
        let mark = cluster.directory.file("silent")
        let script = try await cluster.ffmpeg(
            doing: "case \"$*\" in \(isTask(in: cluster))) mkdir '\(mark)' 2>/dev/null && exec sleep 600;; esac")
        let worker = try await cluster.worker("w1", ["--stall-timeout", "4"], sharesFilms: true, ffmpeg: script)
        let job = try await cluster.submit("minute.mp4", to: "out.mkv")
        try await cluster.completed(job)
        try await cluster.isUndisturbed(job)
        #expect(try await failures(of: job, in: cluster).contains("ffmpeg.stalled"))
        withExtendedLifetime(worker) {}
    }

    @Test("An ffmpeg that stands still in mid-encode is ended, and its task done again")
    func stopped() async throws {
        let cluster = try await TestCluster(Self.patient, films: ["minute.mp4": "minute.mp4"])
        let worker = try await cluster.worker("w1", ["--stall-timeout", "4", "--slots", "1"], sharesFilms: true)
        let job = try await cluster.submit("minute.mp4", to: "out.mkv", Self.slow)
        let encodes = cluster.directory.file("work/w1/jobs")
        let encode = try await waiting(for: "an ffmpeg") {
            while true {
                if let found = RunningPrograms.mentioning(encodes).first { return found }
                try await Task.sleep(for: .milliseconds(5))
            }
        }
        kill(encode, SIGSTOP)
        try await cluster.completed(job)
        try await cluster.isUndisturbed(job, Self.slow)
        #expect(try await failures(of: job, in: cluster).contains("ffmpeg.stalled"))
        #expect(kill(encode, 0) != 0)
        withExtendedLifetime(worker) {}
    }

    @Test("A worker of another build gets no segment of a job that is planned for the first")
    func otherBuild() async throws {
        let cluster = try await TestCluster(films: ["minute.mp4": "small_minute.mp4"])
        let script = try await cluster.ffmpeg(
            doing: "case \" $* \" in *' -version '*) "
                + "/usr/bin/env ffmpeg \"$@\" | sed '1s/version [^ ]*/version 0.0-other/'; exit;; esac")
        let same = try await cluster.worker(
            "same", ["--slots", "1"], sharesFilms: true, ffmpeg: try await cluster.lazyFFmpeg(seconds: 0.5))
        let job = try await cluster.submit("minute.mp4", to: "out.mkv")
        let watching = cluster.watch(job)
        _ = try await watching.event("taskStarted")
        let other = try await cluster.worker("other", ["--slots", "2"], sharesFilms: true, ffmpeg: script)
        #expect(try await cluster.job(job)["state"] as? String == "processing")
        try await cluster.completed(job)
        try await cluster.isUndisturbed(job)
        #expect(try await cluster.trials(of: job).joined().allSatisfy { $0.hasPrefix("same ") })
        same.send(SIGTERM)
        _ = try await same.ended()
        let next = try await cluster.submit("minute.mp4", to: "next.mkv")
        try await cluster.completed(next)
        #expect(try await cluster.trials(of: next).joined().allSatisfy { $0.hasPrefix("other ") })
        withExtendedLifetime((other, watching)) {}
    }

    @Test("A worker of a release that speaks otherwise is refused, and told why")
    func otherVersion() async throws {
        let cluster = try await TestCluster(films: ["tiny.mkv": "tiny.mkv"])
        let socket = try await CurlCaller().openWebSocket(
            cluster.url + WorkerProtocol.path, headers: HTTPHeaders(), timeout: .seconds(20))
        let build = EncoderBuild(version: "5.1", codecMajorVersion: 59, digest: "d", encoders: [], filters: [])
        let profile = WorkerProfile(
            id: WorkerID("old"), slots: 1, memory: .mebibytes(1000), buildDigest: build.digest)
        let registration = WorkerRegistration(
            profile: profile, build: build, instance: "i", protocolVersion: WorkerProtocol.version + 1)
        let message = try JSONEncoder().encode(WorkerMessage.register(registration))
        try await socket.send(.text(String(decoding: message, as: UTF8.self)))
        guard case .text(let answer)? = await socket.receive() else {
            Issue.record("the coordinator said nothing")
            return
        }
        #expect(answer.contains("coordinator.protocol_mismatch"), "\(answer)")
        #expect(await socket.receive() == nil)
        #expect(try await cluster.list("/api/v1/workers").isEmpty)
    }
}
