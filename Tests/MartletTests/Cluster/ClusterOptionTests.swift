// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import Foundation
import FoundationNetworking
import Glibc
import MartletTestKit
import Synchronization
import Testing

/// Each option of coordinator and worker does what its help says, in real processes.
@Suite(.serialized) struct ClusterOptionTests {
    private func worker(_ name: String, of cluster: TestCluster, _ options: [String]) -> MartletProcess {
        MartletProcess(
            ["work", "--json", "--coordinator", cluster.url, "--worker-id", name, "--http-port", "0"]
                + ["--temp-directory", cluster.directory.file("work")] + options,
            environment: ["XDG_CACHE_HOME": cluster.directory.file("own-cache")])
    }

    private func only(_ views: [[String: Any]], _ name: String) throws -> [String: Any] {
        try #require(views.first { $0["id"] as? String == name }, "\(views)")
    }

    @Test("--required-clients: a job begins when so many workers are there, and says how many are missing")
    func requiredClients() async throws {
        let cluster = try await TestCluster(["--required-clients", "2"], films: ["tiny.mkv": "tiny.mkv"])
        let all = try await cluster.watch()
        let first = try await cluster.worker("first")
        let job = try await cluster.submit("tiny.mkv", to: "out.mkv")
        _ = try await all.event("jobStateChanged") { $0.members["state"] == "waitingForWorkers" }
        let error = try #require(try await cluster.job(job)["error"] as? [String: Any])
        #expect(error["message"] as? String == "2 workers are wanted, and 1 are there")
        #expect(!all.events.contains { $0.name == "taskStarted" })
        let second = try await cluster.worker("second")
        try await cluster.completed(job)
        withExtendedLifetime((first, second)) {}
    }

    @Test("--exactly: whether results are compared with their source where jobs do not say", arguments: [true, false])
    func exactly(isExact: Bool) async throws {
        let cluster = try await TestCluster(["--exactly", "\(isExact)"], films: ["tiny.mkv": "tiny.mkv"])
        let worker = try await cluster.worker("w1")
        var checks: [Bool] = []
        for options in [[], ["--verify", "counts"], ["--verify", "none"]] {
            let run = try await cluster.run(
                ["submit", "films:tiny.mkv", "films:\(checks.count).mkv", "--watch"] + Transcode.quick + options)
            #expect(run.exitCode == 0, "\(run.transcript)")
            checks.append(run.events.contains { $0.name == "progress" && $0.members["stage"] == "checking" })
        }
        #expect(checks == [isExact, true, false])
        withExtendedLifetime(worker) {}
    }

    @Test("--overwrite: an output that is there is replaced, and else refused")
    func overwrite() async throws {
        let cluster = try await TestCluster(films: ["tiny.mkv": "tiny.mkv"])
        let worker = try await cluster.worker("w1")
        try await cluster.completed(try await cluster.submit("tiny.mkv", to: "out.mkv"))
        let before = try cluster.bytes(of: "out.mkv")
        let refused = try await cluster.run(["submit", "films:tiny.mkv", "films:out.mkv"] + Transcode.quick)
        #expect(refused.exitCode == 2, "\(refused.transcript)")
        let job = try await cluster.submit("tiny.mkv", to: "out.mkv", ["--overwrite", "--crf", "40"])
        try await cluster.completed(job)
        #expect(try cluster.bytes(of: "out.mkv").count < before.count)
        withExtendedLifetime(worker) {}
    }

    @Test("--chunk-size: results come in parts of at most so many bytes", arguments: [16_384, 1_048_576])
    func chunkSize(size: Int) async throws {
        let cluster = try await TestCluster(["--chunk-size", "\(size)"], films: ["minute.mp4": "small_minute.mp4"])
        let worker = try await cluster.worker("w1", ["--slots", "1"])
        let job = try await cluster.submit("minute.mp4", to: "out.mkv")
        try await cluster.completed(job)
        let sizes = try await cluster.list("/api/v1/jobs/\(job)/tasks").compactMap { $0["bytes"] as? Int }
        #expect(!sizes.isEmpty)
        let parts = sizes.reduce(0) { $0 + ($1 + size - 1) / size }
        let (data, _) = try await URLSession.shared.data(from: try #require(URL(string: cluster.url + "/metrics")))
        let line = #"martlet_http_requests_total{method="PUT",route="/api/v1/jobs/{id}/results/{file}",status="204"} "#
        let put = String(decoding: data, as: UTF8.self).split(separator: "\n").first { $0.hasPrefix(line) }
        #expect(put?.dropFirst(line.count) == "\(parts)")
        withExtendedLifetime(worker) {}
    }

    @Test("--max-retries and --retry-delay: a failing task is tried so often again, with growing pauses")
    func retries() async throws {
        for (retries, delay) in [(0, 1.0), (2, 1.0)] {
            let cluster = try await TestCluster(
                ["--max-retries", "\(retries)", "--retry-delay", "\(delay)"], films: ["bt709.mp4": "bt709.mp4"])
            let work = cluster.directory.file("work")
            let failing = try await cluster.ffmpeg(
                doing: "case \"$*\" in *'\(work)'/*/jobs/*) echo broken >&2; exit 1;; esac")
            let worker = try await cluster.worker("w1", ["--slots", "1"], ffmpeg: failing)
            let job = try await cluster.submit("bt709.mp4", to: "out.mkv", ["--audio-codec", "none"])
            let watched = try await cluster.run(["watch", job])
            #expect(watched.exitCode == 1, "\(watched.transcript)")
            let attempts = try await cluster.attempts(of: job).values.flatMap { $0 }
            #expect(attempts.count == retries + 1, "\(attempts)")
            for (number, pair) in zip(attempts, attempts.dropFirst()).enumerated() {
                let ended = try #require(pair.0["ended_ms"] as? Double)
                let began = try #require(pair.1["started_ms"] as? Double)
                // The pause begins when it is decided, which is a little before the end is on the disk.
                #expect(began - ended >= 700 * delay * pow(2, Double(number)))
            }
            withExtendedLifetime(worker) {}
        }
    }

    @Test(
        "--benchmark-duration: the worker measures itself for so long once it is in, takes no work until then, and remembers it; 0 leaves it out"
    )
    func benchmark() async throws {
        let cluster = try await TestCluster(films: ["tiny.mkv": "tiny.mkv"])
        let all = try await cluster.watch()
        for (name, seconds) in [("none", "0"), ("long", "4"), ("shorter", "1")] {
            let start = ContinuousClock.now
            let worker = worker(name, of: cluster, ["--benchmark-duration", seconds])
            _ = try await worker.event("connected")
            if name == "long" {
                _ = try await all.event("workerStateChanged") {
                    $0.members["worker_id"] == name && $0.members["state"] == "benchmarking"
                }
                let job = try await cluster.submit("tiny.mkv", to: "out.mkv")
                _ = try await all.event("taskStarted")
                #expect(ContinuousClock.now - start >= .seconds(4))
                try await cluster.completed(job)
            }
            let view = try only(try await cluster.list("/api/v1/workers"), name)
            #expect((view["speed"] is Double) == (seconds != "0"), "\(view)")
            worker.send(SIGTERM)
            _ = try await worker.ended()
        }
        let measured = all.events.filter { $0.members["state"] == "benchmarking" }
        #expect(measured.map { $0.members["worker_id"] } == ["long"])
        let kept = try FileManager.default.subpathsOfDirectory(atPath: cluster.directory.file("own-cache"))
            .filter { $0.contains("speed-") }
        #expect(kept.count == 1)
    }

    @Test("--persistent: whether a worker comes back to a coordinator that went away", arguments: [true, false])
    func persistent(isPersistent: Bool) async throws {
        let cluster = try await TestCluster(films: ["tiny.mkv": "tiny.mkv"])
        let worker = try await cluster.worker("w1", ["--persistent", "\(isPersistent)"])
        cluster.coordinator.sendToGroup(SIGKILL)
        _ = try await cluster.coordinator.ended()
        if isPersistent {
            let again = try await cluster.again()
            let job = try await again.submit("tiny.mkv", to: "out.mkv")
            try await again.completed(job)
        } else {
            let ended = try await worker.ended()
            #expect(ended.exitCode == 6, "\(ended.output) \(ended.errors)")
        }
        withExtendedLifetime(worker) {}
    }

    @Test("--yield-above-cpu: while others use the machine a worker takes nothing new, and says that it pauses")
    func yields() async throws {
        let cluster = try await TestCluster(films: ["tiny.mkv": "tiny.mkv"])
        let polite = try await cluster.worker("polite", ["--yield-above-cpu", "1"])
        let owner = Mutex<ChildProcess.Handle?>(nil)
        let using = Task {
            try await ChildProcess.run(
                "sh", ["-c", "ulimit -t 300; while :; do :; done"],
                observer: .init(onStart: { handle in owner.withLock { $0 = handle } }))
        }
        try await waiting(for: "the pause") {
            while true {
                let workers = try await cluster.run(["workers"])
                if workers.events.contains(where: { $0.isTrue("paused") }) { return }
            }
        }
        let other = try await cluster.worker("other")
        let job = try await cluster.submit("tiny.mkv", to: "out.mkv")
        try await cluster.completed(job)
        let workers = try await cluster.attempts(of: job).values.flatMap { $0 }.compactMap { $0["worker"] as? String }
        #expect(Set(workers) == ["other"])
        owner.withLock { $0?.sendToGroup(SIGKILL) }
        _ = try await using.value
        withExtendedLifetime((polite, other)) {}
    }
}
