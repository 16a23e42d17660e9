// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletHost
import MartletModel
import MartletPorts
import MartletTestKit
import MartletWire
import MartletWorker
import Synchronization
import Testing

/// How a worker speaks with a coordinator elsewhere.
@Suite struct RemoteDispatchTests {
    private static func held(by gate: ManualClock) -> ScriptedEncoder.Script {
        { _, _ in
            try await gate.sleep(until: Moment(nanoseconds: 1))
            return .picture(frames: 250)
        }
    }

    private func ended(_ work: Task<Void, any Error>) async throws {
        work.cancel()
        try await waiting(for: "the worker's end") { try await work.value }
    }

    @Test("It registers, runs what it is told with its own copy of the source, uploads, reports and cleans up")
    func wholeTask() async throws {
        let bench = try RemoteBench(token: "secret")
        let work = bench.begin()
        let registration = try await bench.coordinator.registration()
        #expect(registration.profile == .sample(slots: 2))
        #expect(registration.build.digest == "build")
        #expect(registration.holding.isEmpty)
        let assignment = try await bench.assignment(epoch: 3)
        try await bench.coordinator.say(.run(assignment))
        let (lease, result) = try await bench.coordinator.result()
        #expect(lease == assignment.lease)
        guard case .completed(let artifact) = result else {
            Issue.record("it ended as \(result)")
            return
        }
        #expect(artifact.fileName == "video-0000.3.mkv")
        let uploaded = try #require(bench.coordinator.results.withLock { $0["video-0000.3.mkv"] })
        #expect(Int64(uploaded.count) == artifact.size.bytes)
        let parts = bench.coordinator.requests.entries
        #expect(parts.count == (uploaded.count + 999) / 1000)
        #expect(parts.allSatisfy { $0.method == "PUT" && $0.path == "/api/v1/jobs/job/results/video-0000.3.mkv" })
        #expect(parts[1].query("offset") == "1000")
        #expect(parts[1].query("size") == "\(uploaded.count)")
        #expect(parts[1].query("task") == "video-0000")
        #expect(parts[1].query("epoch") == "3")
        #expect(parts[1].query("worker") == "w1")
        let run = try #require(bench.encoder.started.entries.first)
        #expect(run.arguments.prefix(2) == ["-i", "file:" + bench.source])
        try await ended(work)
        #expect(bench.coordinator.heard.entries.last == .leaving)
        #expect(try bench.leftovers().isEmpty)
    }

    @Test("A refusal ends the worker with the coordinator's own code, and is not tried again")
    func refused() async throws {
        let bench = try RemoteBench()
        bench.coordinator.greeting.withLock { $0 = .refused(code: "worker.other_version", message: "too old") }
        let error = await #expect(throws: AttemptFailure.self) { try await bench.begin().value }
        #expect(error?.code == "worker.other_version")
        #expect(error?.exitStatus == .clusterUnavailable)
        #expect(bench.caller.calls.entries.count == 1)
    }

    @Test("A wrong token is asked about once, and not tried again")
    func wrongToken() async throws {
        let bench = try RemoteBench(token: "right", callerToken: "wrong")
        let error = await #expect(throws: AttemptFailure.self) { try await bench.begin().value }
        #expect(error?.code == "worker.refused")
        #expect(error?.exitStatus == .clusterUnavailable)
        #expect(bench.caller.calls.entries.count == 2)
    }

    @Test("A coordinator that is not there yet is waited for; a worker that does not persist ends")
    func waitsForCoordinator() async throws {
        let patient = try RemoteBench()
        patient.isReachable.isOn = false
        let work = patient.begin()
        try await patient.hurrying {
            try await patient.caller.calls.wait(for: "some attempts") { $0.count == 5 }
            patient.isReachable.isOn = true
            _ = try await patient.coordinator.registration()
        }
        try await ended(work)

        var configuration = RemoteDispatch.Configuration()
        configuration.isPersistent = false
        let hasty = try RemoteBench(configuration: configuration)
        hasty.isReachable.isOn = false
        let error = await #expect(throws: AttemptFailure.self) { try await hasty.begin().value }
        #expect(error?.code == "http.unreachable")
    }

    @Test("A broken connection is made anew, running tasks go on and are named, and their results count")
    func reconnects() async throws {
        let gate = ManualClock()
        let bench = try RemoteBench(Self.held(by: gate))
        let work = bench.begin()
        let first = try await bench.coordinator.registration()
        let assignment = try await bench.assignment()
        try await bench.coordinator.say(.run(assignment))
        try await waiting(for: "the run") { await gate.waitForSleepers() }
        await bench.coordinator.cut()
        let second = try await bench.hurrying { try await bench.coordinator.registration(1) }
        #expect(second.holding == [assignment.lease])
        #expect(second.instance == first.instance)
        // An order that is said again is not run again.
        try await bench.coordinator.say(.run(assignment))
        gate.advance(by: .nanoseconds(1))
        let (lease, result) = try await bench.coordinator.result()
        #expect(lease == assignment.lease)
        guard case .completed = result else {
            Issue.record("it ended as \(result)")
            return
        }
        #expect(bench.encoder.started.entries.count == 1)
        try await ended(work)
    }

    @Test("A result that nobody answered is said again over the next connection")
    func saysAgain() async throws {
        let bench = try RemoteBench()
        bench.coordinator.takes.withLock { $0 = nil }
        let work = bench.begin()
        _ = try await bench.coordinator.registration()
        let assignment = try await bench.assignment()
        try await bench.coordinator.say(.run(assignment))
        let first = try await bench.coordinator.result(0)
        #expect(try bench.leftovers() == ["job"])
        bench.coordinator.takes.withLock { $0 = true }
        await bench.coordinator.cut()
        let again = try await bench.hurrying { try await bench.coordinator.registration(1) }
        #expect(again.holding == [assignment.lease])
        #expect(try await bench.coordinator.result(1) == first)
        let puts = bench.coordinator.requests.entries.count
        try await ended(work)
        #expect(bench.coordinator.requests.entries.count == puts)
        #expect(try bench.leftovers().isEmpty)
    }

    @Test("A worker that does not persist ends with its connection")
    func notPersistent() async throws {
        var configuration = RemoteDispatch.Configuration()
        configuration.isPersistent = false
        let gate = ManualClock()
        let bench = try RemoteBench(configuration: configuration, Self.held(by: gate))
        let work = bench.begin()
        _ = try await bench.coordinator.registration()
        try await bench.coordinator.say(.run(try await bench.assignment()))
        try await waiting(for: "the run") { await gate.waitForSleepers() }
        await bench.coordinator.cut()
        try await waiting(for: "the worker's end") { try await work.value }
        #expect(bench.encoder.ended.entries == [true])
        #expect((await bench.dispatch.failure as? WorkerError)?.code == .connectionLost)
    }

    @Test("Heartbeats come as often as the coordinator asks, and what they hear is lost is stopped")
    func heartbeats() async throws {
        let gate = ManualClock()
        let bench = try RemoteBench(Self.held(by: gate))
        let work = bench.begin()
        _ = try await bench.coordinator.registration()
        let assignment = try await bench.assignment()
        try await bench.coordinator.say(.run(assignment))
        try await waiting(for: "the run") { await gate.waitForSleepers() }
        bench.coordinator.lost.withLock { $0 = [assignment.lease] }
        try await waiting(for: "the beat") { await bench.clock.waitForSleepers() }
        #expect(bench.clock.nextDeadline == Moment(nanoseconds: 7_000_000_000))
        bench.clock.advance(by: .seconds(7))
        #expect(try await bench.coordinator.result() == (assignment.lease, .interrupted))
        #expect(bench.encoder.ended.entries == [true])
        #expect(
            bench.coordinator.heard.entries.contains(
                .heartbeat(
                    holding: [assignment.lease], load: WorkerLoad(processors: 0.5, memory: .mebibytes(100)))))
        try await ended(work)
    }

    @Test("A coordinator that does not answer a heartbeat in time is connected anew")
    func silentCoordinator() async throws {
        let bench = try RemoteBench()
        bench.coordinator.lost.withLock { $0 = nil }
        let work = bench.begin()
        _ = try await bench.coordinator.registration()
        _ = try await bench.hurrying { try await bench.coordinator.registration(1) }
        #expect(bench.caller.sockets.entries.first?.closingCode == 1001)
        #expect(bench.clock.now() >= Moment(nanoseconds: 17_000_000_000))
        try await ended(work)
    }

    @Test("Progress is said once a second for each task, and nothing waits for it")
    func progress() async throws {
        let gate = ManualClock()
        let bench = try RemoteBench { _, progress in
            for frame in 1...5 { progress(RunProgress(frames: frame)) }
            try await gate.sleep(until: Moment(nanoseconds: 1))
            return .picture(frames: 250)
        }
        let work = bench.begin()
        _ = try await bench.coordinator.registration()
        let assignment = try await bench.assignment()
        try await bench.coordinator.say(.run(assignment))
        try await waiting(for: "the run") { await gate.waitForSleepers() }
        let isProgress: @Sendable (WorkerMessage) -> Bool = { if case .progress = $0 { true } else { false } }
        _ = try await bench.coordinator.heard(0, "progress", where: isProgress)
        gate.advance(by: .nanoseconds(1))
        _ = try await bench.coordinator.result()
        #expect(bench.coordinator.heard.entries.filter(isProgress).count == 1)
        try await ended(work)
    }

    @Test("An order to stop ends a task that still waits for what it reads")
    func stopsPreparation() async throws {
        let bench = try RemoteBench()
        let work = bench.begin()
        _ = try await bench.coordinator.registration()
        bench.isReachable.isOn = false
        var task = TaskSpecification.sample("score-0000")
        task.inputs = [TaskID("video-0000")]
        let assignment = try await bench.assignment(task) { $0.inputs = [TaskID("video-0000"): "video-0000.1.mkv"] }
        try await bench.coordinator.say(.run(assignment))
        try await bench.caller.calls.wait(for: "the download") { $0.count == 2 }
        try await bench.coordinator.say(.stop(assignment.lease))
        #expect(try await bench.coordinator.result() == (assignment.lease, .interrupted))
        #expect(bench.encoder.started.entries.isEmpty)
        try await ended(work)
        #expect(try bench.leftovers().isEmpty)
    }

    @Test("What the next task reads stays, though the order comes before the word that its maker's result is taken")
    func keepsInputs() async throws {
        let gate = ManualClock()
        let bench = try RemoteBench { run, _ in
            guard let input = run.arguments.first(where: { $0.hasSuffix("/video-0000.1.mkv") }) else {
                return .picture(frames: 250)
            }
            try await gate.sleep(until: Moment(nanoseconds: 1))
            #expect(LocalFiles().exists(String(input.dropFirst("file:".count))))
            return .picture(frames: 250)
        }
        bench.coordinator.takes.withLock { $0 = nil }
        let work = bench.begin()
        _ = try await bench.coordinator.registration()
        let first = try await bench.assignment()
        try await bench.coordinator.say(.run(first))
        _ = try await bench.coordinator.result()
        var task = TaskSpecification.sample("score-0000")
        task.command = FFmpegCommand([.source, .artifact(TaskID("video-0000"), prefix: "file:"), .output])
        let second = try await bench.assignment(task) { $0.inputs = [TaskID("video-0000"): "video-0000.1.mkv"] }
        try await bench.coordinator.say(.run(second))
        try await waiting(for: "the second run") { await gate.waitForSleepers() }
        try await bench.coordinator.say(.taken(first.lease, true))
        bench.coordinator.takes.withLock { $0 = true }
        let isWithoutFirst: @Sendable (WorkerMessage) -> Bool = {
            if case .heartbeat(let holding, _) = $0 { holding == [second.lease] } else { false }
        }
        _ = try await bench.hurrying {
            try await bench.coordinator.heard(0, "heartbeat without the first lease", where: isWithoutFirst)
        }
        gate.advance(by: .nanoseconds(1))
        let (lease, result) = try await bench.coordinator.result(1)
        #expect(lease == second.lease)
        guard case .completed = result else {
            Issue.record("it ended as \(result)")
            return
        }
        try await ended(work)
        #expect(try bench.leftovers().isEmpty)
    }

    @Test("What a task reads of others is there before it runs, over a connection that breaks, too")
    func inputs() async throws {
        let bench = try RemoteBench { run, _ in
            let input = try #require(run.arguments.first { $0.hasSuffix("video-0000.1.mkv") })
            #expect(try await LocalFiles().text(of: input) == "encoded before")
            return .picture(frames: 250)
        }
        bench.coordinator.results.withLock { $0["video-0000.1.mkv"] = Array("encoded before".utf8) }
        let work = bench.begin()
        _ = try await bench.coordinator.registration()
        bench.isReachable.isOn = false
        var task = TaskSpecification.sample("score-0000")
        task.command = FFmpegCommand([.source, .artifact(TaskID("video-0000"), prefix: ""), .output])
        let assignment = try await bench.assignment(task) { $0.inputs = [TaskID("video-0000"): "video-0000.1.mkv"] }
        try await bench.coordinator.say(.run(assignment))
        let (_, result) = try await bench.hurrying {
            try await bench.caller.calls.wait(for: "the downloads") { $0.count >= 4 }
            bench.isReachable.isOn = true
            return try await bench.coordinator.result()
        }
        guard case .completed = result else {
            Issue.record("it ended as \(result)")
            return
        }
        try await ended(work)
    }

    @Test("An order that names files elsewhere is refused", arguments: ["../video.mkv", "", ".hidden", "a/b"])
    func badNames(name: String) async throws {
        let bench = try RemoteBench()
        let work = bench.begin()
        _ = try await bench.coordinator.registration()
        try await bench.coordinator.say(.run(try await bench.assignment { $0.inputs = [TaskID("t"): name] }))
        guard case (_, .failed(let failure)) = try await bench.coordinator.result() else {
            Issue.record("it did not fail")
            return
        }
        #expect(failure.code == "worker.bad_order")
        #expect(!failure.isRetryable)
        try await ended(work)
    }

    @Test(
        "A full disk of the worker is a failure that may be tried elsewhere, and no task is welcome until there is space"
    )
    func fullDisk() async throws {
        let free = Mutex(ByteCount.mebibytes(500))
        let bench = try RemoteBench(files: TightDisk { free.withLock { $0 } }) { _, _ in
            throw AttemptFailure(code: "ffmpeg.no_space", message: "No space is left.", isRetryable: false)
        }
        let work = bench.begin()
        _ = try await bench.coordinator.registration()
        try await waiting(for: "the beat") { await bench.clock.waitForSleepers() }
        bench.clock.advance(by: .seconds(7))
        func beat(_ number: Int) async throws -> WorkerLoad? {
            let isBeat: @Sendable (WorkerMessage) -> Bool = { if case .heartbeat = $0 { true } else { false } }
            guard case .heartbeat(_, let load) = try await bench.coordinator.heard(number, "beat", where: isBeat) else {
                return nil
            }
            return load
        }
        #expect(try await beat(0)?.takesTasks == true)
        try await bench.coordinator.say(.run(try await bench.assignment()))
        #expect(try await beat(1)?.takesTasks == false)
        guard case (_, .failed(let failure)) = try await bench.coordinator.result() else {
            Issue.record("it did not fail")
            return
        }
        #expect(failure.code == "worker.no_space")
        #expect(failure.isRetryable)
        for (number, mebibytes) in [(2, 500), (3, 560), (4, 570)] {
            free.withLock { $0 = .mebibytes(Int64(mebibytes)) }
            try await waiting(for: "the next beat") { await bench.clock.waitForSleepers() }
            bench.clock.advance(by: .seconds(7))
            #expect(try await beat(number)?.takesTasks == (mebibytes == 570))
        }
        try await ended(work)
    }

    @Test("A coordinator that takes the connection and says nothing is tried again")
    func noWelcome() async throws {
        let bench = try RemoteBench()
        bench.coordinator.greeting.withLock { $0 = nil }
        let work = bench.begin()
        try await bench.hurrying {
            _ = try await bench.coordinator.registration(1)
            bench.coordinator.greeting.withLock { $0 = .welcome(chunkSize: 1000, heartbeatMilliseconds: 7000) }
            _ = try await bench.coordinator.registration(2)
        }
        #expect(bench.caller.sockets.entries.first?.closingCode == 1001)
        try await ended(work)
    }

    @Test("A worker that is stopped while it joins, or waits to, ends at once", arguments: [true, false])
    func stoppedEarly(isThere: Bool) async throws {
        let bench = try RemoteBench()
        bench.coordinator.greeting.withLock { $0 = nil }
        bench.isReachable.isOn = isThere
        let work = bench.begin()
        try await bench.caller.calls.wait(for: "the attempt") { !$0.isEmpty }
        if isThere { _ = try await bench.coordinator.registration() }
        work.cancel()
        await #expect(throws: (any Error).self) {
            try await waiting(for: "the worker's end") { try await work.value }
        }
        #expect(bench.coordinator.heard.entries.count == (isThere ? 1 : 0))
    }

    @Test("Leaving twice, or before joining, does nothing more")
    func leavesTwice() async throws {
        let bench = try RemoteBench()
        await bench.dispatch.unregister(WorkerID("w1"))
        #expect(bench.caller.calls.entries.isEmpty)
        let other = try RemoteBench()
        _ = try await other.dispatch.register(.sample(), holding: [])
        await other.dispatch.unregister(WorkerID("w1"))
        await other.dispatch.unregister(WorkerID("w1"))
        try await other.coordinator.heard.wait(for: "the farewell") { $0.contains(.leaving) }
        #expect(other.coordinator.heard.entries.filter { $0 == .leaving }.count == 1)
    }
}
