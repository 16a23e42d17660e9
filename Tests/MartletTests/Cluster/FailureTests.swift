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

    /// Demands the bytes of a run on one machine, and one completed attempt at each task.
    private func isUndisturbed(
        _ cluster: TestCluster, _ job: String, _ options: [String] = slow, location: SourceLocation = #_sourceLocation
    ) async throws {
        #expect(
            try cluster.bytes(of: "out.mkv") == (try await cluster.expected("minute.mp4", to: "out.mkv", options)),
            sourceLocation: location)
        for (task, tries) in try await cluster.attempts(of: job) {
            #expect(
                tries.count { $0["result"] as? String == "completed" } == 1, "\(task): \(tries)",
                sourceLocation: location)
        }
    }

    private func watch(_ cluster: TestCluster, _ options: [String] = []) -> MartletProcess {
        MartletProcess(["watch", "--coordinator", cluster.url, "--json"] + options)
    }

    private func isOf(_ worker: String) -> @Sendable (MartletProgram.Event) -> Bool {
        { $0.members["worker_id"] == worker }
    }

    @Test("A worker that is stopped loses its work, its late result does not count, and it works again")
    func workerStopped() async throws {
        let cluster = try await TestCluster(["--heartbeat-timeout", "3"], films: ["minute.mp4": "minute.mp4"])
        let all = watch(cluster)
        let sleeper = try await cluster.worker("sleeper", ["--slots", "1"], sharesFilms: true)
        let job = try await cluster.submit("minute.mp4", to: "out.mkv", Self.slow)
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
        try await isUndisturbed(cluster, job)
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

    @Test("A source that changes or goes in mid-job fails the job, and says so", arguments: [true, false])
    func sourceLost(isReplaced: Bool) async throws {
        let cluster = try await TestCluster(["--retry-delay", "0.1"], films: ["minute.mp4": "minute.mp4"])
        let worker = try await cluster.worker("w1", ["--slots", "1"], sharesFilms: true)
        let job = try await cluster.submit("minute.mp4", to: "out.mkv", Self.slow)
        let watching = watch(cluster, [job])
        _ = try await watching.event("taskStarted")
        let film = cluster.directory.file("films/minute.mp4")
        if isReplaced {
            let other = film + ".other"
            try FileManager.default.copyItem(atPath: try await MediaFixtures.path("h264_closed.mp4"), toPath: other)
            #expect(rename(other, film) == 0)
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

    @Test("An ffmpeg that the system kills is one failed attempt, and changes no byte")
    func ffmpegKilled() async throws {
        let cluster = try await TestCluster(["--retry-delay", "0.1"], films: ["minute.mp4": "minute.mp4"])
        let mark = cluster.directory.file("killed")
        let script = try await stand(
            in: cluster,
            "case \"$*\" in *\(cluster.directory.file("work"))/*/jobs/*) mkdir '\(mark)' 2>/dev/null && kill -KILL $$;; esac"
        )
        let worker = try await cluster.worker("w1", sharesFilms: true, ffmpeg: script)
        let job = try await cluster.submit("minute.mp4", to: "out.mkv")
        try await cluster.completed(job)
        try await isUndisturbed(cluster, job, [])
        let failed = try await cluster.attempts(of: job).values.flatMap { $0 }
            .filter { $0["result"] as? String == "failed" }
        let codes = failed.map { ($0["error"] as? [String: Any])?["code"] as? String }
        #expect(codes == ["ffmpeg.killed"], "\(failed)")
        withExtendedLifetime(worker) {}
    }

    @Test("Without workers a job waits and says so, and goes on when one comes")
    func workersGone() async throws {
        let cluster = try await TestCluster(films: ["minute.mp4": "minute.mp4"])
        let all = watch(cluster)
        let first = try await cluster.worker("first", ["--slots", "1"], sharesFilms: true)
        first.send(SIGTERM)
        _ = try await all.event("workerUnregistered", where: isOf("first"))
        let job = try await cluster.submit("minute.mp4", to: "out.mkv", Self.slow)
        _ = try await all.event("jobStateChanged") { $0.members["state"] == "waitingForWorkers" }
        #expect(try await cluster.job(job)["state"] as? String == "waitingForWorkers")
        let second = try await cluster.worker("second", ["--slots", "1"], sharesFilms: true)
        let started = try await all.event("taskStarted", where: isOf("second"))
        #expect(try await cluster.job(job)["state"] as? String == "processing")
        let watching = watch(cluster, [job])
        _ = try await watching.event("progress")
        second.send(SIGKILL)
        // Waiting once more, in the midst of the work this time.
        _ = try await watching.event("jobStateChanged") { $0.members["state"] == "waitingForWorkers" }
        let view = try await cluster.job(job)
        #expect(view["state"] as? String == "waitingForWorkers")
        #expect((view["error"] as? [String: Any])?["code"] as? String == "scheduling.no_worker")
        let names = try await cluster.list("/api/v1/workers").compactMap { $0["id"] as? String }
        #expect(!names.contains("first") && !names.contains("second"), "\(names)")
        let shown = try await cluster.run(["job", job])
        #expect(shown.transcript.contains("scheduling.no_worker"), "\(shown.transcript)")
        let third = try await cluster.worker("third", sharesFilms: true)
        _ = try await all.event("taskStarted") {
            $0.members["worker_id"] == "third" && $0.members["task_id"] == started.members["task_id"]
        }
        try await cluster.completed(job)
        try await isUndisturbed(cluster, job)
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

    @Test("Three hundred jobs at once are all kept, listed by pages, and cancelled")
    func manyJobs() async throws {
        let cluster = try await TestCluster(films: ["tiny.mkv": "tiny.mkv"])
        let made = try await requests(
            (0..<300).map { number in
                ("POST", "/api/v1/jobs", #"{"source": "films:tiny.mkv", "output": "films:\#(number).mkv"}"#)
            }, to: cluster)
        #expect(made.allSatisfy { (200..<300).contains($0.status) })
        let ids = Set(made.compactMap(\.id))
        #expect(ids.count == 300)
        #expect(try await listed(cluster) == ids)
        let ended = try await requests(ids.map { ("DELETE", "/api/v1/jobs/\($0)", "") }, to: cluster)
        #expect(ended.allSatisfy { (200..<300).contains($0.status) })
        #expect(try await listed(cluster, "&state=cancelled") == ids)
    }

    @Test("A worker of another build gets no segment of a job that is planned for the first")
    func otherBuild() async throws {
        let cluster = try await TestCluster(films: ["minute.mp4": "minute.mp4"])
        let script = try await stand(
            in: cluster,
            "case \" $* \" in *' -version '*) "
                + "/usr/bin/env ffmpeg \"$@\" | sed '1s/version [^ ]*/version 0.0-other/'; exit;; esac")
        let same = try await cluster.worker("same", ["--slots", "1"], sharesFilms: true)
        let job = try await cluster.submit("minute.mp4", to: "out.mkv", Self.slow)
        let watching = watch(cluster, [job])
        _ = try await watching.event("taskStarted")
        let other = try await cluster.worker("other", ["--slots", "2"], sharesFilms: true, ffmpeg: script)
        #expect(try await cluster.job(job)["state"] as? String == "processing")
        try await cluster.completed(job)
        try await isUndisturbed(cluster, job)
        #expect(try await workers(of: job, in: cluster) == ["same"])
        same.send(SIGTERM)
        _ = try await same.ended()
        let next = try await cluster.submit("minute.mp4", to: "next.mkv")
        try await cluster.completed(next)
        #expect(try await workers(of: next, in: cluster) == ["other"])
        withExtendedLifetime((other, watching)) {}
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
        #expect(try await listed(cluster).isEmpty)
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
        let answer = try await requests([("POST", "/api/v1/jobs", body)], to: cluster)
        #expect(answer.map(\.status) == [400])
        #expect(try await listed(cluster).isEmpty)
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
            ["--with-worker", "--benchmark-duration", "0"], films: ["minute.mp4": "minute.mp4"])
        try Data(text.utf8).write(to: URL(filePath: cluster.directory.file("films/\(name)")))
        let run = try await cluster.run(["submit", "films:\(name)", "films:out.mkv", "--watch"])
        #expect(run.exitCode == 3, "\(run.transcript)")
        #expect(!FileManager.default.fileExists(atPath: cluster.directory.file("films/out.mkv")))
    }

    @Test(
        "A worker whose network is cut loses its work, and goes on with the job when it is back",
        .enabled("network namespaces are not permitted here") { await CutNetwork.isPermitted })
    func networkCut() async throws {
        let network = try await CutNetwork()
        defer { network.remove() }
        let token = ["--token", "right"]
        let cluster = try await TestCluster(
            ["--host", network.address, "--heartbeat-timeout", "3"] + token, films: ["minute.mp4": "minute.mp4"])
        let all = watch(cluster, token)
        let worker = try await cluster.worker("far", token, wrapper: network.wrapper)
        let job = try await cluster.submit("minute.mp4", to: "out.mkv", Self.slow + token)
        _ = try await all.event("taskStarted", where: isOf("far"))
        try await network.set("down")
        _ = try await all.event("workerUnregistered", where: isOf("far"))
        try await network.set("up")
        let watched = try await cluster.run(["watch", job] + token)
        #expect(watched.exitCode == 0, "\(watched.transcript)")
        #expect(
            try cluster.bytes(of: "out.mkv")
                == (try await cluster.expected("minute.mp4", to: "out.mkv", Self.slow)))
        withExtendedLifetime((all, worker)) {}
    }

    // MARK: Parts

    /// A program that does `first` and then what ffmpeg does.
    private func stand(in cluster: TestCluster, _ first: String) async throws -> String {
        let path = try cluster.directory.write(
            "#!/bin/sh\n\(first)\nexec /usr/bin/env ffmpeg \"$@\"\n", to: "ffmpeg-stand")
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
        return path
    }

    private func workers(of job: String, in cluster: TestCluster) async throws -> Set<String> {
        Set(try await cluster.attempts(of: job).values.flatMap { $0 }.compactMap { $0["worker"] as? String })
    }

    /// The names of all jobs, read by pages of 70.
    private func listed(_ cluster: TestCluster, _ filter: String = "") async throws -> Set<String> {
        var (ids, cursor) = (Set<String>(), "")
        while true {
            let page = try await cluster.object("/api/v1/jobs?limit=70\(filter)\(cursor)")
            let jobs = try #require(page["jobs"] as? [[String: Any]])
            #expect(jobs.count <= 70)
            for job in jobs { #expect(ids.insert(try #require(job["id"] as? String)).inserted) }
            guard let next = page["next_cursor"] as? String else { return ids }
            cursor = "&cursor=" + (next.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? "")
        }
    }

    private struct Answer: Sendable {
        var status: Int
        var id: String?
    }

    /// Sends requests side by side.
    private func requests(
        _ requests: [(method: String, path: String, body: String)], to cluster: TestCluster
    ) async throws -> [Answer] {
        try await withThrowingTaskGroup(of: Answer.self) { group in
            for (method, path, body) in requests {
                var request = URLRequest(url: try #require(URL(string: cluster.url + path)))
                request.httpMethod = method
                if !body.isEmpty {
                    request.httpBody = Data(body.utf8)
                    request.setValue("application/json", forHTTPHeaderField: "Content-Type")
                }
                group.addTask { [request] in
                    let (data, response) = try await URLSession.shared.data(for: request)
                    let object = try JSONSerialization.jsonObject(with: data) as? [String: Any]
                    return Answer(
                        status: (response as? HTTPURLResponse)?.statusCode ?? 0, id: object?["id"] as? String)
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
    }
}
