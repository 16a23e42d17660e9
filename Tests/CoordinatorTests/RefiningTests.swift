// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletCoordinator
import MartletModel
import MartletPorts
import MartletTestKit
import Testing

/// A source whose packets promise other frames than its decoder shows.
@Suite struct RefiningTests {
    @Test("When the frames are not those promised, the film is decoded and planned anew")
    func decodes() async throws {
        let studio = try await Studio(meter: FixedMeter(frames: 899))
        let hand = try await studio.hand { hand, assignment in
            if case .frames(let segment) = assignment.task.expectation, segment.frames.upperBound == 900 {
                return .failed(Hand.mismatch)
            }
            return .completed(try await hand.made(assignment))
        }
        try await studio.submit(verification: .full)
        #expect(try await studio.outcome().frames == 899)
        #expect(studio.prober.indexed.entries == [.packets, .decode])
        #expect(try await studio.coordinator.plan(of: studio.job)?.segments.last?.frames.upperBound == 899)
        #expect(await studio.coordinator.reusedSegments(of: studio.job) == 0)

        // No lease of the new plan may be taken for one of the old.
        let leases = hand.assignments.entries.map(\.lease)
        #expect(Set(leases).count == leases.count)
        #expect(try await studio.keptState() == .completed)
        #expect(try await studio.memory.job(studio.job)?.failure == nil)
        let events = try await studio.stopped()
        #expect(events.filter(\.isFailure) == [])
        #expect(events.compactMap(\.newState) == [.processing, .processing, .combining, .completed])
        #expect(events.count(where: \.isWarning) == 1)
    }

    @Test("When decoding does not help, the film is encoded in one piece, and then it fails once")
    func failsInTheEnd() async throws {
        let studio = try await Studio()
        let hand = try await studio.hand(slots: 1) { _, _ in .failed(Hand.mismatch) }
        try await studio.submit()
        #expect(try await studio.error() as? AttemptFailure == Hand.mismatch)
        #expect(hand.assignments.entries.map { $0.task.id } == Array(repeating: TaskID("video-00000"), count: 3))
        let counts = hand.assignments.entries.map { assignment in
            if case .frames(let segment) = assignment.task.expectation { segment.frameCount } else { 0 }
        }
        #expect(counts == [300, 300, 899])
        #expect(try await studio.keptState() == .failed)
        let events = try await studio.stopped()
        #expect(events.count(where: \.isFailure) == 1)
        #expect(events.compactMap(\.newState).count { $0 == .failed } == 1)
        #expect(events.count(where: \.isWarning) == 2)
        #expect(try studio.outputNames().isEmpty)
    }

    @Test("A film that cannot be decoded fails with that")
    func undecodable() async throws {
        let thrown = AttemptFailure(code: "media.broken", message: "no frame", isRetryable: false)
        let studio = try await Studio(index: { method in
            if method == .decode { throw thrown }
            return .film(method)
        })
        _ = try await studio.hand(slots: 1) { _, _ in .failed(Hand.mismatch) }
        try await studio.submit()
        #expect(try await studio.error() as? AttemptFailure == thrown)
        let events = try await studio.stopped()
        #expect(events.filter(\.isFailure) == [.jobFailed(studio.job, code: "media.broken", message: "no frame")])
        #expect(events.filter(\.isWarning) == [])
    }

    /// A studio whose job waits for its film to be decoded.
    private func decodingStudio(_ gate: ManualClock) async throws -> Studio {
        let studio = try await Studio(index: { method in
            if method == .decode { try await gate.sleep(until: Moment(nanoseconds: 1)) }
            return .film(method)
        })
        _ = try await studio.hand(slots: 1) { _, _ in .failed(Hand.mismatch) }
        try await studio.submit()
        try await waiting(for: "the film to be decoded") { await gate.waitForSleepers() }
        return studio
    }

    @Test("A job can be cancelled while its film is planned anew")
    func cancelled() async throws {
        let studio = try await decodingStudio(ManualClock())
        try await waiting(for: "the job to be cancelled") { await studio.coordinator.cancel(studio.job) }
        #expect(try await studio.error() is CancellationError)
        #expect(try await studio.keptState() == .cancelled)
        let events = try await studio.stopped()
        #expect(events.compactMap(\.newState) == [.processing, .cancelled])
        #expect(events.filter(\.isFailure) == [])
    }

    @Test("A job that is stopped while its film is planned anew is taken up again")
    func stopped() async throws {
        let studio = try await decodingStudio(ManualClock())
        let events = try await studio.stopped()
        #expect(try await studio.error() is CancellationError)
        #expect(events.filter(\.isFailure) == [])

        let next = try await Studio(after: studio)
        _ = try await next.hand { hand, assignment in
            if case .frames(let segment) = assignment.task.expectation, segment.frames.upperBound == 900 {
                return .failed(Hand.mismatch)
            }
            return .completed(try await hand.made(assignment))
        }
        try await next.submit()
        #expect(try await next.outcome().frames == 899)
    }

    @Test("A plan made from decoded frames is kept, with what was encoded for it")
    func resumed() async throws {
        let studio = try await Studio()
        let hand = try await studio.hand(slots: 1) { hand, assignment in
            let coordinator = hand.coordinator as? Coordinator
            guard try await coordinator?.plan(of: assignment.lease.job)?.segments.last?.frames.upperBound == 899
            else { return .failed(Hand.mismatch) }
            return assignment.task.id == TaskID("video-00002") ? nil : .completed(try await hand.made(assignment))
        }
        try await studio.submit()
        _ = try await hand.assignments.wait(for: "the last order") { $0.last?.task.id == TaskID("video-00002") }
        _ = try await studio.stopped()

        let next = try await Studio(after: studio)
        let worker = try await next.hand()
        try await next.submit()
        #expect(try await next.outcome().frames == 899)
        #expect(await next.coordinator.reusedSegments(of: next.job) == 2)
        #expect(worker.assignments.entries.map(\.task.id) == [TaskID("video-00002")])
    }
}
