// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletHost
import MartletModel
import MartletPorts
import MartletTestKit
import MartletWire
import Synchronization
import Testing

@testable import MartletCoordinator

@Suite("Plain workers and their streams", .timeLimit(.minutes(5)))
struct PlainWorkersTests {
    private let directory: TemporaryDirectory
    private let caller = ScriptedCaller()
    private let clock = ManualClock()
    private let metrics = ClusterMetrics(version: "1", readers: ReaderCount())
    private let id = "550e8400-e29b-41d4-a716-446655440000"

    init() throws { directory = try TemporaryDirectory() }

    /// Plain workers that run, and their routes.
    private struct Running {
        let workers: PlainWorkers
        let api: Caller
        let events: Journal<Event>
        let task: Task<Void, any Error>

        /// Makes a call that must be taken.
        func post(_ path: String, _ text: String) async throws {
            let answer = await api.call("POST", path, text: text)
            #expect(answer.status == 200, "\(path) \(text)")
            #expect(try answer.text() == #"{"ack":true}"#)
        }

        func heartbeat(_ worker: String, _ rest: String = "") async throws {
            try await post("/api/v1/workers/heartbeat", #"{"worker_id": "\#(worker)"\#(rest)}"#)
        }

        func state(_ job: String) async -> JobState? { await workers.job(JobID(job))?.state }
    }

    private func start() async -> Running {
        let names = Mutex([id, "second", "third"])
        let workers = PlainWorkers(
            with: .init(
                caller: caller, records: RecordFiles(in: directory.file("streams"), files: LocalFiles()), time: clock,
                locate: { text in
                    guard text.hasPrefix("movies:") else { throw CoordinatorError(.badPath, "No.") }
                    return MediaAddress(root: "movies", path: String(text.dropFirst(7)))
                },
                length: { $0.path == "unknown.mkv" ? nil : .seconds(1000) },
                newID: { JobID(names.withLock { $0.removeFirst() }) }))
        let events = Journal<Event>()
        let stream = await workers.events()
        Task { for await event in stream { events.note(event) } }
        let clock = clock
        return Running(
            workers: workers,
            api: Caller(
                handler: Router(
                    PlainRoutes(workers: workers, metrics: metrics).routes, door: Door(tokens: nil, time: clock),
                    time: clock)),
            events: events, task: Task { try await workers.run() })
    }

    private func submission(_ source: String = "movies:sci-fi/interstellar.mkv", start: Double = 0) -> JobSubmission {
        var submission = JobSubmission(source: source, output: "interstellar")
        submission.startTime = start
        var params = JobParameters()
        params.resolution = "1080p"
        params.bitrate = "10M"
        submission.params = params
        return submission
    }

    @Test("A film goes to the worker, by the messages of the protocol, and its stream is found")
    func protocolAsItIs() async throws {
        let running = await start()
        try await running.post(
            "/api/v1/workers/heartbeat",
            """
            {"worker_id": "gaming-pc-room", "ip_address": "192.168.1.50", "port": 8080, "os": "windows", "hw_accel": ["nvenc", "cuda", "d3d11va"], "status": "idle", "cpu_usage": 5}
            """)
        let view = try #require(await running.workers.workers().first)
        #expect(view.id == WorkerID("gaming-pc-room") && view.transport == "http" && view.state == .idle)
        #expect(view.address == "192.168.1.50:8080" && view.os == "windows" && view.cpuUsage == 5)
        #expect(view.hwAccel == ["nvenc", "cuda", "d3d11va"])
        let job = try await running.workers.submit(submission())
        #expect(job.id == JobID(id) && job.name == "interstellar.mkv" && job.output == "interstellar")
        let call = try await caller.calls.entry(0, "assignment")
        #expect(call.call.method == "POST" && call.call.url == "http://192.168.1.50:8080/jobs")
        let expected = """
            {"job_id": "550e8400-e29b-41d4-a716-446655440000", "source_path": "movies/sci-fi/interstellar.mkv", "resolution": "1080p", "bitrate": "10M", "start_time": 0, "is_mesh_mode": false}
            """
        #expect(
            try JSONText.value(JSONValue.self, from: Array(call.text.utf8))
                == JSONText.value(JSONValue.self, from: Array(expected.utf8)))
        _ = try await running.events.wait(for: "processing") {
            $0.contains(.jobStateChanged(JobID(self.id), .processing))
        }
        let early = await running.api.call("GET", "/api/v1/jobs/\(id)/stream")
        #expect(early.status == 409)
        try await running.post(
            "/api/v1/jobs/\(id)/status",
            """
            {"job_id": "550e8400-e29b-41d4-a716-446655440000", "state": "processing", "progress": 12.5, "fps": 48, "stream_url": "http://192.168.1.50:8080/hls/interstellar/index.m3u8"}
            """)
        let stream = await running.api.call("GET", "/api/v1/jobs/\(id)/stream")
        #expect(stream.status == 307)
        #expect(stream.headers["Location"] == "http://192.168.1.50:8080/hls/interstellar/index.m3u8")
        let playing = try #require(await running.workers.job(JobID(id)))
        #expect(playing.state == .processing && playing.progress == 0.125 && playing.fps == 48)
        #expect(await running.workers.workers().first?.running.map(\.job) == [JobID(id)])
        try await running.post("/api/v1/jobs/\(id)/status", #"{"job_id": "\#(id)", "state": "completed"}"#)
        #expect(await running.state(id) == .completed)
        _ = try await running.events.wait(for: "the end") { $0.contains(.jobCompleted(JobID(self.id))) }
        #expect(await running.workers.workers().first?.tasksCompleted == 1)
        #expect(await running.api.call("GET", "/api/v1/jobs/\(id)/stream").status == 307)
        running.task.cancel()
        _ = await running.task.result
        // What is told comes in the order in which it happened.
        let states = running.events.entries.compactMap {
            if case .jobStateChanged(_, let state) = $0 { state } else { nil }
        }
        #expect(states == [.queued, .processing, .completed])
    }

    @Test("The next worker is asked when one refuses or does not answer")
    func refusal() async throws {
        caller.follow { call in
            if call.url.contains("10.0.0.1") { throw ScriptedCaller.Unreachable() }
            return call.url.contains("10.0.0.2") ? 503 : 202
        }
        let running = await start()
        try await running.heartbeat("a", #", "ip_address": "10.0.0.1", "hw_accel": ["nvenc"]"#)
        try await running.heartbeat("b", #", "ip_address": "10.0.0.2", "cpu_usage": 5"#)
        try await running.heartbeat("c", #", "ip_address": "fd00::3", "port": 9000, "cpu_usage": 50"#)
        _ = try await running.workers.submit(submission())
        _ = try await running.events.wait(for: "processing") {
            $0.contains(.jobStateChanged(JobID(self.id), .processing))
        }
        #expect(
            caller.calls.entries.map(\.call.url) == [
                "http://10.0.0.1:8080/jobs", "http://10.0.0.2:8080/jobs", "http://[fd00::3]:9000/jobs",
            ])
        #expect(await running.workers.workers().map(\.health) == [.degraded, .degraded, .healthy])
        running.task.cancel()
    }

    @Test(
        "When a worker falls silent, the stream goes on elsewhere from where it was; what the first one says then is refused"
    )
    func silence() async throws {
        let running = await start()
        try await running.heartbeat("a", #", "ip_address": "10.0.0.1", "hw_accel": ["nvenc"]"#)
        _ = try await running.workers.submit(submission(start: 100))
        #expect(try await caller.calls.entry(0, "call").text.contains(#""start_time":100"#))
        try await running.post(
            "/api/v1/jobs/\(id)/status",
            #"{"job_id": "\#(id)", "state": "processing", "progress": 50, "stream_url": "http://10.0.0.1:8080/x.m3u8"}"#
        )
        clock.advance(by: .seconds(29))
        try await running.heartbeat("b", #", "ip_address": "10.0.0.2""#)
        await clock.waitForSleepers()
        clock.advance(by: .seconds(1))
        let call = try await caller.calls.entry(1, "call")
        #expect(call.call.url == "http://10.0.0.2:8080/jobs")
        #expect(call.text.contains(#""start_time":550"#))
        #expect(running.events.entries.contains(.workerUnregistered(WorkerID("a"))))
        #expect(await running.workers.workers().map(\.id) == [WorkerID("b")])
        try await running.heartbeat("a", #", "ip_address": "10.0.0.1", "status": "working""#)
        let late = await running.api.call(
            "POST", "/api/v1/jobs/\(id)/status",
            text: #"{"job_id": "\#(id)", "state": "completed", "stream_url": "http://10.0.0.1:8080/x.m3u8"}"#)
        #expect(late.status == 409)
        let withdrawal = try await caller.calls.entry(2, "call")
        #expect(withdrawal.call.method == "DELETE" && withdrawal.call.url == "http://10.0.0.1:8080/jobs/\(id)")
        #expect(await running.state(id) == .processing)
        running.task.cancel()
    }

    @Test("Streams outlive the process, and their workers go on")
    func restart() async throws {
        let first = await start()
        try await first.heartbeat("a", #", "ip_address": "10.0.0.1""#)
        _ = try await first.workers.submit(submission())
        _ = try await first.workers.submit(submission("movies:unknown.mkv"))
        _ = try await first.events.wait(for: "processing") {
            $0.contains(.jobStateChanged(JobID(self.id), .processing))
        }
        first.task.cancel()
        _ = await first.task.result
        let second = await start()
        while await second.workers.jobs(state: nil).count < 2 { await Task.yield() }
        #expect(await second.state(id) == .processing)
        #expect(await second.state("second") == .waitingForWorkers)
        try await second.post("/api/v1/jobs/\(id)/status", #"{"job_id": "\#(id)", "state": "done"}"#)
        #expect(await second.state(id) == .completed)
        try await second.heartbeat("a", #", "ip_address": "10.0.0.1", "status": "idle""#)
        let call = try await caller.calls.entry(1, "call")
        #expect(call.text.contains("movies/unknown.mkv"))
        second.task.cancel()
    }

    @Test("A stream is cancelled and taken up again; a failure is told with the worker's words")
    func ends() async throws {
        let running = await start()
        try await running.heartbeat("a", #", "ip_address": "10.0.0.1""#)
        _ = try await running.workers.submit(submission())
        _ = try await caller.calls.entry(0, "call")
        #expect(await running.workers.cancel(JobID(id))?.state == .cancelled)
        let withdrawal = try await caller.calls.entry(1, "call")
        #expect(withdrawal.call.method == "DELETE")
        #expect(await running.workers.cancel(JobID("none")) == nil)
        #expect(try await running.workers.retry(JobID(id))?.finishedMs == nil)
        _ = try await caller.calls.wait(for: "a second offer") { $0.filter { $0.call.method == "POST" }.count == 2 }
        await #expect(throws: CoordinatorError.self) { try await running.workers.retry(JobID(id)) }
        for _ in 0..<3 {
            clock.advance(by: .seconds(0.1))
            while await running.state(id) != .processing {
                try await running.heartbeat("a", #", "ip_address": "10.0.0.1""#)
                clock.advance(by: .seconds(5))
                await Task.yield()
            }
            try await running.post(
                "/api/v1/jobs/\(id)/status", #"{"job_id": "\#(id)", "state": "failed", "error": "No GPU."}"#)
        }
        let failed = try #require(await running.workers.job(JobID(id)))
        #expect(failed.state == .failed && failed.error?.message == "No GPU." && failed.finishedMs != nil)
        _ = try await running.events.wait(for: "the failure") {
            $0.contains(.jobFailed(JobID(self.id), code: "coordinator.task_failed", message: "No GPU."))
        }
        running.task.cancel()
    }

    @Test("Workers are drained and taken out")
    func removal() async throws {
        let running = await start()
        try await running.heartbeat("a")
        #expect(await running.workers.drain(WorkerID("a"))?.state == .draining)
        #expect(await running.workers.drain(WorkerID("b")) == nil)
        #expect(await running.workers.remove(WorkerID("a")))
        #expect(await !running.workers.remove(WorkerID("a")))
        #expect(await running.workers.workers().isEmpty)
        running.task.cancel()
    }

    @Test(
        "A message that cannot be meant is refused by its field's name",
        arguments: [
            ("workers/heartbeat", "{}", "worker_id"), ("workers/heartbeat", #"{"worker_id": ""}"#, "worker_id"),
            ("workers/heartbeat", #"{"worker_id": "a", "port": 0}"#, "port"),
            ("workers/heartbeat", #"{"worker_id": "a", "port": 65536}"#, "port"),
            ("workers/heartbeat", #"{"worker_id": "a", "ip_address": "a/../b"}"#, "ip_address"),
            ("workers/heartbeat", #"{"worker_id": "a", "ip_address": "user@host"}"#, "ip_address"),
            ("workers/heartbeat", #"{"worker_id": "a", "hw_accel": "nvenc"}"#, "hw_accel"),
            ("jobs/a/status", #"{"job_id": "b", "state": "processing"}"#, "job_id"),
            ("jobs/a/status", #"{"job_id": "a", "state": "processing", "stream_url": "javascript:1"}"#, "stream_url"),
            ("jobs/a/status", #"{"job_id": "a", "state": "processing", "stream_url": "http://a\r\nb"}"#, "stream_url"),
            ("jobs/a/status", #"{"job_id": "a"}"#, "state"),
        ])
    func badMessages(path: String, text: String, field: String) async throws {
        let running = await start()
        let answer = await running.api.call("POST", "/api/v1/\(path)", text: text)
        #expect(answer.status == 400)
        #expect(try answer.problem().field == field)
        let unknown = await running.api.call("POST", "/api/v1/jobs/a/status", text: #"{"job_id": "a", "state": "x"}"#)
        #expect(try unknown.problem().code == "coordinator.unknown_job")
        #expect(await running.api.call("GET", "/api/v1/jobs/a/stream").status == 404)
        running.task.cancel()
    }

    @Test("A worker that says that it goes is out at once, and its stream goes on elsewhere; who waits learns why")
    func leaving() async throws {
        let running = await start()
        try await running.heartbeat("a", #", "ip_address": "10.0.0.1""#)
        _ = try await running.workers.submit(submission())
        _ = try await running.events.wait(for: "processing") {
            $0.contains(.jobStateChanged(JobID(self.id), .processing))
        }
        try await running.heartbeat("a", #", "status": "offline""#)
        #expect(await running.workers.workers().isEmpty)
        let waiting = try #require(await running.workers.job(JobID(id)))
        #expect(waiting.state == .waitingForWorkers)
        #expect(waiting.error?.message == "a is gone; no worker is free that serves streams")
        try await running.heartbeat("b", #", "ip_address": "10.0.0.2""#)
        _ = try await caller.calls.wait(for: "the next offer") {
            $0.contains { $0.call.url == "http://10.0.0.2:8080/jobs" }
        }
        running.task.cancel()
    }

    @Test("The source of a stream is known with its length until the stream is over")
    func sources() async throws {
        let running = await start()
        let job = try await running.workers.submit(submission()).id
        let source = try #require(await running.workers.source(of: job))
        #expect(source.address == MediaAddress(root: "movies", path: "sci-fi/interstellar.mkv"))
        #expect(source.length == .seconds(1000))
        let other = try await running.workers.submit(submission("movies:unknown.mkv")).id
        #expect(try #require(await running.workers.source(of: other)).length == nil)
        _ = await running.workers.cancel(job)
        #expect(await running.workers.source(of: job) == nil)
        #expect(await running.workers.source(of: JobID("none")) == nil)
        running.task.cancel()
    }

    @Test("A source in no media root is refused")
    func badSource() async throws {
        let running = await start()
        await #expect(throws: CoordinatorError.self) { try await running.workers.submit(submission("/etc/passwd")) }
        #expect(await running.workers.jobs(state: nil).isEmpty)
        running.task.cancel()
    }
}
