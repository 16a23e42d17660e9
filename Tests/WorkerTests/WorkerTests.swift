// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletModel
import MartletPorts
import MartletTestKit
import MartletWorker
import Synchronization
import Testing

/// How a worker takes orders, and how it ends.
@Suite struct WorkerTests {
    /// Holds a run until the gate's clock moves.
    private static func held(by gate: ManualClock) -> ScriptedEncoder.Script {
        { _, _ in
            try await gate.sleep(until: Moment(nanoseconds: 1))
            return .picture(frames: 250)
        }
    }

    private func allHeld(_ count: Int, by gate: ManualClock) async throws {
        try await waiting(for: "\(count) runs at once") { await gate.waitForSleepers(count) }
    }

    @Test("As many tasks run at once as orders come")
    func runsAtOnce() async throws {
        let gate = ManualClock()
        let bench = try Workbench(Self.held(by: gate))
        let work = bench.begin()
        var assignments: [TaskAssignment] = []
        for task in TaskSpecification.samples(5) { assignments.append(try await bench.assignment(task)) }
        for assignment in assignments { bench.dispatch.orders.yield(.run(assignment)) }
        try await allHeld(5, by: gate)
        #expect(bench.dispatch.results.entries.isEmpty)
        gate.advance(by: .nanoseconds(1))
        for assignment in assignments {
            guard case .completed = try await bench.dispatch.result(of: assignment.lease) else {
                Issue.record("\(assignment.task.id) did not complete")
                continue
            }
        }
        bench.dispatch.orders.finish()
        try await waiting(for: "the worker's end") { try await work.value }
        #expect(try bench.directory.names().count == 6)
    }

    @Test("An order to stop kills that run alone, and gives it back unfinished")
    func stopOrder() async throws {
        let gate = ManualClock()
        let bench = try Workbench(Self.held(by: gate))
        let work = bench.begin()
        let first = try await bench.assignment(.sample("video-0000"))
        let second = try await bench.assignment(.sample("video-0001", segment: 1))
        bench.dispatch.orders.yield(.run(first))
        bench.dispatch.orders.yield(.run(second))
        try await allHeld(2, by: gate)
        bench.dispatch.orders.yield(.stop(first.lease))
        #expect(try await bench.dispatch.result(of: first.lease) == .interrupted)
        #expect(bench.encoder.ended.entries == [true])
        gate.advance(by: .nanoseconds(1))
        guard case .completed = try await bench.dispatch.result(of: second.lease) else {
            Issue.record("the other run did not complete")
            return
        }
        bench.dispatch.orders.yield(.stop(first.lease))
        bench.dispatch.orders.finish()
        try await waiting(for: "the worker's end") { try await work.value }
        #expect(try bench.directory.names() == ["film.mkv", "video-0001.1.mkv"])
    }

    @Test("An error that comes of being killed is no failure")
    func errorAfterStop() async throws {
        let gate = ManualClock()
        let bench = try Workbench { _, _ in
            do { try await gate.sleep(until: Moment(nanoseconds: 1)) } catch {
                throw AttemptFailure(code: "ffmpeg.signal", message: "killed", isRetryable: true)
            }
            return nil
        }
        let work = bench.begin()
        let assignment = try await bench.assignment()
        bench.dispatch.orders.yield(.run(assignment))
        try await allHeld(1, by: gate)
        bench.dispatch.orders.yield(.stop(assignment.lease))
        #expect(try await bench.dispatch.result(of: assignment.lease) == .interrupted)
        work.cancel()
    }

    @Test("A heartbeat names what runs, and stops what is lost")
    func lostLease() async throws {
        let gate = ManualClock()
        let bench = try Workbench(Self.held(by: gate))
        let work = bench.begin()
        let assignment = try await bench.assignment()
        bench.dispatch.orders.yield(.run(assignment))
        try await allHeld(1, by: gate)
        try await waiting(for: "the first beat") { await bench.clock.waitForSleepers() }
        bench.clock.advance(by: .seconds(10))
        #expect(try await bench.dispatch.beats.entry(0, "beat") == [assignment.lease])
        try await waiting(for: "the second beat") { await bench.clock.waitForSleepers() }
        #expect(bench.dispatch.results.entries.isEmpty)
        bench.dispatch.lost.withLock { $0 = [assignment.lease] }
        bench.clock.advance(by: .seconds(10))
        #expect(try await bench.dispatch.result(of: assignment.lease) == .interrupted)
        #expect(bench.encoder.ended.entries == [true])
        work.cancel()
    }

    @Test("The end of the orders kills what runs, and the worker leaves", arguments: [true, false])
    func ends(byCancelling: Bool) async throws {
        let gate = ManualClock()
        let bench = try Workbench(Self.held(by: gate))
        let work = bench.begin()
        var assignments: [TaskAssignment] = []
        for task in TaskSpecification.samples(2) { assignments.append(try await bench.assignment(task)) }
        for assignment in assignments { bench.dispatch.orders.yield(.run(assignment)) }
        try await allHeld(2, by: gate)
        if byCancelling { work.cancel() } else { bench.dispatch.orders.finish() }
        try await waiting(for: "the worker's end") { try await work.value }
        #expect(bench.encoder.ended.entries == [true, true])
        #expect(bench.dispatch.results.entries.map(\.result) == [.interrupted, .interrupted])
        #expect(bench.dispatch.unregistered.entries == [WorkerID("w1")])
        #expect(try bench.directory.names() == ["film.mkv"])
        #expect(bench.clock.sleeperCount == 0)
    }

    @Test("A coordinator that cannot be reached costs results, not the worker")
    func unreachable() async throws {
        let bench = try Workbench(isReachable: false)
        let work = bench.begin()
        let first = try await bench.assignment(.sample("video-0000"))
        bench.dispatch.orders.yield(.run(first))
        _ = try await bench.dispatch.result(of: first.lease)
        for beat in 0..<2 {
            try await waiting(for: "beat \(beat)") { await bench.clock.waitForSleepers() }
            bench.clock.advance(by: .seconds(10))
            _ = try await bench.dispatch.beats.entry(beat, "beat")
        }
        let second = try await bench.assignment(.sample("video-0001", segment: 1))
        bench.dispatch.orders.yield(.run(second))
        guard case .completed = try await bench.dispatch.result(of: second.lease) else {
            Issue.record("the second run did not complete")
            return
        }
        bench.dispatch.orders.finish()
        try await waiting(for: "the worker's end") { try await work.value }
    }

    @Test("Progress reaches the coordinator before the result")
    func progress() async throws {
        let gate = ManualClock()
        let bench = try Workbench { _, progress in
            progress(RunProgress(frames: 17))
            try await gate.sleep(until: Moment(nanoseconds: 1))
            return .picture(frames: 250)
        }
        let work = bench.begin()
        let assignment = try await bench.assignment()
        bench.dispatch.orders.yield(.run(assignment))
        #expect(try await bench.dispatch.reports.entry(0, "report") == RunProgress(frames: 17))
        #expect(bench.dispatch.results.entries.isEmpty)
        gate.advance(by: .nanoseconds(1))
        _ = try await bench.dispatch.result(of: assignment.lease)
        work.cancel()
    }
}
