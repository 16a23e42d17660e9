// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import Foundation
import MartletCoordinator
import MartletHost
import MartletModel
import MartletPorts
import MartletScheduling
import MartletTestKit
import Testing

/// A job that another coordinator has begun.
@Suite struct ResumeTests {
    /// A studio that stopped when the first `count` of three segments were done.
    private func interrupted(after count: Int) async throws -> Studio {
        let studio = try await Studio()
        let hand = try await studio.hand(slots: 3) { hand, assignment in
            guard case .encode(let segment) = assignment.task.kind, segment < count else { return nil }
            return .completed(try await hand.made(assignment))
        }
        try await studio.submit()
        try await hand.taken.wait(for: "\(count) results") { $0.count == count }
        _ = try await hand.assignments.wait(for: "three orders") { $0.count == 3 }
        _ = try await studio.stopped()
        return studio
    }

    @Test("What is done is taken over when its file is unchanged, and only the rest is encoded")
    func takenOver() async throws {
        let studio = try await interrupted(after: 2)
        let next = try await Studio(after: studio)
        let hand = try await next.hand()
        try await next.submit()
        #expect(try await next.outcome().frames == 900)
        #expect(await next.coordinator.reusedSegments(of: next.job) == 2)
        #expect(hand.assignments.entries.map(\.lease.task) == [TaskID("video-00002")])
        #expect(hand.assignments.entries.map(\.lease.epoch) == [Epoch(2)])
        #expect(try next.outputText() == "[video-00000][video-00001][video-00002]")
        let events = try await next.stopped()
        let reused = events.filter { if case .taskCompleted(_, _, _, reused: true) = $0 { true } else { false } }
        #expect(reused.count == 2)
    }

    @Test("An attempt that its worker brings back after a restart is one attempt, from its first beginning to its end")
    func broughtBack() async throws {
        var scheduling = SchedulingConfiguration.prompt
        scheduling.returnGrace = .seconds(15)
        let studio = try await Studio(scheduling: scheduling, workersOutlive: true)
        let first = try await studio.hand(slots: 1, policy: Hand.idle)
        try await studio.submit()
        let order = try await first.assignments.entry(0, "order")
        let began = studio.clock.wallMilliseconds()
        _ = try await studio.stopped()
        let next = try await Studio(after: studio, scheduling: scheduling, workersOutlive: true)
        next.clock.advance(by: .seconds(5))
        try await next.submit()
        let hand = Hand(next.coordinator, slots: 1)
        try await hand.join(holding: [order.lease])
        let again = try #require(try await next.memory.attempts(of: next.job).first)
        #expect(again.result == nil && again.startedMilliseconds == began)
        next.clock.advance(by: .seconds(2))
        #expect(try await hand.finish(order, .completed(try await hand.made(order))))
        _ = try await next.outcome()
        let attempts = try await next.memory.attempts(of: next.job).filter { $0.task == order.lease.task }
        #expect(attempts.map(\.epoch) == [1])
        #expect(attempts.first?.startedMilliseconds == began)
        #expect(attempts.first?.endedMilliseconds == began + 7000)
        if case .completed? = attempts.first?.result {} else { Issue.record("\(attempts)") }
        _ = try await next.stopped()
    }

    @Test("What no record names is removed, and kept where workers outlive the coordinator", arguments: [true, false])
    func strangers(workersOutlive: Bool) async throws {
        let studio = try await interrupted(after: 1)
        _ = try studio.directory.write("half of a result", to: "work/job/.video-00001.1.mkv.upload")
        let next = try await Studio(after: studio, workersOutlive: workersOutlive)
        try await next.submit()
        #expect(try next.workNames().contains(".video-00001.1.mkv.upload") == workersOutlive)
        #expect(try next.workNames().contains("video-00000.1.mkv"))
        _ = try await next.stopped()
    }

    @Test("A look at what is done that is interrupted removes nothing")
    func interruptedLook() async throws {
        let studio = try await interrupted(after: 2)
        let names = try studio.workNames()
        let next = try await Studio(after: studio)
        let submitting = Task { try await next.submit() }
        submitting.cancel()
        await #expect(throws: CancellationError.self) { try await submitting.value }
        #expect(try next.workNames() == names)
        _ = try await next.stopped()
    }

    @Test("What was altered or is missing is encoded again, and strangers are removed")
    func damagedMeanwhile() async throws {
        let studio = try await interrupted(after: 3)
        _ = try studio.directory.write("[video-0000X]", to: "work/job/video-00000.1.mkv")
        try LocalFiles().remove(studio.directory.file("work/job/video-00002.1.mkv"))
        _ = try studio.directory.write("half", to: "work/job/.video-00001.2.part.mkv")
        try LocalFiles().makeDirectory(studio.directory.file("work/job/strange/thing"))
        // It had finished, so the output of then is in the way.
        try LocalFiles().remove(studio.output)

        let next = try await Studio(after: studio)
        let hand = try await next.hand()
        try await next.submit()
        #expect(try await next.outcome().frames == 900)
        #expect(await next.coordinator.reusedSegments(of: next.job) == 1)
        #expect(Set(hand.assignments.entries.map(\.lease.task)) == [TaskID("video-00000"), TaskID("video-00002")])
        #expect(hand.assignments.entries.allSatisfy { $0.lease.epoch == Epoch(2) })
        #expect(try next.workNames() == ["video-00000.2.mkv", "video-00001.1.mkv", "video-00002.2.mkv"])
        #expect(try next.outputText() == "[video-00000][video-00001][video-00002]")
    }

    @Test("Files that no record knows are not mistaken for results of a new job")
    func newJobInOldDirectory() async throws {
        let studio = try await Studio()
        try LocalFiles().makeDirectory(studio.directory.file("work/job"))
        _ = try studio.directory.write("old", to: "work/job/video-00000.1.mkv")
        _ = try studio.directory.write("old", to: "work/job/video-00009.1.mkv")
        _ = try await studio.hand()
        try await studio.submit()
        _ = try await studio.outcome()
        #expect(await studio.coordinator.reusedSegments(of: studio.job) == 0)
        #expect(try studio.workNames() == ["video-00000.1.mkv", "video-00001.1.mkv", "video-00002.1.mkv"])
    }

    @Test("A job that was being joined is joined, without a worker")
    func joining() async throws {
        let gate = ManualClock()
        let assembler = ChainingAssembler { try await gate.sleep(until: Moment(nanoseconds: 1)) }
        let studio = try await Studio(assembler: assembler)
        _ = try await studio.hand()
        try await studio.submit()
        try await waiting(for: "the join to begin") { await gate.waitForSleepers() }
        _ = try await studio.stopped()
        #expect(try await studio.error() is CancellationError)
        #expect(try await studio.keptState() == .combining)
        #expect(try studio.outputNames().isEmpty)

        let next = try await Studio(after: studio)
        try await next.submit()
        #expect(try await next.outcome().frames == 900)
        #expect(await next.coordinator.reusedSegments(of: next.job) == 3)
        #expect(try await next.keptState() == .completed)
    }

    @Test("Quick encodes and second rounds are not counted as segments that were there")
    func reusedStages() async throws {
        let studio = try await Studio()
        _ = try await studio.hand()
        try await studio.submit { $0.bitrate = BitRate(22_000) }
        _ = try await studio.outcome()
        _ = try await studio.stopped()
        try LocalFiles().remove(studio.output)
        let next = try await Studio(after: studio)
        try await next.submit { $0.bitrate = BitRate(22_000) }
        #expect(try await next.outcome().frames == 900)
        #expect(try await studio.memory.tasks(of: studio.job).count > 6)
        #expect(await next.coordinator.reusedSegments(of: next.job) == 3)
    }
}
