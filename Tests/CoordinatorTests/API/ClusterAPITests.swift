// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletCoordinator
import MartletHost
import MartletModel
import MartletPorts
import MartletTestKit
import MartletWire
import Synchronization
import Testing

@Suite("The API as a whole", .timeLimit(.minutes(5)))
struct ClusterAPITests {
    private let directory: TemporaryDirectory
    private let control = ScriptedControl()
    private let caller = ScriptedCaller()
    private let clock = ManualClock(wallMilliseconds: 2)
    private let api: ClusterAPI

    init() throws {
        directory = try TemporaryDirectory()
        let files = LocalFiles()
        let number = Mutex(0)
        var surroundings = ClusterAPI.Surroundings(control: control, files: files, time: clock)
        surroundings.plainWorkers = PlainWorkers(
            with: .init(
                caller: caller, records: RecordFiles(in: directory.file("streams"), files: files), time: clock,
                locate: { MediaAddress(root: "movies", path: String($0.dropFirst(7))) }, length: { _ in nil },
                newID: {
                    number.withLock { number in
                        number += 1
                        return JobID("stream-\(number)")
                    }
                }))
        surroundings.telling = ClusterAPI.Telling(
            caller: caller, signer: HMACSigner(), secret: nil, directory: directory.file("callbacks"))
        api = try ClusterAPI(.init(version: "1"), with: surroundings)
    }

    private func submit(_ rest: String = "") async throws -> JobView {
        let answer = await Caller(handler: api.router).call(
            "POST", "/api/v1/jobs", text: #"{"source": "movies:a.mkv", "output": "movies:a.mp4"\#(rest)}"#)
        #expect(answer.status == 201)
        return try answer.json(JobView.self)
    }

    private func jobs(_ query: String) async throws -> JobPage {
        try await Caller(handler: api.router).call("GET", "/api/v1/jobs?\(query)").json(JobPage.self)
    }

    @Test("Films and streams are one list, whatever the pages")
    func pages() async throws {
        // The scripted cluster numbers its jobs 1, 2, 3; the streams stand at 2.
        for _ in 0..<3 { _ = try await submit() }
        for _ in 0..<2 { _ = try await submit(#", "start_time": 0"#) }
        let all = try await jobs("limit=10")
        #expect(all.jobs.map(\.id.text) == ["job-3", "stream-2", "stream-1", "job-2", "job-1"])
        #expect(all.nextCursor == nil)
        #expect(try await jobs("state=waitingForWorkers").jobs.map(\.id.text) == ["stream-2", "stream-1"])
        for limit in 1...4 {
            var found: [String] = []
            var cursor: String?
            for _ in 0..<all.jobs.count {
                let page = try await jobs("limit=\(limit)" + (cursor.map { "&cursor=\($0)" } ?? ""))
                #expect(page.jobs.count <= limit)
                found += page.jobs.map(\.id.text)
                cursor = page.nextCursor
                if cursor == nil { break }
            }
            #expect(found == all.jobs.map(\.id.text), "limit \(limit)")
        }
    }

    @Test("A stream is asked for, changed and cancelled as any job is")
    func streams() async throws {
        let caller = Caller(handler: api.router)
        _ = try await submit()
        _ = try await submit(#", "start_time": 5"#)
        let path = "/api/v1/jobs/stream-1"
        #expect(try await caller.call("GET", path).json(JobView.self).state == .waitingForWorkers)
        #expect(try await caller.call("GET", path + "/tasks").json([TaskView].self).isEmpty)
        #expect(await caller.call("GET", path + "/output").status == 409)
        let changed = await caller.call("PATCH", path, text: #"{"priority": "high"}"#)
        #expect(try changed.json(JobView.self).priority == "high")
        #expect(try await caller.call("DELETE", path).json(JobView.self).state == .cancelled)
        #expect(try await caller.call("POST", path + "/retry").json(JobView.self).state == .waitingForWorkers)
        #expect(try await caller.call("DELETE", "/api/v1/jobs/job-1").json(JobView.self).state == .cancelled)
        #expect(await caller.call("GET", "/api/v1/jobs/none").status == 404)
        #expect(await caller.call("POST", "/api/v1/jobs/none/retry").status == 404)
    }

    @Test("Workers of both kinds are one list, and are counted together")
    func workers() async throws {
        let caller = Caller(handler: api.router)
        await control.add(
            WorkerView(id: WorkerID("m"), state: .idle, health: .healthy, slots: 2, transport: "websocket"))
        for name in ["z", "a", "m"] {
            _ = await caller.call("POST", "/api/v1/workers/heartbeat", text: #"{"worker_id": "\#(name)"}"#)
        }
        let all = try await caller.call("GET", "/api/v1/workers").json([WorkerView].self)
        #expect(all.map(\.id.text) == ["a", "m", "z"])
        // The one machine that encodes films and serves streams.
        #expect(all.map(\.transport) == ["http", "websocket", "http"] && all.allSatisfy { $0.address != nil })
        #expect(try await caller.call("GET", "/api/v1/stats").json(StatsView.self).workers["idle"] == 3)
        #expect(try await caller.call("POST", "/api/v1/workers/m/drain").json(WorkerView.self).state == .draining)
        #expect(await caller.call("DELETE", "/api/v1/workers/z").status == 204)
        #expect(await caller.call("DELETE", "/api/v1/workers/m").status == 204)
        #expect(await caller.call("DELETE", "/api/v1/workers/none").status == 404)
        let text = try await caller.call("GET", "/metrics").text()
        #expect(text.contains(#"martlet_heartbeats_total{transport="http"} 3"#))
        #expect(text.contains(#"martlet_workers{state="idle",health="healthy"} 1"#))
    }

    @Test("Events of films and streams come in one stream, and ends of both are told")
    func events() async throws {
        let running = Task { try await api.run() }
        while await control.listenerCount < 2 { await Task.yield() }
        let answer = await Caller(handler: api.router).call("GET", "/api/v1/events")
        guard case .stream(let body) = answer.body else { throw UnexpectedBody() }
        _ = try await body.next()
        let url = #", "callback_url": "http://127.0.0.1:9/done""#
        let film = try await submit(url)
        let stream = try await submit(url + #", "start_time": 0"#)
        try await control.complete(film.id, output: "/a")
        _ = await Caller(handler: api.router).call("DELETE", "/api/v1/jobs/\(stream.id)")
        var text = ""
        while !(text.contains("jobCompleted") && text.contains(#""state":"cancelled""#)) {
            text += String(decoding: try #require(try await body.next()), as: UTF8.self)
        }
        #expect(text.contains(#""job_id":"job-1""#) && text.contains(#""job_id":"stream-1""#))
        let told = try await caller.calls.wait(for: "two callbacks") { $0.count == 2 }
        let messages = try told.map { try JSONText.value(CallbackMessage.self, from: Array($0.text.utf8)) }
        #expect(Set(messages.map(\.event)) == ["jobCompleted", "jobCancelled"])
        running.cancel()
        _ = await running.result
        while try await body.next() != nil {}
    }
}
