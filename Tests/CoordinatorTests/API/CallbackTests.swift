// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletHost
import MartletModel
import MartletPorts
import MartletTestKit
import MartletWire
import Testing

@testable import MartletCoordinator

@Suite("Callbacks", .timeLimit(.minutes(5)))
struct CallbackTests {
    private let directory: TemporaryDirectory
    private let control = ScriptedControl()
    private let caller = ScriptedCaller()
    private let clock = ManualClock(wallMilliseconds: 1_700_000_000_500)
    private let metrics = ClusterMetrics(version: "1", readers: ReaderCount())

    init() throws { directory = try TemporaryDirectory() }

    private var records: RecordFiles<PendingCallback> {
        RecordFiles(in: directory.file("callbacks"), files: LocalFiles())
    }

    /// Begins to run; returns when it listens.
    private func start(secret: String? = "s3cret") async -> Task<Void, any Error> {
        let callbacks = Callbacks(
            secret: secret.map { Array($0.utf8) },
            with: .init(
                control: control, caller: caller, signer: HMACSigner(), records: records, time: clock, metrics: metrics)
        )
        let before = await control.listenerCount
        let running = Task { try await callbacks.run() }
        while await control.listenerCount == before { await Task.yield() }
        return running
    }

    private func submit(url: String? = "http://127.0.0.1:9/done") async throws -> JobID {
        var submission = JobSubmission(source: "movies:a.mkv", output: "movies:a.mp4")
        submission.callbackURL = url
        return try await control.submit(submission).id
    }

    /// Waits until this many callbacks are owed.
    private func owed(_ count: Int) async throws {
        while try await records.all().count != count { await Task.yield() }
    }

    @Test("A job's end is told, signed over time and body")
    func signed() async throws {
        let running = await start()
        let job = try await submit()
        try await owed(1)
        try await control.complete(job, output: "/a.mp4")
        let call = try await caller.calls.entry(0, "call")
        #expect(call.call.method == "POST" && call.call.url == "http://127.0.0.1:9/done")
        #expect(call.call.headers["Content-Type"] == "application/json")
        let message = try JSONText.value(CallbackMessage.self, from: Array(call.text.utf8))
        #expect(message.event == "jobCompleted")
        #expect(message.job == (try await control.job(job)))
        #expect(call.call.headers["Martlet-Timestamp"] == "1700000000")
        let signature = HMACSigner().signature(of: Array("1700000000.\(call.text)".utf8), secret: Array("s3cret".utf8))
        #expect(call.call.headers["Martlet-Signature"] == "sha256=\(signature)")
        try await owed(0)
        await control.stop()
        try await running.value
    }

    @Test("Without a secret nothing is signed, without an address nothing is sent; every end has its name")
    func names() async throws {
        let running = await start(secret: nil)
        let silent = try await submit(url: nil)
        try await control.complete(silent, output: "/a")
        for state in [JobState.failed, .cancelled] {
            let job = try await submit()
            try await control.change(job) { $0.state = state }
            let isFailed = state == .failed
            await control.tell(
                isFailed ? .jobFailed(job, code: "a.b", message: "No.") : .jobStateChanged(job, .cancelled))
            let call = try await caller.calls.entry(isFailed ? 0 : 1, "call")
            #expect(call.call.headers["Martlet-Signature"] == nil)
            let message = try JSONText.value(CallbackMessage.self, from: Array(call.text.utf8))
            #expect(message.event == (isFailed ? "jobFailed" : "jobCancelled"))
            #expect(message.job.id == job)
        }
        await control.stop()
        try await running.value
        #expect(caller.calls.entries.count == 2)
    }

    @Test("It is tried five times, with growing pauses, and then given up")
    func tries() async throws {
        caller.follow { call in
            guard call.url.isEmpty else { throw ScriptedCaller.Unreachable() }
            return 200
        }
        let running = await start()
        let job = try await submit()
        try await control.complete(job, output: "/a")
        for (number, pause) in Callbacks.delays.enumerated() {
            if number > 0 {
                await clock.waitForSleepers()
                #expect(clock.nextDeadline == clock.now() + pause)
                clock.advance(by: pause)
            }
            _ = try await caller.calls.entry(number, "call")
        }
        try await owed(0)
        await control.stop()
        try await running.value
        #expect(caller.calls.entries.count == 5)
        let text = metrics.text(stats: await control.stats(), workers: [])
        #expect(text.contains(#"martlet_callbacks_total{result="given_up"} 1"#))
    }

    @Test("An error's status and a redirection are no yes", arguments: [500, 404, 301, 302, 308])
    func noYes(status: Int) async throws {
        caller.follow { _ in status }
        let running = await start()
        try await control.complete(try await submit(), output: "/a")
        _ = try await caller.calls.entry(0, "call")
        await clock.waitForSleepers()
        caller.follow { _ in 204 }
        clock.advance(by: .seconds(5))
        _ = try await caller.calls.entry(1, "call")
        try await owed(0)
        await control.stop()
        try await running.value
        #expect(caller.calls.entries.count == 2)
    }

    @Test("What is owed outlives the process, with the tries that were made")
    func restart() async throws {
        caller.follow { _ in 503 }
        let first = await start()
        let ended = try await submit()
        let going = try await submit()
        try await owed(2)
        try await control.complete(ended, output: "/a")
        _ = try await caller.calls.entry(0, "call")
        await clock.waitForSleepers()
        first.cancel()
        _ = await first.result
        // It ends while nobody listens.
        try await control.change(going) { $0.state = .completed }
        let kept = try await records.all()
        #expect(kept.map(\.record.tries) == [1, 0])
        #expect(kept.map { $0.record.body != nil } == [true, false])
        caller.follow { _ in 200 }
        let second = await start()
        await clock.waitForSleepers()
        clock.advance(by: .seconds(5))
        _ = try await caller.calls.entry(2, "call")
        try await owed(0)
        await control.stop()
        try await second.value
        #expect(caller.calls.entries.count == 3)
    }
}

@Suite("Records in files")
struct RecordFilesTests {
    @Test("The last record that was kept is the one that stays")
    func order() async throws {
        let directory = try TemporaryDirectory()
        let records = RecordFiles<[Int]>(in: directory.file("a/b"), files: LocalFiles())
        #expect(try await records.all().isEmpty)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for name in ["x", "y"] {
                group.addTask { for number in 0..<20 { try await records.keep([number], as: name) } }
            }
            try await group.waitForAll()
        }
        #expect(try await records.all().map(\.record) == [[19], [19]])
        try await records.keep([1, 2, 3, 4, 5, 6, 7, 8], as: "x")
        try await records.keep([1], as: "x")
        try await records.forget("y")
        try await records.forget("z")
        let left = try await records.all()
        #expect(left.map(\.name) == ["x"] && left.map(\.record) == [[1]])
    }

    @Test("A record that cannot be read does not hide the others")
    func damaged() async throws {
        let directory = try TemporaryDirectory()
        let records = RecordFiles<[Int]>(in: directory.path, files: LocalFiles())
        try await records.keep([1], as: "good")
        try await LocalFiles().write(Array("{".utf8), to: directory.file("bad.json"), at: 0)
        try await LocalFiles().write(Array("[2]".utf8), to: directory.file("half.new"), at: 0)
        #expect(try await records.all().map(\.name) == ["good"])
    }
}
