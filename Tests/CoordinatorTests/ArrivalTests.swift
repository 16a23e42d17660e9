// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import Foundation
import MartletCoordinator
import MartletHost
import MartletModel
import MartletPorts
import MartletTestKit
import Synchronization
import Testing

/// What workers bring, and which of it counts.
@Suite struct ArrivalTests {
    enum Damage: String, CaseIterable, CustomTestStringConvertible {
        case longer, altered, missing
        var testDescription: String { rawValue }

        func inflict(on path: String) throws {
            switch self {
            case .longer: try Data("[video-00000] and more".utf8).write(to: URL(filePath: path))
            case .altered: try Data("[video-0000O]".utf8).write(to: URL(filePath: path))
            case .missing: try LocalFiles().remove(path)
            }
        }
    }

    @Test("A result that is damaged on the way is made again", arguments: Damage.allCases)
    func damagedResult(damage: Damage) async throws {
        let studio = try await Studio()
        let hand = try await studio.hand { hand, assignment in
            let artifact = try await hand.made(assignment)
            if artifact.fileName == "video-00000.1.mkv" {
                try damage.inflict(on: "\(assignment.directory)/\(artifact.fileName)")
            }
            return .completed(artifact)
        }
        try await studio.submit()
        _ = try await studio.outcome()
        #expect(hand.assignments.entries.count == 4)
        #expect(try studio.outputText() == "[video-00000][video-00001][video-00002]")
        let attempts = try await studio.memory.attempts(of: studio.job)
        let codes = attempts.map { attempt in
            if case .failed(let failure) = attempt.result { failure.code } else { "" }
        }
        #expect(codes.filter { !$0.isEmpty } == ["coordinator.damaged_result"])
    }

    @Test("A failure for want of the source fails the job at once, and says so", arguments: [true, false])
    func sourceLost(isReplaced: Bool) async throws {
        let studio = try await Studio()
        let hand = try await studio.hand(slots: 1, policy: Hand.idle)
        try await studio.submit()
        let order = try await hand.assignments.entry(0, "order")
        try LocalFiles().remove(studio.film)
        if isReplaced { _ = try studio.films.write("another film", to: "film.mkv") }
        // Whatever it looks like to its worker, who would try again.
        let failure = AttemptFailure(code: "ffmpeg.failed", message: "strange data", log: "tail", isRetryable: true)
        try await hand.finish(order, .failed(failure))
        let error = try #require(try await studio.error() as? AttemptFailure)
        #expect(error.code == "coordinator.source_changed")
        #expect(error.message.contains(isReplaced ? "changed" : "not there any more"))
        #expect(error.exitStatus == .badInput)
        #expect(error.log == "tail")
        #expect(try await studio.keptState() == .failed)
        #expect(hand.assignments.entries.count == 1)
        _ = try await studio.stopped()
    }

    @Test("A source that is lost on a worker's own share alone costs an attempt, not the job")
    func shareLost() async throws {
        let studio = try await Studio()
        let isLost = Mutex(true)
        let hand = try await studio.hand(slots: 1) { hand, assignment in
            let isFirst = isLost.withLock { isLost in
                defer { isLost = false }
                return isLost
            }
            guard isFirst else { return .completed(try await hand.made(assignment)) }
            return .failed(
                AttemptFailure(code: "worker.source_changed", message: "it is not there any more", isRetryable: false))
        }
        try await studio.submit()
        #expect(try await studio.outcome().frames == 900)
        #expect(hand.assignments.entries.count == 4)
        _ = try await studio.stopped()
    }

    @Test("A join for which the source is gone says so")
    func sourceLostBeforeJoin() async throws {
        struct Strange: Error {}
        let studio = try await Studio(assembler: ChainingAssembler { throw Strange() })
        let hand = try await studio.hand(slots: 3, policy: Hand.idle)
        try await studio.submit()
        let orders = try await hand.assignments.wait(for: "three orders") { $0.count == 3 }
        try LocalFiles().remove(studio.film)
        for order in orders { try await hand.finish(order, .completed(try await hand.made(order))) }
        #expect((try await studio.error() as? CoordinatorError)?.code == .sourceChanged)
        _ = try await studio.stopped()
    }

    @Test("A source that becomes another while its job is joined fails the job, however well the join goes")
    func sourceLostInJoin() async throws {
        let films = try TemporaryDirectory()
        let studio = try await Studio(
            assembler: ChainingAssembler { _ = try films.write("another film", to: "film.mkv") }, films: films)
        _ = try await studio.hand()
        try await studio.submit()
        #expect((try await studio.error() as? CoordinatorError)?.code == .sourceChanged)
        #expect(try studio.outputNames().isEmpty)
        _ = try await studio.stopped()
    }

    @Test("Results and reports under a lease that does not hold are refused")
    func staleLease() async throws {
        let studio = try await Studio()
        let hand = try await studio.hand(slots: 1, policy: Hand.idle)
        try await studio.submit()
        var order = try await hand.assignments.entry(0, "order")
        let artifact = try await hand.made(order)
        let live = order.lease
        order.lease.epoch = Epoch(7)
        #expect(try await !hand.finish(order, .completed(artifact)))
        order.lease = LeaseToken(job: live.job, task: live.task, epoch: live.epoch, worker: WorkerID("w2"))
        #expect(try await !hand.finish(order, .completed(artifact)))
        order.lease = LeaseToken(job: JobID("none"), task: live.task, epoch: live.epoch, worker: live.worker)
        #expect(try await !hand.finish(order, .completed(artifact)))
        let lost = try await studio.coordinator.heartbeat(WorkerID("w1"), holding: [live, order.lease], load: nil)
        #expect(lost == [order.lease])
        order.lease = live
        #expect(try await hand.finish(order, .completed(artifact)))
        #expect(try await !hand.finish(order, .completed(artifact)))
        _ = try await studio.stopped()
    }

    @Test("A result counts whatever becomes of the worker's own task meanwhile")
    func cancelledWhileArriving() async throws {
        let studio = try await Studio()
        let hand = try await studio.hand(slots: 1, policy: Hand.idle)
        try await studio.submit()
        let order = try await hand.assignments.entry(0, "order")
        let artifact = try await hand.made(order)
        let arriving = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            return try await hand.finish(order, .completed(artifact))
        }
        #expect(try await waiting(for: "the answer") { try await arriving.value })
        let attempts = try await studio.memory.attempts(of: studio.job)
        #expect(attempts.first?.result == .completed(artifact))
        _ = try await studio.stopped()
    }

    @Test("Progress is passed on to those who watch")
    func progress() async throws {
        let studio = try await Studio()
        let hand = try await studio.hand(slots: 1, policy: Hand.idle)
        try await studio.submit()
        let order = try await hand.assignments.entry(0, "order")
        await studio.coordinator.report(order.lease, progress: RunProgress(frames: 150))
        let events = try await studio.stopped()
        #expect(events.contains(.taskProgress(studio.job, order.task.id, frames: 150, of: 300)))
    }

    @Test("A worker that was silent too long loses its leases, and has those back that nobody took by its next beat")
    func silentWorker() async throws {
        let studio = try await Studio()
        let (coordinator, clock) = (studio.coordinator, studio.clock)
        let hand = try await studio.hand(slots: 1, policy: Hand.idle)
        try await studio.submit()
        let silent = try await hand.assignments.entry(0, "order")
        let other = try await studio.hand("w2", slots: 2, policy: Hand.idle)
        let others = try await other.assignments.wait(for: "two orders") { $0.count == 2 }
        let watched = await coordinator.events()
        try await waiting(for: "the alarm") { await clock.waitForSleepers() }
        clock.advance(by: .seconds(20))
        #expect(try await coordinator.heartbeat(WorkerID("w2"), holding: others.map(\.lease), load: nil).isEmpty)
        clock.advance(by: .seconds(11))
        try await waiting(for: "the worker to be given up") {
            _ = await watched.first { $0 == .workerUnregistered(WorkerID("w1")) }
        }
        #expect(try await !hand.finish(silent, .completed(try await hand.made(silent))))
        #expect(hand.assignments.entries.count == 1)

        #expect(try await coordinator.heartbeat(WorkerID("w1"), holding: [silent.lease], load: nil).isEmpty)
        for order in others + [silent] { #expect(try await hand.finish(order, .completed(try await hand.made(order)))) }
        #expect(hand.assignments.entries.count == 1)
        #expect(try await studio.outcome().frames == 900)
    }

    @Test("What a worker that leaves has not finished is given to another")
    func leavingWorker() async throws {
        let studio = try await Studio()
        let hand = try await studio.hand(slots: 3, policy: Hand.idle)
        try await studio.submit()
        _ = try await hand.assignments.wait(for: "three orders") { $0.count == 3 }
        await studio.coordinator.unregister(WorkerID("w1"))
        _ = try await hand.left.entry(0, "end of orders")
        let other = try await studio.hand("w2")
        #expect(try await studio.outcome().frames == 900)
        #expect(other.assignments.entries.map(\.lease.epoch) == [Epoch(2), Epoch(2), Epoch(2)])
    }
}
