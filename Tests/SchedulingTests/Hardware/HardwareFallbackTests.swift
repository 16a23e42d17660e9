// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletModel
import MartletScheduling
import MartletTestKit
import Testing

/// When a job that was planned for hardware goes on in software.
@Suite struct HardwareFallbackTests {
    let j = JobID("j")
    let box = WorkerID("box")

    /// A scheduler with one job of two segments and a sound track, and a worker with the hardware.
    private func scheduler(
        mayFallBack: Bool = true, slots: Int = 3, configure: (inout SchedulingConfiguration) -> Void = { _ in }
    ) -> SchedulerMachine {
        var configuration = SchedulingConfiguration()
        configuration.retry.delay = .zero
        configuration.retry.maximumAttempts = 10
        configuration.retry.maximumWorkersOfOneFailure = 10
        configure(&configuration)
        var scheduler = SchedulerMachine(configuration: configuration)
        _ = scheduler.workerRegistered(.sample("box", slots: slots, encoders: ["h264_nvenc", "aac"]), now: at(0))
        _ = scheduler.jobAdded(JobEntry(id: j, mayFallBack: mayFallBack), now: at(0))
        _ = scheduler.tasksPlanned(
            [segment("a", cost: 3), segment("b", cost: 2), sound], of: j, now: at(0))
        return scheduler
    }

    private func segment(_ id: String, cost: Double = 1, encoder: String = "h264_nvenc") -> TaskSpecification {
        .sample(id, cost: cost, encoder: encoder)
    }

    private var sound: TaskSpecification {
        var task = TaskSpecification.sample("sound", cost: 1, encoder: "aac")
        task.kind = .audio(stream: 1)
        return task
    }

    private func failure(_ code: String = "ffmpeg.failed", isRetryable: Bool = true) -> AttemptResult {
        .failed(AttemptFailure(code: code, message: "no device", log: "stderr", isRetryable: isRetryable))
    }

    /// The leases that are live.
    private func live(_ scheduler: SchedulerMachine) -> [LeaseToken] {
        scheduler.jobs[j]?.tasks.values.flatMap(\.tokens).sorted { $0.task < $1.task } ?? []
    }

    /// Ends the first attempt at the picture.
    private func end(
        _ scheduler: inout SchedulerMachine, _ result: AttemptResult, at seconds: Double
    ) throws -> [SchedulingAction] {
        var generator = SplitMix64(seed: 1)
        let lease = try #require(live(scheduler).first { $0.task != TaskID("sound") })
        let actions = scheduler.taskFinished(lease, result: result, now: at(seconds), using: &generator)
        return actions + scheduler.ticked(now: at(seconds))
    }

    private func replan(_ actions: [SchedulingAction]) -> String? {
        actions.lazy.compactMap { if case .replan(_, let reason) = $0 { reason } else { nil } }.first
    }

    @Test func threeFailuresInARowGiveTheHardwareUp() throws {
        var scheduler = scheduler()
        for second in [1.0, 2] { #expect(replan(try end(&scheduler, failure(), at: second)) == nil) }
        let actions = try end(&scheduler, failure(), at: 3)
        #expect(replan(actions) == "hardware failed on worker box: no device")
        #expect(scheduler.jobs[j]?.tasks.keys.sorted() == [TaskID("sound")])
        #expect(scheduler.jobs[j]?.jobState == .processing)
        // What was tried is kept as it was.
        let kept = actions.flatMap { action -> [TaskRecord] in
            if case .persistTasks(let tasks) = action { tasks } else { [] }
        }
        #expect(Set(kept.filter { $0.state == .cancelled }.map(\.specification.id.text)) == ["a", "b"])
    }

    @Test func watchedJobStaysInTheOrderOfTheFilmWhenItsHardwareIsGivenUp() throws {
        var scheduler = scheduler(slots: 1)
        scheduler.jobWatched(j)
        for second in [1.0, 2, 3] { _ = try end(&scheduler, failure(), at: second) }
        _ = scheduler.tasksPlanned(
            [segment("a-software", encoder: "aac"), segment("b-software", cost: 9, encoder: "aac")], of: j, now: at(4))
        let queued = scheduler.jobs[j]?.ready.tasks.map(\.id.text) ?? []
        // The first was given out, though the other takes longer.
        #expect(queued == ["b-software", "sound"])
    }

    @Test func resultInBetweenShowsThatTheDeviceWorks() throws {
        var scheduler = scheduler { $0.hardware.maximumFailures = 2 }
        #expect(replan(try end(&scheduler, failure(), at: 1)) == nil)
        _ = try end(&scheduler, .completed(.sample(TaskID("a"))), at: 2)
        #expect(replan(try end(&scheduler, failure(), at: 3)) == nil)
        #expect(replan(try end(&scheduler, failure(), at: 4)) != nil)
    }

    @Test func segmentThatFailsForGoodGivesTheHardwareUpAtOnce() throws {
        var scheduler = scheduler()
        let actions = try end(&scheduler, failure("ffmpeg.unsupported", isRetryable: false), at: 1)
        #expect(replan(actions) != nil)
        #expect(!actions.contains { if case .emit(.jobFailed) = $0 { true } else { false } })
    }

    @Test(arguments: ["ffmpeg.no_space", "ffmpeg.bad_input", "worker.source_changed", "ffmpeg.killed", "host.failed"])
    func whatIsNotTheDevicesFaultFailsTheJobAsEver(code: String) throws {
        var scheduler = scheduler()
        let actions = try end(&scheduler, failure(code, isRetryable: false), at: 1)
        #expect(replan(actions) == nil)
        #expect(actions.contains { if case .emit(.jobFailed) = $0 { true } else { false } })
    }

    @Test func jobThatInsistsOnHardwareFails() throws {
        var scheduler = scheduler(mayFallBack: false) { $0.retry.maximumAttempts = 3 }
        for second in [1.0, 2] { _ = try end(&scheduler, failure(), at: second) }
        let actions = try end(&scheduler, failure(), at: 3)
        #expect(replan(actions) == nil)
        #expect(actions.contains { if case .emit(.jobFailed) = $0 { true } else { false } })
        // Nor does it go on in software when its worker leaves.
        var other = self.scheduler(mayFallBack: false)
        _ = other.workerRegistered(.sample("plain", encoders: ["libx264"]), now: at(1))
        #expect(replan(other.workerLost(box, now: at(2)) + other.ticked(now: at(100))) == nil)
    }

    @Test func soundThatRunsGoesOnAndSoftwareBeginsBesideIt() throws {
        var scheduler = scheduler(slots: 2) { $0.hardware.maximumFailures = 1 }
        _ = scheduler.workerRegistered(.sample("plain", slots: 1, encoders: ["libx264", "aac"]), now: at(0))
        let held = try #require(live(scheduler).first { $0.task == TaskID("sound") })
        let picture = try #require(live(scheduler).first { $0.task != TaskID("sound") })
        var generator = SplitMix64(seed: 1)
        let actions = scheduler.taskFinished(picture, result: failure(), now: at(1), using: &generator)
        #expect(replan(actions) != nil)
        #expect(actions.contains { if case .stop(let lease) = $0 { lease.task != held.task } else { false } })
        // It ends while the picture is planned, which is not taken for the end of a stage.
        let done = scheduler.taskFinished(
            held, result: .completed(.sample(TaskID("sound"))), now: at(2), using: &generator)
        #expect(!done.contains(.planNextStage(j)))
        let software = ["a-software", "b-software"].map { segment($0, encoder: "libx264") }
        let begun = scheduler.tasksPlanned(software, of: j, now: at(3))
        #expect(
            begun.contains { if case .assign(let lease, _) = $0 { lease.worker == WorkerID("plain") } else { false } })
        for second in [4.0, 5] {
            let lease = try #require(live(scheduler).first)
            _ = scheduler.taskFinished(
                lease, result: .completed(.sample(lease.task)), now: at(second), using: &generator)
        }
        #expect(scheduler.tasksPlanned([], of: j, now: at(6)).contains(.assemble(j)))
        // A late result by hardware is nobody's.
        #expect(
            scheduler.taskFinished(
                picture, result: .completed(.sample(picture.task)), now: at(7), using: &generator
            ).refusedLease == picture)
    }

    @Test func segmentsThatDoNotFitTogetherAreEncodedInSoftware() throws {
        var scheduler = scheduler(slots: 3)
        var generator = SplitMix64(seed: 1)
        for lease in live(scheduler) {
            _ = scheduler.taskFinished(lease, result: .completed(.sample(lease.task)), now: at(1), using: &generator)
        }
        #expect(scheduler.tasksPlanned([], of: j, now: at(2)).contains(.assemble(j)))
        let actions = scheduler.assemblyFailed(j, code: "media.segments_differ", message: "codec header", now: at(3))
        #expect(replan(actions) == "what hardware made does not fit together: codec header")
        #expect(actions.contains(.emit(.jobStateChanged(j, .processing))))
        #expect(scheduler.jobs[j]?.tasks[TaskID("sound")]?.artifact != nil)
        _ = scheduler.tasksPlanned([segment("a-software", encoder: "libx264")], of: j, now: at(4))
        // Only once: what software makes and does not fit is a failure.
        #expect(scheduler.jobs[j]?.entry.mayFallBack == false)
    }

    @Test func jobWaitsForItsHardwareForAWhileWhenOthersAreThere() throws {
        var scheduler = scheduler()
        _ = scheduler.workerRegistered(.sample("plain", encoders: ["libx264"]), now: at(1))
        _ = scheduler.heartbeat(WorkerID("plain"), holding: [], now: at(19))
        var actions = scheduler.workerLost(box, now: at(20))
        #expect(replan(actions) == nil)
        _ = scheduler.heartbeat(WorkerID("plain"), holding: [], now: at(45))
        actions = scheduler.ticked(now: at(49))
        #expect(replan(actions) == nil)
        actions = scheduler.ticked(now: at(50))
        #expect(replan(actions) == "no worker with h264_nvenc is there any more")
    }

    @Test func hardwareThatComesBackInTimeGoesOn() throws {
        var scheduler = scheduler()
        _ = scheduler.workerRegistered(.sample("plain", encoders: ["libx264"]), now: at(1))
        _ = scheduler.heartbeat(WorkerID("plain"), holding: [], now: at(20))
        _ = scheduler.workerLost(box, now: at(20))
        _ = scheduler.workerRegistered(.sample("box", slots: 1, encoders: ["h264_nvenc", "aac"]), now: at(40))
        _ = scheduler.heartbeat(WorkerID("plain"), holding: [], now: at(45))
        #expect(replan(scheduler.ticked(now: at(60))) == nil)
        #expect(live(scheduler).first?.worker == box)
    }

    @Test func nobodyElseIsNoReasonToGiveTheHardwareUp() throws {
        var scheduler = scheduler()
        #expect(replan(scheduler.workerLost(box, now: at(20))) == nil)
        #expect(replan(scheduler.ticked(now: at(100))) == nil)
        // From when somebody is there who could go on, it waits again.
        #expect(replan(scheduler.workerRegistered(.sample("plain", encoders: ["libx264"]), now: at(200))) == nil)
        _ = scheduler.heartbeat(WorkerID("plain"), holding: [], now: at(225))
        #expect(replan(scheduler.ticked(now: at(230))) != nil)
    }
}
