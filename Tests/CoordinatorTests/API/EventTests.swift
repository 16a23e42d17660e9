// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletModel
import MartletPorts
import MartletTestKit
import MartletWire
import Synchronization
import Testing

@testable import MartletCoordinator

@Suite("Events", .timeLimit(.minutes(5)))
struct EventTests {
    private static let one = JobID("one")
    private static let two = JobID("two")

    private static func ids(_ reading: EventLog.Reading) -> [Int64]? {
        guard case .entries(let entries, _) = reading else { return nil }
        return entries.map(\.id)
    }

    @Test("The log keeps the latest and says when some are lost")
    func log() {
        var log = EventLog(capacity: 3, firstID: 100)
        #expect(log.read(after: 99, limit: 9, job: nil) == .entries([], position: 99))
        for number in 0..<5 {
            let isKept = log.append(.jobCompleted(number.isMultiple(of: 2) ? Self.one : Self.two), at: 7)
            #expect(isKept)
        }
        #expect(log.newest == 104)
        #expect(Self.ids(log.read(after: 101, limit: 9, job: nil)) == [102, 103, 104])
        #expect(Self.ids(log.read(after: 102, limit: 1, job: nil)) == [103])
        #expect(Self.ids(log.read(after: 101, limit: 9, job: Self.two)) == [103])
        #expect(log.read(after: 101, limit: 9, job: JobID("three")) == .entries([], position: 104))
        for lost in [Int64(0), 99, 100, 105, .max] {
            #expect(log.read(after: lost, limit: 9, job: nil) == .gap(oldest: 102), "\(lost)")
        }
    }

    @Test("What no one could read is not kept")
    func notKept() {
        var log = EventLog(capacity: 3, firstID: 1)
        for event: Event in [
            .taskProgress(Self.one, TaskID("t"), frames: 1, of: 2),
            .progress(Self.one, .encoding, fraction: 0, framesPerSecond: .infinity, remainingSeconds: nil),
        ] {
            let isKept = log.append(event, at: 0)
            #expect(!isKept)
        }
        #expect(log.newest == 0)
    }

    @Test("A record is one flat object, and is read back as it was written")
    func records() throws {
        let record = EventRecord(
            id: 5, timeMs: 6,
            content: .event(
                .progress(Self.one, .encoding, fraction: 0.5, framesPerSecond: 48, remainingSeconds: 7.5)))
        let text = try JSONText.text(record)
        #expect(
            text
                == #"{"eta_s":7.5,"event":"progress","fps":48,"id":5,"job_id":"one","progress":0.5,"stage":"encoding","time_ms":6}"#
        )
        #expect(try JSONText.value(EventRecord.self, from: Array(text.utf8)) == record)
        let gap = EventRecord(id: 1, timeMs: 2, content: .gap)
        #expect(try JSONText.text(gap) == #"{"event":"gap","id":1,"time_ms":2}"#)
        #expect(try JSONText.value(EventRecord.self, from: Array(try JSONText.text(gap).utf8)) == gap)
    }

    /// A served API over a scripted cluster.
    private struct Served {
        let control = ScriptedControl()
        let clock = ManualClock(wallMilliseconds: 1_000)
        let readers = ReaderCount()
        let hub: EventHub
        let caller: Caller
        let running: Task<Void, Never>

        init(capacity: Int = 100) async {
            let hub = EventHub(capacity: capacity, time: clock)
            let control = control
            let events = await control.events()
            running = Task { await hub.run(events) }
            self.hub = hub
            caller = Caller(
                handler: Router(
                    EventRoutes(hub: hub, readers: readers).routes,
                    door: Door(tokens: AccessTokens("secret"), time: clock), time: clock))
        }

        /// Waits until the hub has taken in everything up to this id.
        func reached(_ id: Int64) async {
            while await hub.newest < id { await Task.yield() }
        }

        func stream(_ query: String = "", headers: HTTPHeaders = HTTPHeaders()) async throws -> any HTTPBody {
            let answer = await caller.call("GET", "/api/v1/events?access_token=secret&\(query)", headers: headers)
            #expect(answer.status == 200)
            #expect(answer.headers["Content-Type"] == "text/event-stream")
            guard case .stream(let body) = answer.body else { throw UnexpectedBody() }
            #expect(String(decoding: try await body.next() ?? [], as: UTF8.self) == "retry: 2000\n\n")
            return body
        }
    }

    private func text(_ body: any HTTPBody) async throws -> String {
        String(decoding: try #require(try await body.next()), as: UTF8.self)
    }

    @Test("Server-sent events come as they happen, with id, name and data")
    func stream() async throws {
        let served = await Served()
        let body = try await served.stream()
        #expect(served.readers.value == 1)
        await served.control.tell(.jobCompleted(Self.one))
        #expect(
            try await text(body)
                == "id: 1000000\nevent: jobCompleted\n"
                + #"data: {"event":"jobCompleted","id":1000000,"job_id":"one","time_ms":1000}"# + "\n\n")
        await served.control.stop()
        #expect(try await body.next() == nil)
    }

    @Test("Readers of one job hear how far its running tasks are, with the job's progress, and only what is new")
    func tasks() async throws {
        let served = await Served()
        let all = try await served.stream()
        let body = try await served.stream("job_id=one")
        let progress = Event.progress(Self.one, .encoding, fraction: 0.1, framesPerSecond: 1, remainingSeconds: nil)
        for event: Event in [
            .taskProgress(Self.one, TaskID("a"), frames: 1, of: 9),
            .taskProgress(Self.one, TaskID("b"), frames: 2, of: 9),
            .taskProgress(Self.two, TaskID("c"), frames: 3, of: 9),
            .taskProgress(Self.one, TaskID("a"), frames: 4, of: 9),
            progress,
        ] { await served.control.tell(event) }
        let first = try await text(body)
        #expect(first.hasPrefix("id: 1000000\nevent: progress\n"))
        #expect(
            first.contains(
                "id: 1000000\nevent: taskProgress\n"
                    + #"data: {"event":"taskProgress","frames":4,"frames_total":9,"id":1000000,"job_id":"one","task_id":"a","#
            ))
        #expect(first.contains(#""frames":2"#) && !first.contains(#""frames":3"#) && !first.contains(#""frames":1,"#))
        #expect(!(try await text(all)).contains("taskProgress"))
        await served.control.tell(.taskProgress(Self.one, TaskID("a"), frames: 5, of: 9))
        await served.control.tell(.taskCompleted(Self.one, TaskID("a"), frames: 9, reused: false))
        let second = try await text(body)
        #expect(second.contains("event: taskCompleted") && !second.contains("taskProgress"))
        await served.control.tell(.taskProgress(Self.one, TaskID("b"), frames: 8, of: 9))
        await served.control.tell(progress)
        let third = try await text(body)
        #expect(third.contains(#""frames":8"#))
    }

    @Test("Who was away gets what happened since, by header or query; who was away too long is told so")
    func replay() async throws {
        let served = await Served(capacity: 3)
        for job in [Self.one, Self.two, Self.one, Self.two] { await served.control.tell(.jobSubmitted(job)) }
        await served.reached(1_000_003)
        let known = try await served.stream(headers: ["Last-Event-ID": "1000002"])
        #expect(try await text(known).hasPrefix("id: 1000003\n"))
        let query = try await served.stream("last_event_id=1000001&job_id=one")
        #expect(try await text(query).hasPrefix("id: 1000002\n"))
        // Too old, from an earlier life, and from the future of a clock that was set back.
        for lost in ["0", "999999", "99999999999"] {
            let body = try await served.stream("last_event_id=\(lost)")
            #expect(
                try await text(body)
                    == "id: 1000000\nevent: gap\n" + #"data: {"event":"gap","id":1000000,"time_ms":1000}"# + "\n\n")
            let rest = try await text(body)
            #expect(
                rest.split(separator: "\n").filter { $0.hasPrefix("id: ") } == [
                    "id: 1000001", "id: 1000002", "id: 1000003",
                ])
        }
        let wrong = await served.caller.call("GET", "/api/v1/events?access_token=secret&last_event_id=x")
        #expect(wrong.status == 400)
    }

    @Test("A filter passes what is about its job alone")
    func filter() async throws {
        let served = await Served()
        let body = try await served.stream("job_id=two")
        await served.control.tell(.jobSubmitted(Self.one))
        await served.control.tell(.workerRegistered(WorkerID("w")))
        await served.control.tell(.jobSubmitted(Self.two))
        #expect(try await text(body).contains(#""job_id":"two""#))
    }

    @Test("A reader who falls behind is cut off, and finds the rest when he comes again")
    func slowReader() async throws {
        let served = await Served(capacity: 4)
        let body = try await served.stream()
        await served.control.tell(.jobSubmitted(Self.one))
        #expect(try await text(body).hasPrefix("id: 1000000\n"))
        for _ in 0..<5 { await served.control.tell(.jobSubmitted(Self.two)) }
        await served.reached(1_000_005)
        #expect(try await body.next() == nil)
        let again = try await served.stream(headers: ["Last-Event-ID": "1000000"])
        #expect(try await text(again).contains("event: gap"))
        #expect(try await text(again).hasPrefix("id: 1000002\n"))
    }

    @Test("While nothing happens, a comment says that the connection lives")
    func heartbeat() async throws {
        let served = await Served()
        let body = try await served.stream()
        async let next = text(body)
        await served.clock.waitForSleepers()
        // The reader may only come after the tick; then the next one is for him.
        let ticking = Task {
            while !Task.isCancelled {
                served.clock.advance(by: .seconds(15))
                await Task.yield()
            }
        }
        #expect(try await next == ": still here\n\n")
        ticking.cancel()
    }

    @Test("A reader who goes is forgotten", arguments: [false, true])
    func leaving(isWaiting: Bool) async throws {
        let served = await Served()
        do {
            let body = try await served.stream()
            if isWaiting {
                let reading = Task { try await body.next() }
                await Task.yield()
                reading.cancel()
                #expect(try await reading.value == nil)
            }
        }
        while served.readers.value > 0 { await Task.yield() }
        #expect(served.readers.value == 0)
    }

    @Test("A WebSocket gets the same objects, with the same replay, until either end goes")
    func socket() async throws {
        let served = await Served()
        await served.control.tell(.jobSubmitted(Self.one))
        await served.reached(1_000_000)
        let plain = await served.caller.call("GET", "/api/v1/ws?access_token=secret")
        #expect(plain.status == 426)
        #expect(await served.caller.call("GET", "/api/v1/ws", headers: ["Upgrade": "websocket"]).status == 401)
        for isClosedByReader in [true, false] {
            let answer = await served.caller.call(
                "GET", "/api/v1/ws?last_event_id=999999&access_token=secret", headers: ["Upgrade": "WebSocket"])
            #expect(answer.status == 101)
            guard case .webSocket(let conduct) = answer.body else { throw UnexpectedBody() }
            let connection = ScriptedSocket()
            let conducting = Task { await conduct(connection) }
            let first = try await connection.sent.entry(0, "message")
            #expect(first == .text(#"{"event":"jobSubmitted","id":1000000,"job_id":"one","time_ms":1000}"#))
            if isClosedByReader { connection.hangUp() } else { await served.control.stop() }
            await conducting.value
            #expect(connection.isClosed)
        }
    }

    @Test("Every event reaches every reader, in order")
    func manyReaders() async throws {
        let served = await Served(capacity: 1000)
        var bodies: [any HTTPBody] = []
        for _ in 0..<20 { bodies.append(try await served.stream()) }
        let count = 500
        for _ in 0..<count { await served.control.tell(.jobSubmitted(Self.one)) }
        await served.control.stop()
        for body in bodies {
            var all = ""
            while let block = try await body.next() { all += String(decoding: block, as: UTF8.self) }
            let ids = all.split(separator: "\n").filter { $0.hasPrefix("id: ") }.map { String($0.dropFirst(4)) }
            #expect(ids == (0..<count).map { "\(1_000_000 + $0)" })
        }
    }
}

/// A WebSocket whose other end says nothing until it hangs up.
private final class ScriptedSocket: WebSocketConnection {
    let sent = Journal<WebSocketMessage>()
    private let incoming: AsyncStream<WebSocketMessage>
    private let other: AsyncStream<WebSocketMessage>.Continuation
    private let closed = Atomic(false)

    init() { (incoming, other) = AsyncStream.makeStream(of: WebSocketMessage.self) }

    var isClosed: Bool { closed.load(ordering: .relaxed) }

    func hangUp() { other.finish() }

    func receive() async -> WebSocketMessage? {
        for await message in incoming { return message }
        closed.store(true, ordering: .relaxed)
        return nil
    }

    func send(_ message: WebSocketMessage) async throws { sent.note(message) }

    func close(code: UInt16, reason: String) async {
        closed.store(true, ordering: .relaxed)
        other.finish()
    }
}
