// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import Foundation
import Glibc
import MartletTestKit
import Testing

/// What is wrong with the machines of a cluster: their clocks and their disks.
@Suite(.serialized) struct MachineFailureTests {
    @Test(
        "Clocks that differ by minutes, and by a year, change nothing",
        .enabled(
            if: LongForm.isWanted && FileManager.default.isExecutableFile(atPath: "/usr/bin/faketime"),
            "one of the long forms (make corpus); it wants faketime"))
    func clocks() async throws {
        // The wall clock alone is another one: the clocks that measure time go as they do, and files keep their times.
        let real = ["FAKETIME_DONT_FAKE_MONOTONIC": "1", "NO_FAKE_STAT": "1"]
        let cluster = try await TestCluster(
            films: ["minute.mp4": "small_minute.mp4"], environment: real, wrapper: ["faketime", "-m", "-f", "+7m"])
        let workers = [
            try await cluster.worker("late", environment: real, wrapper: ["faketime", "-m", "-f", "-6m"]),
            try await cluster.worker(
                "ahead", sharesFilms: true, environment: real, wrapper: ["faketime", "-m", "-f", "+1y"]),
        ]
        let before = Date()
        let job = try await cluster.submit("minute.mp4", to: "out.mkv")
        let after = Date()
        try await cluster.completed(job)
        try await cluster.isUndisturbed(job)
        let view = try await cluster.job(job)
        let created = Date(timeIntervalSince1970: try #require(view["created_ms"] as? Double) / 1000 - 420)
        // Seven minutes ahead, to a second.
        #expect((before - 1...after + 1).contains(created), "\(created)")
        for attempt in try await cluster.attempts(of: job).values.joined() {
            let (start, end) = (attempt["started_ms"] as? Int ?? 0, attempt["ended_ms"] as? Int ?? 0)
            #expect(start <= end && end - start < 240_000, "\(attempt)")
        }
        #expect(try await cluster.trials(of: job).allSatisfy { $0.count == 1 })
        withExtendedLifetime(workers) {}
    }

    private static let noDisk: Comment = "mount namespaces are not permitted here"

    @Test(
        "A worker whose disk is full gives its task back and takes no other until there is space",
        .enabled(noDisk) { await PrivateDisk.isPermitted })
    func workersDisk() async throws {
        let cluster = try await TestCluster(
            ["--heartbeat-timeout", "6", "--retry-delay", "0.1"], films: ["minute.mp4": "small_minute.mp4"])
        let place = cluster.directory.file("small-disk")
        try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true)
        let disk = PrivateDisk(at: place, megabytes: 100)
        let small = try await cluster.worker(
            "small", ["--slots", "1", "--temp-directory", place], sharesFilms: true,
            ffmpeg: try await cluster.lazyFFmpeg(seconds: 1), wrapper: disk.wrapper)
        let job = try await cluster.submit("minute.mp4", to: "out.mkv")
        let watching = cluster.watch(job)
        _ = try await watching.event("taskStarted")
        try disk.fill(leaving: 0, of: small)
        let failed = try await watching.event("taskRetried")
        #expect(failed.members["reason"]?.contains("disk is full") == true, "\(failed)")
        let large = try await cluster.worker("large", sharesFilms: true)
        try await cluster.completed(job)
        try await cluster.isUndisturbed(job)
        let trials = try await cluster.trials(of: job).joined()
        #expect(trials.count { $0 == "small failed" } == 1, "\(trials)")
        large.send(SIGTERM)
        _ = try await large.ended()
        try disk.free(of: small)
        let next = try await cluster.submit("minute.mp4", to: "next.mkv")
        try await cluster.completed(next)
        #expect(try await cluster.trials(of: next).allSatisfy { $0 == ["small completed"] })
    }

    @Test(
        "A coordinator whose disk is full pauses its jobs and says so, and goes on by itself when there is space",
        .enabled(noDisk) { await PrivateDisk.isPermitted }, arguments: [100, 0])
    func coordinatorsDisk(leaving megabytes: Int) async throws {
        let directory = try TemporaryDirectory()
        let place = directory.file("data")
        try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true)
        let disk = PrivateDisk(at: place, megabytes: 320)
        let cluster = try await TestCluster(
            films: ["minute.mp4": "small_minute.mp4"], in: directory, wrapper: disk.wrapper)
        let worker = try await cluster.worker("w1", sharesFilms: true, ffmpeg: try await cluster.lazyFFmpeg())
        let job = try await cluster.submit("minute.mp4", to: "out.mkv")
        let watching = cluster.watch(job)
        _ = try await watching.event("taskStarted")
        try disk.fill(leaving: megabytes, of: cluster.coordinator)
        let error = try await reason(of: job, in: cluster)
        #expect(["coordinator.no_space", "store.write_failed"].contains(error), "\(error)")
        let shown = try await MartletProgram.ask(["job", job, "--coordinator", cluster.url])
        #expect(shown.exitCode == 0 && shown.outcome.output.contains("processing, paused"), "\(shown.transcript)")
        #expect(shown.outcome.output.contains("goes on when"), "\(shown.transcript)")
        let ready = try await cluster.object("/readyz")
        #expect(ready["status"] as? Int == 503, "\(ready)")
        #expect(try await cluster.object("/healthz")["status"] as? String == "ok")
        try disk.free(of: cluster.coordinator)
        try await cluster.completed(job)
        try await cluster.isUndisturbed(job)
        #expect(try await cluster.object("/readyz")["status"] as? String == "ok")
        withExtendedLifetime((worker, watching)) {}
    }

    @Test(
        "A job whose output finds no space waits with all that it has, and is joined when there is",
        .enabled(noDisk) { await PrivateDisk.isPermitted })
    func outputsDisk() async throws {
        let directory = try TemporaryDirectory()
        let place = directory.file("outputs")
        try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true)
        let disk = PrivateDisk(at: place, megabytes: 40)
        let cluster = try await TestCluster(
            ["--media-root", "outputs=\(place)"], films: ["minute.mp4": "minute.mp4"], in: directory,
            wrapper: disk.wrapper)
        try disk.fill(leaving: 1, of: cluster.coordinator)
        let worker = try await cluster.worker("w1", sharesFilms: true)
        let run = try await cluster.run(["submit", "films:minute.mp4", "outputs:out.mkv"] + Transcode.quick)
        let job = try #require(run.events.compactMap { $0.members["id"] ?? $0.members["job_id"] }.first)
        #expect(try await reason(of: job, in: cluster) == "coordinator.no_space")
        #expect(try await cluster.job(job)["state"] as? String == "combining")
        try disk.free(of: cluster.coordinator)
        try await cluster.completed(job)
        let output = try Data(contentsOf: URL(filePath: disk.path(through: cluster.coordinator) + "/out.mkv"))
        #expect(output == (try await cluster.expected("minute.mp4", to: "out.mkv")))
        #expect(try await cluster.trials(of: job).allSatisfy { $0 == ["w1 completed"] })
        withExtendedLifetime(worker) {}
    }

    /// Waits until a job says why it does not go on; gives the reason's name.
    private func reason(of job: String, in cluster: TestCluster) async throws -> String {
        try await waiting(for: "a reason why \(job) waits") {
            while true {
                let error = try? await cluster.job(job)["error"] as? [String: Any]
                if let code = error?["code"] as? String { return code }
                try await Task.sleep(for: .milliseconds(50))
            }
        }
    }
}
