// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletModel
package import MartletPorts
import Testing

/// What every `JobStore` must do. Each store's tests run all of it.
package enum JobStoreConformance {
    /// Runs every check on a fresh store of its own.
    ///
    /// - Parameter make: makes an empty store.
    package static func exercise(make: @Sendable () async throws -> any JobStore) async throws {
        try await keepsJobs(make())
        try await findsJobs(make())
        try await comparesRevisions(make())
        try await keepsTasks(make())
        try await fencesEpochs(make())
        try await updatesManyTasks(make())
        try await appliesChangesTogether(make())
        try await keepsAttempts(make())
        try await removesEverythingOfAJob(make())
        try await renewsAJob(make())
        try await ignoresWhatBelongsToNoJob(make())
        try await survivesManyCallersAtOnce(make())
    }

    private static func keepsJobs(_ store: some JobStore) async throws {
        var late = JobRecord.sample("late", plan: .sample(segments: 3), createdMilliseconds: 20)
        late.priority = .critical
        late.verification = .full
        late.overwrite = true
        late.state = .failed
        late.failure = "media.failed: it broke, \"badly\"\n"
        late.revision = 7
        late.parameters.codec = .encoder("libx265")
        late.parameters.encoderOptions = [EncoderOption("aq-mode", "3")]
        let early = JobRecord.sample("early", createdMilliseconds: 10)
        #expect(try await store.jobs().isEmpty)
        #expect(try await store.job(late.id) == nil)
        #expect(try await store.insert(late))
        #expect(try await store.insert(early))
        #expect(try await store.job(late.id) == late)
        #expect(try await store.job(early.id) == early)
        #expect(try await store.jobs() == [early, late])

        var other = late
        other.name = "another name"
        #expect(try await store.insert(other) == false)
        #expect(try await store.job(late.id) == late)
    }

    private static func findsJobs(_ store: some JobStore) async throws {
        func sample(_ id: String, _ state: JobState, at time: Int64) -> JobRecord {
            var job = JobRecord.sample(id)
            job.state = state
            job.createdMilliseconds = time
            job.service = ServiceFacts(
                source: MediaAddress(root: "films", path: "\(id).mkv"), fingerprint: .sample,
                output: MediaAddress(root: "films", path: "\(id).mp4"))
            return job
        }
        let all = [
            sample("a", .completed, at: 5), sample("b", .queued, at: 7), sample("c", .queued, at: 7),
            sample("d", .failed, at: 9),
        ]
        for job in all { _ = try await store.insert(job) }
        func names(_ query: JobQuery) async throws -> [String] { try await store.jobs(query).map(\.id.text) }
        #expect(try await names(JobQuery()) == ["d", "c", "b", "a"])
        #expect(try await names(JobQuery(limit: 2)) == ["d", "c"])
        let place = JobQuery.Place(createdMilliseconds: 7, id: JobID("c"))
        #expect(try await names(JobQuery(after: place)) == ["b", "a"])
        #expect(try await names(JobQuery(states: [.queued], after: place)) == ["b"])
        #expect(try await names(JobQuery(states: [.queued, .failed])) == ["d", "c", "b"])
        #expect(try await store.jobs(JobQuery()).allSatisfy { $0.plan == nil })
        #expect(try await store.job(JobID("b")) == all[1])
        #expect(try await store.jobCounts() == [.completed: 1, .queued: 2, .failed: 1])
    }

    private static func comparesRevisions(_ store: some JobStore) async throws {
        var job = JobRecord.sample()
        #expect(try await store.update(job) == nil)
        #expect(try await store.insert(job))
        job.plan = .sample(segments: 2)
        job.verification = .none
        job.overwrite = true
        job.state = .processing
        let first = try await store.update(job)
        #expect(first == 1)

        var stale = job
        stale.state = .cancelled
        #expect(try await store.update(stale) == nil)
        job.revision = 1
        #expect(try await store.job(job.id) == job)

        job.state = .failed
        job.failure = "x: y"
        #expect(try await store.update(job) == 2)
        job.revision = 2
        #expect(try await store.job(job.id) == job)

        job.plan = .sample(segments: 5)
        job.failure = nil
        job.state = .queued
        job.publication = Publication(
            fingerprint: Fingerprint(size: ByteCount(7), modifiedNanoseconds: 8, digest: "9"), level: .full,
            finished: FinishedJob(
                frames: 3, size: ByteCount(7),
                verification: VerificationReport(checks: [.init(name: "a", passed: true, detail: "b")], frames: 3),
                omissions: [Omission(sourceIndex: 2, subject: "s", reason: "r")], remarks: ["x"]))
        #expect(try await store.update(job) == 3)
        job.plan = nil
        job.revision = 3
        #expect(try await store.update(job) == 4)
        job.revision = 4
        #expect(try await store.job(job.id) == job)
    }

    private static func keepsTasks(_ store: some JobStore) async throws {
        let job = JobRecord.sample()
        #expect(try await store.insert(job))
        #expect(try await store.tasks(of: job.id).isEmpty)
        var done = TaskRecord(job: job.id, specification: .sample("b", cost: 1.0 / 3), state: .completed, epoch: 3)
        done.artifact = .sample(TaskID("b"))
        done.artifact?.score = 0.1 + 0.2
        done.failures = 2
        let waiting = TaskRecord(job: job.id, specification: .sample("a", inputs: ["b"]), holder: WorkerID("w\u{e9}"))
        try await store.insert([done, waiting])
        #expect(try await store.tasks(of: job.id) == [waiting, done])

        var other = done
        other.state = .failed
        let new = TaskRecord(job: job.id, specification: .sample("c"))
        try await store.insert([other, new])
        #expect(try await store.tasks(of: job.id) == [waiting, done, new])
        let counts = try await store.taskCounts(of: job.id)
        #expect(counts == [waiting, done, new].reduce(into: [:]) { $0[$1.state, default: 0] += 1 })
        #expect(try await store.taskCounts(of: JobID("another")).isEmpty)
        #expect(try await store.tasks(of: JobID("another")).isEmpty)
    }

    private static func fencesEpochs(_ store: some JobStore) async throws {
        let job = JobRecord.sample()
        #expect(try await store.insert(job))
        var task = TaskRecord(job: job.id, specification: .sample("a"))
        #expect(try await store.update(task) == false)
        try await store.insert([task])
        task.state = .running
        task.epoch = 2
        task.holder = WorkerID("w1")
        #expect(try await store.update(task))
        #expect(try await store.tasks(of: job.id) == [task])

        var stale = task
        stale.epoch = 1
        stale.state = .completed
        stale.artifact = .sample(TaskID("a"))
        #expect(try await store.update(stale) == false)
        #expect(try await store.tasks(of: job.id) == [task])

        task.state = .completed
        task.artifact = .sample(TaskID("a"))
        task.holder = nil
        #expect(try await store.update(task))
        #expect(try await store.update(task))
        #expect(try await store.tasks(of: job.id) == [task])

        task.state = .queued
        task.artifact = nil
        task.failures = 1
        #expect(try await store.update(task))
        #expect(try await store.tasks(of: job.id) == [task])
    }

    private static func updatesManyTasks(_ store: some JobStore) async throws {
        let job = JobRecord.sample()
        #expect(try await store.insert(job))
        var tasks = TaskSpecification.samples(50).map { TaskRecord(job: job.id, specification: $0, epoch: 1) }
        try await store.insert(tasks)
        for index in tasks.indices {
            tasks[index].state = .running
            tasks[index].epoch = index == 7 ? 0 : 2
        }
        #expect(try await store.update(tasks) == [tasks[7].specification.id])
        tasks[7].state = .pending
        tasks[7].epoch = 1
        #expect(try await store.tasks(of: job.id) == tasks)
        #expect(try await store.update([TaskRecord]()).isEmpty)
    }

    private static func appliesChangesTogether(_ store: some JobStore) async throws {
        let job = JobRecord.sample()
        #expect(try await store.insert(job))
        var tasks = TaskSpecification.samples(3).map { TaskRecord(job: job.id, specification: $0, epoch: 1) }
        let strangers = tasks.map { TaskRecord(job: JobID("nobody"), specification: $0.specification) }
        let attempt = AttemptRecord(
            job: job.id, task: tasks[0].specification.id, epoch: 2, worker: WorkerID("w"), startedMilliseconds: 5)
        var ended = attempt
        ended.endedMilliseconds = 9
        ended.result = .interrupted
        var (running, stale) = (tasks[0], tasks[1])
        running.state = .running
        running.epoch = 2
        stale.state = .completed
        stale.epoch = 0
        try await store.apply([
            .insert(tasks), .insert(strangers), .update([running]), .record(attempt), .update([stale]), .record(ended),
        ])
        tasks[0] = running
        #expect(try await store.tasks(of: job.id) == tasks)
        #expect(try await store.attempts(of: job.id) == [ended])
        #expect(try await store.tasks(of: JobID("nobody")).isEmpty)
        try await store.apply([])
    }

    private static func keepsAttempts(_ store: some JobStore) async throws {
        let job = JobRecord.sample()
        #expect(try await store.insert(job))
        var first = AttemptRecord(
            job: job.id, task: TaskID("b"), epoch: 1, worker: WorkerID("w1"), startedMilliseconds: 5)
        let second = AttemptRecord(
            job: job.id, task: TaskID("a"), epoch: 1, worker: WorkerID("w2"), startedMilliseconds: 6,
            endedMilliseconds: 9, result: .completed(.sample(TaskID("a"))))
        try await store.record(first)
        try await store.record(second)
        #expect(try await store.openAttempts(of: job.id) == [first])
        first.endedMilliseconds = 12
        first.result = .failed(
            AttemptFailure(code: "ffmpeg.failed", message: "no", log: "line\nline \u{1F600}", isRetryable: true))
        try await store.record(first)
        let third = AttemptRecord(
            job: job.id, task: TaskID("b"), epoch: 2, worker: WorkerID("w1"), startedMilliseconds: 20,
            endedMilliseconds: 21, result: .interrupted)
        try await store.record(third)
        #expect(try await store.attempts(of: job.id) == [first, second, third])
    }

    private static func renewsAJob(_ store: some JobStore) async throws {
        var job = JobRecord.sample("anew", plan: .sample())
        #expect(try await store.insert(job))
        let old = TaskRecord(
            job: job.id, specification: .sample("a"), state: .completed, artifact: .sample(TaskID("a")))
        try await store.insert([old])
        try await store.record(
            AttemptRecord(
                job: job.id, task: TaskID("a"), epoch: 1, worker: WorkerID("w"), startedMilliseconds: 1))
        job.plan = nil
        job.state = .cancelled
        job.revision = 7
        let next = TaskRecord(job: job.id, specification: .sample("b"), epoch: 4)
        #expect(try await store.renew(job, tasks: [next]) == nil)
        #expect(try await store.tasks(of: job.id) == [old])
        #expect(try await store.attempts(of: job.id).count == 1)
        job.revision = 0
        #expect(try await store.renew(job, tasks: [next]) == 1)
        job.revision = 1
        #expect(try await store.job(job.id) == job)
        #expect(try await store.tasks(of: job.id) == [next])
        #expect(try await store.attempts(of: job.id).isEmpty)
        #expect(try await store.renew(.sample("unknown"), tasks: [next]) == nil)
    }

    private static func removesEverythingOfAJob(_ store: some JobStore) async throws {
        let (job, other) = (JobRecord.sample("gone", plan: .sample()), JobRecord.sample("kept", plan: .sample()))
        for record in [job, other] {
            #expect(try await store.insert(record))
            let task = TaskRecord(
                job: record.id, specification: .sample("a"), state: .completed, artifact: .sample(TaskID("a")))
            try await store.insert([task])
            try await store.record(
                AttemptRecord(
                    job: record.id, task: TaskID("a"), epoch: 1, worker: WorkerID("w"), startedMilliseconds: 1))
        }
        try await store.remove(job.id)
        try await store.remove(job.id)
        #expect(try await store.jobs() == [other])
        #expect(try await store.tasks(of: job.id).isEmpty)
        #expect(try await store.attempts(of: job.id).isEmpty)
        #expect(try await store.tasks(of: other.id).count == 1)
        #expect(try await store.attempts(of: other.id).count == 1)

        let again = JobRecord.sample("gone")
        #expect(try await store.insert(again))
        #expect(try await store.job(job.id) == again)
        #expect(try await store.tasks(of: job.id).isEmpty)
    }

    private static func ignoresWhatBelongsToNoJob(_ store: some JobStore) async throws {
        let job = JobID("nobody")
        try await store.insert([TaskRecord(job: job, specification: .sample("a"))])
        try await store.record(
            AttemptRecord(job: job, task: TaskID("a"), epoch: 1, worker: WorkerID("w"), startedMilliseconds: 1))
        #expect(try await store.tasks(of: job).isEmpty)
        #expect(try await store.attempts(of: job).isEmpty)
    }

    private static func survivesManyCallersAtOnce(_ store: some JobStore) async throws {
        let job = JobRecord.sample()
        #expect(try await store.insert(job))
        let tasks = TaskSpecification.samples(40).map { TaskRecord(job: job.id, specification: $0) }
        try await store.insert(tasks)
        try await withThrowingTaskGroup(of: Int.self) { group in
            for task in tasks {
                group.addTask {
                    var task = task
                    for epoch in 1...5 {
                        task.epoch = epoch
                        #expect(try await store.update(task))
                    }
                    return try await store.update(job) == nil ? 0 : 1
                }
            }
            // All of them come with the same revision: one may win.
            var winners = 0
            for try await won in group { winners += won }
            #expect(winners == 1)
        }
        #expect(try await store.tasks(of: job.id).allSatisfy { $0.epoch == 5 })
    }
}
