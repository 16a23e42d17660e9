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

/// A job from its submission to its output.
@Suite struct JobTests {
    @Test("A film is encoded in segments, joined, and put in place")
    func wholeJob() async throws {
        let studio = try await Studio()
        try await studio.submit()
        _ = try await studio.hand()
        let finished = try await studio.outcome()
        #expect(finished.frames == 900)
        #expect(finished.verification?.passed == true)
        #expect(finished.quality == nil)
        #expect(try studio.outputText() == "[video-00000][video-00001][video-00002]")
        #expect(try studio.outputNames() == ["out.mp4"])
        #expect(try await studio.keptState() == .completed)
        let tasks = try await studio.memory.tasks(of: studio.job)
        #expect(tasks.map(\.state) == [.completed, .completed, .completed])
        let attempts = try await studio.memory.attempts(of: studio.job)
        #expect(attempts.count == 3)
        #expect(attempts.allSatisfy { if case .completed = $0.result { true } else { false } })

        let events = try await studio.stopped()
        #expect(events.first == .jobSubmitted(studio.job))
        #expect(events.compactMap(\.newState) == [.waitingForWorkers, .processing, .combining, .completed])
        #expect(events.last { if case .jobCompleted = $0 { true } else { false } } == .jobCompleted(studio.job))
        #expect(events.filter(\.isFailure) == [])
        for task in tasks.map(\.specification.id) {
            let ofTask = events.filter { event in
                switch event {
                case .taskStarted(_, task, _, _), .taskCompleted(_, task, _, _): true
                default: false
                }
            }
            #expect(
                ofTask == [
                    .taskStarted(studio.job, task, WorkerID("w1"), attempt: 1),
                    .taskCompleted(studio.job, task, frames: 300, reused: false),
                ])
        }
    }

    @Test("Records are kept before the orders that they tell of go out")
    func recordsFirst() async throws {
        let studio = try await Studio()
        let memory = studio.memory
        let wrong = Journal<String>()
        _ = try await studio.hand { hand, assignment in
            let lease = assignment.lease
            let task = try await memory.tasks(of: lease.job).first { $0.specification.id == lease.task }
            let attempts = try await memory.attempts(of: lease.job)
            if task?.state != .running || task?.epoch != lease.epoch.number { wrong.note("task \(lease)") }
            if !attempts.contains(where: { $0.task == lease.task && $0.epoch == lease.epoch.number }) {
                wrong.note("attempt \(lease)")
            }
            if try await memory.job(lease.job)?.state != .processing { wrong.note("job \(lease)") }
            return .completed(try await hand.made(assignment))
        }
        try await studio.submit()
        _ = try await studio.outcome()
        #expect(wrong.entries.isEmpty)
    }

    @Test("An order says everything that the worker needs")
    func order() async throws {
        let studio = try await Studio()
        let hand = try await studio.hand(slots: 3, policy: Hand.idle)
        try await studio.submit()
        let orders = try await hand.assignments.wait(for: "three orders") { $0.count == 3 }
        let order = try #require(orders.first { $0.task.id == TaskID("video-00001") })
        #expect(order.sourcePath == studio.film)
        #expect(try await order.fingerprint == LocalFiles().fingerprint(of: studio.film))
        #expect(order.timeBase == TimeBase(1, 1000))
        #expect(order.expectedTimes == (300..<600).map { Int64($0) * 40 })
        #expect(order.directory == studio.directory.file("work/job"))
        #expect(order.lease.epoch == Epoch(1))
        _ = try await studio.stopped()
    }

    @Test("A bit rate is reached in stages, each planned from the results of those before")
    func stages() async throws {
        let studio = try await Studio()
        let hand = try await studio.hand()
        try await studio.submit { $0.bitrate = BitRate(4_000_000) }
        #expect(try await studio.outcome().frames == 900)
        let tasks = hand.assignments.entries.map(\.task)
        let isAnalysis = tasks.map { task in if case .analyse = task.kind { true } else { false } }
        #expect(isAnalysis.prefix(4) == [true, true, true, false])
        #expect(!isAnalysis.dropFirst(3).contains(true))
        #expect(tasks.count >= 6)
        let text = try studio.outputText()
        #expect(!text.contains("analysis"))
        #expect(text.split(separator: "]").count == 3)
    }

    @Test("Two jobs are worked on at once, and the same job or output is not begun twice")
    func twoJobs() async throws {
        let studio = try await Studio()
        let hand = try await studio.hand(slots: 6, policy: Hand.idle)
        let (other, output) = (JobID("other"), studio.directory.file("other.mp4"))
        try await studio.submit()
        try await studio.submit(as: other, to: output)
        let orders = try await hand.assignments.wait(for: "six orders") { $0.count == 6 }
        #expect(Set(orders.map(\.lease.job)) == [studio.job, other])
        for (id, path) in [(studio.job, studio.directory.file("third.mp4")), (JobID("third"), output)] {
            let error = await #expect(throws: CoordinatorError.self) { try await studio.submit(as: id, to: path) }
            #expect(error?.code == .outputBusy)
        }
        for order in orders { try await hand.finish(order, .completed(try await hand.made(order))) }
        #expect(try await studio.outcome().frames == 900)
        #expect(try await studio.outcome(of: other).frames == 900)
        #expect(try studio.outputNames() == ["other.mp4", "out.mp4"])
    }

    @Test("Nobody waits for a job that is not known")
    func unknownJob() async throws {
        let studio = try await Studio()
        let error = try await studio.error(of: JobID("nobody"))
        #expect((error as? CoordinatorError)?.code == .unknownJob)
        #expect(try await studio.coordinator.plan(of: JobID("nobody")) == nil)
        #expect(await studio.coordinator.reusedSegments(of: JobID("nobody")) == 0)
    }

    @Test("A task that cannot work fails the job with its whole error, and the others are stopped")
    func taskFails() async throws {
        let studio = try await Studio()
        let thrown = AttemptFailure(
            code: "ffmpeg.no_space", message: "the disk is full", advice: "Free some.", log: "tail",
            isRetryable: false, exitStatus: .writeFailed)
        let hand = try await studio.hand(policy: Hand.idle)
        try await studio.submit()
        let orders = try await hand.assignments.wait(for: "two orders") { $0.count == 2 }
        try await hand.finish(orders[1], .failed(thrown))
        #expect(try await studio.error() as? AttemptFailure == thrown)
        #expect(try await hand.stops.entry(0, "stop") == orders[0].lease)
        #expect(try await !hand.finish(orders[0], .interrupted))
        #expect(try await studio.memory.job(studio.job)?.failure?.hasPrefix("ffmpeg.no_space: ") == true)
        let events = try await studio.stopped()
        #expect(events.count(where: \.isFailure) == 1)
        #expect(events.compactMap(\.newState) == [.processing, .failed])
    }

    @Test("The error of an attempt that was made good does not explain another failure")
    func olderFailure() async throws {
        var scheduling = SchedulingConfiguration.prompt
        scheduling.retry.maximumInterruptions = 1
        let studio = try await Studio(scheduling: scheduling)
        let hand = try await studio.hand(slots: 1, policy: Hand.idle)
        try await studio.submit()
        let first = try await hand.assignments.entry(0, "order")
        try await hand.finish(
            first, .failed(AttemptFailure(code: "ffmpeg.stalled", message: "stalled", isRetryable: true)))
        try await hand.finish(try await hand.assignments.entry(1, "order"), .interrupted)
        #expect((try await studio.error() as? CoordinatorError)?.code == .taskFailed)
    }
}
