// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import FoundationEssentials
import MartletCoordinator
import MartletHost
import MartletModel
import MartletPorts
import MartletTestKit
import MartletWire
import Testing

@Suite("Routes of jobs and workers")
struct JobRoutesTests {
    private let control = ScriptedControl()
    private let caller: Caller
    private let directory: TemporaryDirectory

    init() throws {
        let clock = ManualClock()
        directory = try TemporaryDirectory()
        let routes = JobRoutes(control: control, files: LocalFiles()).routes + WorkerRoutes(control: control).routes
        caller = Caller(handler: Router(routes, door: Door(tokens: nil, time: clock), time: clock))
    }

    private func submit(_ name: String = "film") async throws -> JobView {
        let answer = await caller.call(
            "POST", "/api/v1/jobs",
            text: #"{"name": "\#(name)", "source": "movies:a.mkv", "output": "movies:a.mp4"}"#)
        return try answer.json(JobView.self)
    }

    @Test("A submission becomes a job with an address; unknown keys are passed over")
    func submission() async throws {
        let answer = await caller.call(
            "POST", "/api/v1/jobs",
            text: """
                {"name": "film", "source": "movies:a.mkv", "output": "movies:a.mp4", "priority": "high", "later": [1],
                 "params": {"codec": "av1", "container": "mp4", "resolution": "1080p", "bitrate": "10M",
                            "frame_rate": "25", "options": {"preset": "8"}, "new": {}},
                 "segment_duration_s": 6, "callback_url": "https://example.org/done"}
                """)
        #expect(answer.status == 201)
        #expect(answer.headers["Location"] == "/api/v1/jobs/job-1")
        #expect(answer.headers["Content-Type"] == "application/json")
        let job = try answer.json(JobView.self)
        #expect(job.id == JobID("job-1") && job.priority == "high")
        let submission = try #require(await control.submissions.first)
        #expect(submission.params?.options == ["preset": "8"])
        #expect(submission.segmentDurationS == 6)
        #expect(try await caller.call("GET", "/api/v1/jobs/job-1").json(JobView.self) == job)
    }

    @Test("Numbers and truths need no quotes, and an option may stand in params itself")
    func bareValues() async throws {
        let answer = await caller.call(
            "POST", "/api/v1/jobs",
            text: """
                {"source": "movies:a.mkv", "output": "movies:a.mp4",
                 "params": {"bitrate": 4000000, "frame_rate": 23.976, "crf": 30, "preset": "8",
                            "options": {"crf": 22, "two_pass": true, "audio_codec": "opus"}}}
                """)
        #expect(answer.status == 201)
        let params = try #require(await control.submissions.first?.params)
        #expect(params.bitrate == "4000000" && params.frameRate == "23.976")
        #expect(params.options == ["crf": "22", "two_pass": "true", "audio_codec": "opus", "preset": "8"])
    }

    @Test(
        "A submission that cannot be meant is refused by its field's name",
        arguments: [
            ("{}", "source"), (#"{"source": "movies:a"}"#, "output"), (#"{"source": 1, "output": "b"}"#, "source"),
            (#"{"source": "", "output": "b"}"#, "source"), (#"{"source": "a", "output": "b\u0000"}"#, "output"),
            (#"{"source": "a", "output": null}"#, "output"), ("[]", "body"), ("3", "body"),
            (#"{"source": "a", "output": "b", "priority": "urgent"}"#, "priority"),
            (#"{"source": "a", "output": "b", "verify": "yes"}"#, "verify"),
            (#"{"source": "a", "output": "b", "segment_duration_s": 0}"#, "segment_duration_s"),
            (#"{"source": "a", "output": "b", "segment_duration_s": "6"}"#, "segment_duration_s"),
            (#"{"source": "a", "output": "b", "start_time": -1}"#, "start_time"),
            (#"{"source": "a", "output": "b", "callback_url": "file:///etc/passwd"}"#, "callback_url"),
            (#"{"source": "a", "output": "b", "callback_url": "http://a b"}"#, "callback_url"),
            (#"{"source": "a", "output": "b", "params": {"bitrate": []}}"#, "params.bitrate"),
            (#"{"source": "a", "output": "b", "params": {"options": {"crf": {}}}}"#, "params.options.crf"),
        ])
    func badFields(text: String, field: String) async throws {
        let answer = await caller.call("POST", "/api/v1/jobs", text: text)
        let problem = try answer.problem()
        #expect(answer.status == 400)
        #expect(problem.code == "api.bad_field")
        #expect(problem.field == field, "\(problem.detail)")
        #expect(await control.submissions.isEmpty)
    }

    @Test("What is no JSON, and what is too long, is refused", arguments: [false, true])
    func badBodies(isAnnounced: Bool) async throws {
        for text in ["", "{", "nonsense", "\u{fe}"] {
            let answer = await caller.call("POST", "/api/v1/jobs", text: text)
            #expect(try answer.problem().code == "api.bad_json", "\(text)")
            #expect(answer.status == 400)
        }
        let name = String(repeating: "a", count: 1 << 20)
        let large = await caller.call(
            "POST", "/api/v1/jobs", headers: isAnnounced ? ["Content-Length": "1048610"] : HTTPHeaders(),
            text: #"{"source": "movies:a.mkv", "output": "\#(name)"}"#)
        #expect(large.status == 413)
        #expect(try large.problem().code == "api.too_large")
    }

    @Test("What the cluster refuses is told with its own code")
    func refusals() async throws {
        let answer = await caller.call(
            "POST", "/api/v1/jobs", text: #"{"source": "/etc/passwd", "output": "movies:a"}"#)
        #expect(answer.status == 400)
        #expect(try answer.problem().code == "coordinator.bad_path")
        for (method, path) in [
            ("GET", "/api/v1/jobs/x"), ("GET", "/api/v1/jobs/x/tasks"), ("DELETE", "/api/v1/jobs/x"),
            ("POST", "/api/v1/jobs/x/retry"), ("GET", "/api/v1/jobs/x/output"),
        ] {
            let answer = await caller.call(method, path)
            #expect(answer.status == 404)
            #expect(try answer.problem().code == "coordinator.unknown_job")
        }
        _ = try await submit()
        #expect(try await caller.call("POST", "/api/v1/jobs/job-1/retry").problem().code == "coordinator.wrong_state")
        let early = await caller.call("GET", "/api/v1/jobs/job-1/output")
        #expect(early.status == 409)
    }

    @Test("Jobs are listed a page at a time")
    func pages() async throws {
        for name in ["a", "b", "c"] { _ = try await submit(name) }
        let first = try await caller.call("GET", "/api/v1/jobs?limit=2").json(JobPage.self)
        #expect(first.jobs.map(\.name) == ["c", "b"])
        let cursor = try #require(first.nextCursor)
        let second = try await caller.call("GET", "/api/v1/jobs?limit=2&cursor=\(cursor)").json(JobPage.self)
        #expect(second.jobs.map(\.name) == ["a"])
        #expect(second.nextCursor == nil)
        #expect(try await caller.call("GET", "/api/v1/jobs?state=failed").json(JobPage.self).jobs.isEmpty)
        for (query, field) in [
            ("limit=0", "limit"), ("limit=1001", "limit"), ("limit=x", "limit"), ("limit=", "limit"),
            ("state=done", "state"),
        ] {
            let answer = await caller.call("GET", "/api/v1/jobs?\(query)")
            #expect(answer.status == 400)
            #expect(try answer.problem().field == field)
        }
    }

    @Test("A job is cancelled, taken up again and made more urgent")
    func changes() async throws {
        _ = try await submit()
        #expect(try await caller.call("DELETE", "/api/v1/jobs/job-1").json(JobView.self).state == .cancelled)
        try await control.change(JobID("job-1")) { $0.state = .failed }
        #expect(try await caller.call("POST", "/api/v1/jobs/job-1/retry").json(JobView.self).state == .queued)
        let changed = await caller.call("PATCH", "/api/v1/jobs/job-1", text: #"{"priority": "critical"}"#)
        #expect(try changed.json(JobView.self).priority == "critical")
        for text in [#"{"priority": "x"}"#, "{}", #"{"priority": 4}"#] {
            #expect(try await caller.call("PATCH", "/api/v1/jobs/job-1", text: text).problem().field == "priority")
        }
    }

    @Test("An output comes whole, in part, or not at all when it is known")
    func output() async throws {
        _ = try await submit()
        let path = directory.file("Amélie \"2001\".mp4")
        try Data("0123456789".utf8).write(to: URL(filePath: path))
        try await control.complete(JobID("job-1"), output: path)
        let whole = await caller.call("GET", "/api/v1/jobs/job-1/output")
        #expect(whole.status == 200)
        #expect(whole.headers["Content-Type"] == "video/mp4")
        #expect(
            whole.headers["Content-Disposition"]
                == "attachment; filename=\"Am_lie _2001_.mp4\"; filename*=UTF-8''Am%C3%A9lie%20%222001%22.mp4")
        #expect(whole.fileBytes == 0..<10)
        let tag = try #require(whole.headers["ETag"])
        let ranges: [(String, Range<Int64>, String)] = [
            ("bytes=0-0", 0..<1, "bytes 0-0/10"), ("bytes=4-", 4..<10, "bytes 4-9/10"),
            ("bytes=-3", 7..<10, "bytes 7-9/10"), ("bytes=2-99", 2..<10, "bytes 2-9/10"),
            ("bytes=-99", 0..<10, "bytes 0-9/10"), ("bytes=9-9223372036854775807", 9..<10, "bytes 9-9/10"),
            ("bytes=9-99999999999999999999", 9..<10, "bytes 9-9/10"),
        ]
        for (field, bytes, content) in ranges {
            let part = await caller.call("GET", "/api/v1/jobs/job-1/output", headers: ["Range": field])
            #expect(part.status == 206, "\(field)")
            #expect(part.fileBytes == bytes, "\(field)")
            #expect(part.headers["Content-Range"] == content)
        }
        for field in ["bytes=10-", "bytes=-0", "bytes=99999999999999999999-"] {
            let answer = await caller.call("GET", "/api/v1/jobs/job-1/output", headers: ["Range": field])
            #expect(answer.status == 416, "\(field)")
            #expect(answer.headers["Content-Range"] == "bytes */10")
        }
        for field in ["bytes=1-2,4-5", "bytes=5-2", "bytes=-", "lines=1-2", "bytes=a-b", "bytes=+1-2", "bytes=--1"] {
            let answer = await caller.call("GET", "/api/v1/jobs/job-1/output", headers: ["Range": field])
            #expect(answer.status == 200, "\(field)")
        }
        let known = await caller.call("GET", "/api/v1/jobs/job-1/output", headers: ["If-None-Match": "\"x\", W/\(tag)"])
        #expect(known.status == 304)
        let stale = await caller.call(
            "GET", "/api/v1/jobs/job-1/output", headers: ["Range": "bytes=0-0", "If-Range": "\"old\""])
        #expect(stale.status == 200)
        let fresh = await caller.call(
            "GET", "/api/v1/jobs/job-1/output", headers: ["Range": "bytes=0-0", "If-Range": tag])
        #expect(fresh.status == 206)
        try FileManager.default.removeItem(atPath: path)
        #expect(await caller.call("GET", "/api/v1/jobs/job-1/output").status == 404)
    }

    @Test("Tasks, workers and figures are shown; workers are drained and taken out")
    func workers() async throws {
        _ = try await submit()
        let task = TaskView(
            id: TaskID("video-0001"), kind: "video", state: .running, encoder: "libx264", frames: 240, attempts: [],
            bytes: nil)
        await control.add([task], to: JobID("job-1"))
        #expect(try await caller.call("GET", "/api/v1/jobs/job-1/tasks").json([TaskView].self) == [task])
        await control.add(
            WorkerView(id: WorkerID("häuschen 1"), state: .idle, health: .healthy, slots: 2, transport: "local"))
        #expect(try await caller.call("GET", "/api/v1/workers").json([WorkerView].self).count == 1)
        let path = "/api/v1/workers/h%C3%A4uschen%201"
        #expect(try await caller.call("POST", path + "/drain").json(WorkerView.self).state == .draining)
        #expect(await caller.call("DELETE", path).status == 204)
        let gone = await caller.call("DELETE", path)
        #expect(gone.status == 404)
        #expect(try gone.problem().code == "coordinator.unknown_worker")
        #expect(try await caller.call("GET", "/api/v1/stats").json(StatsView.self).jobs == ["queued": 1])
    }

    @Test("Health is answered always, readiness with the reason when there is one")
    func health() async throws {
        let clock = ManualClock()
        let door = Door(tokens: AccessTokens("secret"), time: clock)
        let well = Caller(handler: Router(HealthRoutes { nil }.routes, door: door, time: clock))
        #expect(try await well.call("GET", "/healthz").text() == #"{"status":"ok"}"#)
        #expect(await well.call("GET", "/readyz").status == 200)
        let ill = Caller(handler: Router(HealthRoutes { "The disk is full." }.routes, door: door, time: clock))
        #expect(await ill.call("GET", "/healthz").status == 200)
        let answer = await ill.call("GET", "/readyz")
        #expect(answer.status == 503)
        let problem = try answer.problem()
        #expect(problem.detail == "The disk is full." && problem.retryable && problem.code == "api.not_ready")
    }
}

extension HTTPResponse {
    /// The part of the file that it sends; `nil` when it sends none.
    fileprivate var fileBytes: Range<Int64>? {
        guard case .file(_, let bytes) = body else { return nil }
        return bytes
    }
}
