// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletModel
internal import MartletPorts
internal import MartletScheduling
package import MartletWire

/// The users' side.
extension ClusterService: ClusterControl {
    package func submit(_ submission: JobSubmission) async throws -> JobView {
        try await submit(submission, as: try surroundings.read(submission))
    }

    /// As the other, for a submission that is understood already.
    package func submit(_ submission: JobSubmission, as order: JobOrder) async throws -> JobView {
        let engine = try working()
        let files = surroundings.files
        let source = try configuration.roots.place(of: submission.source, files: files)
        let output = try configuration.roots.place(of: order.output, files: files)
        let overwrite = submission.overwrite ?? false
        guard source.path != output.path else {
            throw CoordinatorError(.badSubmission, "source and output are the same file: \(source.address)")
        }
        guard overwrite || !files.exists(output.path) else {
            throw CoordinatorError(
                .outputExists, "\(output.address) exists already",
                advice: "Choose another name, or set overwrite to replace it.")
        }
        if let other = live.first(where: { $0.value.output == output.path }) {
            throw CoordinatorError(.outputBusy, "job \(other.key) is writing \(output.address)")
        }
        let content: Fingerprint
        do { content = try await files.fingerprint(of: source.path) } catch {
            guard files.exists(source.path) else {
                throw CoordinatorError(.badPath, "there is no \(source.address)", advice: "Check the name.")
            }
            throw CoordinatorError(
                .badPath, "\(source.address) cannot be read",
                advice: "It must be a file that the coordinator's account may read.")
        }
        let id = JobID(surroundings.newName())
        let record = JobRecord(
            id: id, name: submission.name(for: source.address), source: source.path, fingerprint: content,
            output: output.path, parameters: order.parameters,
            priority: order.priority, verification: order.verification, overwrite: overwrite,
            service: ServiceFacts(
                source: source.address, fingerprint: content, output: output.address,
                callbackURL: submission.callbackURL),
            createdMilliseconds: surroundings.time.wallMilliseconds())
        // Taken before anything is awaited, so that no two jobs get one output.
        live[id] = LiveJob(record)
        do { guard try await engine.store.insert(record) else { throw Coordinator.busy(id) } } catch {
            live[id] = nil
            throw error
        }
        emit(.jobSubmitted(id))
        // Not when it was cancelled meanwhile.
        if let job = live[id] { turns.add(id, job) }
        admit()
        return await view(of: record)
    }

    package func jobs(state: JobState?, limit: Int, cursor: String?) async throws -> JobPage {
        var query = JobQuery(states: state.map { [$0] } ?? [], limit: limit + 1)
        if let cursor {
            guard let place = JobQuery.Place(cursor: cursor) else {
                throw CoordinatorError(.badSubmission, "\"\(cursor)\" is no cursor of this list")
            }
            query.after = place
        }
        let records = try await reading { [query] in try await $0.jobs(query) }
        var views: [JobView] = []
        for record in records.prefix(limit) { views.append(await view(of: record)) }
        return JobPage(
            jobs: views, nextCursor: records.count > limit ? views.last.map { JobQuery.Place(of: $0).cursor } : nil)
    }

    package func job(_ id: JobID) async throws -> JobView { await view(of: try await record(of: id)) }

    package func tasks(of job: JobID) async throws -> [TaskView] {
        _ = try await record(of: job)
        let attempts = Dictionary(grouping: try await reading { try await $0.attempts(of: job) }, by: \.task)
        return try await reading { try await $0.tasks(of: job) }.map {
            TaskView($0, attempts: attempts[$0.specification.id] ?? [])
        }
    }

    package func cancel(_ job: JobID) async throws -> JobView {
        let engine = try working()
        let record = try await record(of: job)
        guard !record.state.isFinal, let work = live[job] else { return await view(of: record) }
        live[job]?.isUnwanted = true
        if let task = work.work {
            // Whatever it is at: held by the coordinator, or still being read and planned.
            await engine.coordinator.cancel(job)
            task.cancel()
            await task.value
        } else {
            live[job] = nil
            turns.remove(job)
            let now = surroundings.time.wallMilliseconds()
            try await engine.store.change(job) { record in
                record.state = .cancelled
                record.service?.finishedMilliseconds = now
            }
            try await engine.store.endAttempts(at: job, now: now)
            emit(.jobStateChanged(job, .cancelled))
        }
        return try await self.job(job)
    }

    package func retry(_ job: JobID) async throws -> JobView {
        let engine = try working()
        var record = try await record(of: job)
        guard record.state == .failed || record.state == .cancelled, live[job] == nil else {
            throw CoordinatorError(
                .wrongState, "job \(job) is \(record.state.rawValue)",
                advice: "Only a job that failed or was cancelled can be retried.")
        }
        if let other = live.first(where: { $0.value.output == record.output }) {
            throw CoordinatorError(.outputBusy, "job \(other.key) is writing \(record.output)")
        }
        live[job] = LiveJob(record)
        do {
            record = try await renewed(record, in: engine)
        } catch {
            live[job] = nil
            throw error
        }
        emit(.jobStateChanged(job, .queued))
        if let waiting = live[job] { turns.add(job, waiting) }
        admit()
        return await view(of: record)
    }

    /// The job as it is taken up again: planned anew when nobody has its ffmpeg, or the source is another file now.
    private func renewed(_ record: JobRecord, in engine: Engine) async throws -> JobRecord {
        let place = try record.service.map(source(of:))
        let content = try await surroundings.files.fingerprint(of: place?.path ?? record.source)
        @Sendable func renew(_ record: inout JobRecord) {
            record.state = .queued
            record.failure = nil
            record.service?.failure = nil
            record.service?.finishedMilliseconds = nil
        }
        let isPlanUsable = content == record.service?.fingerprint && record.service?.build.map(roster.has) ?? false
        if isPlanUsable { return try await engine.store.change(record.id, renew) }
        var record = record
        renew(&record)
        record.plan = nil
        record.service?.build = nil
        record.service?.fingerprint = content
        // Before the records: results that are recorded and gone are made again, others could be taken for new ones.
        try removeFiles(of: record.id)
        guard let revision = try await engine.store.renew(record, tasks: []) else { throw Coordinator.busy(record.id) }
        record.revision = revision
        return record
    }

    package func setPriority(_ priority: Priority, of job: JobID) async throws -> JobView {
        let engine = try working()
        let record = try await record(of: job)
        guard !record.state.isFinal else {
            throw CoordinatorError(.wrongState, "job \(job) is \(record.state.rawValue)")
        }
        live[job]?.priority = priority
        turns.setPriority(priority, of: job)
        if try await !engine.coordinator.setPriority(priority, of: job) {
            try await engine.store.change(job) { $0.priority = priority }
        }
        admit()
        return try await self.job(job)
    }

    package func outputPath(of job: JobID) async throws -> String {
        let record = try await record(of: job)
        guard record.state == .completed else {
            throw CoordinatorError(.wrongState, "job \(job) is \(record.state.rawValue), and has no output")
        }
        return record.output
    }

    /// What works.
    ///
    /// - Throws: `APIError.notReady` while the records cannot be written.
    func working() throws -> Engine {
        guard let engine else {
            throw APIError(
                .notReady, "\(hindrance ?? "the coordinator is not ready").", advice: "Try again a little later.")
        }
        return engine
    }

    private func record(of job: JobID) async throws -> JobRecord {
        guard let record = try await reading({ try await $0.job(job) }) else {
            throw CoordinatorError(.unknownJob, "there is no job \(job)")
        }
        return record
    }

    /// Looks something up; while the records cannot be written, in what they hold, as long as that can be read.
    private func reading<Value: Sendable>(
        _ read: @Sendable (any JobStore) async throws -> Value
    ) async throws -> Value {
        guard let records else { return try await read(working().store) }
        do { return try await read(records) } catch {
            _ = try working()
            throw error
        }
    }

    // MARK: Views

    private func view(of record: JobRecord) async -> JobView {
        var view = JobView(
            id: record.id, name: record.name, source: record.service?.source.description ?? record.source,
            output: record.service?.output.description ?? record.output, state: record.state,
            priority: record.priority.name, createdMs: record.createdMilliseconds)
        if let facts = record.service {
            view.frames = facts.frames
            view.segments = facts.segments
            view.reusedSegments = facts.reusedSegments
            view.warnings = facts.warnings
            view.finishedMs = facts.finishedMilliseconds
            view.callbackURL = facts.callbackURL
            view.error = facts.failure.map { failure in
                var problem = ProblemView(failure)
                problem.log = failure.log.isEmpty ? nil : failure.log
                return problem
            }
        }
        if record.state == .completed {
            view.progress = 1
            view.outputBytes = record.publication?.finished.size.bytes
        } else if let job = live[record.id] {
            view.priority = job.priority.name
            view.progress = job.fraction
            view.stage = job.stage
            view.fps = job.framesPerSecond
            view.etaS = job.remainingSeconds
            view.error = job.hindrance ?? view.error
        }
        if let counts = await engine?.coordinator.taskCounts(of: record.id) {
            view.tasksTotal = counts.values.reduce(0, +)
            view.tasksCompleted = counts[.completed] ?? 0
        } else {
            view.tasksTotal = record.service?.tasks ?? 0
            view.tasksCompleted = record.service?.completedTasks ?? 0
        }
        return view
    }

    package func stats() async -> StatsView {
        let jobs = (try? await records?.jobCounts()) ?? [:]
        var tasks: [TaskState: Int] = [:]
        for id in live.keys { tasks.merge(await engine?.coordinator.taskCounts(of: id) ?? [:], uniquingKeysWith: +) }
        let workers = Dictionary(grouping: await self.workers(), by: \.state).mapValues(\.count)
        func named<State: RawRepresentable<String> & Hashable>(_ counts: [State: Int]) -> [String: Int] {
            Dictionary(uniqueKeysWithValues: counts.map { ($0.key.rawValue, $0.value) })
        }
        return StatsView(
            jobs: named(jobs), tasks: named(tasks), workers: named(workers),
            fps: live.values.compactMap(\.framesPerSecond).reduce(0, +), uptimeS: uptime)
    }
}

extension TaskView {
    /// A task as it is kept.
    init(_ task: TaskRecord, attempts: [AttemptRecord]) {
        let kind =
            switch task.specification.kind {
            case .analyse: "analyse"
            case .encode: "encode"
            case .measure: "measure"
            case .audio: "audio"
            case .subtitle: "subtitle"
            }
        self.init(
            id: task.specification.id, kind: kind, state: task.state, encoder: task.specification.encoder,
            frames: task.specification.expectedFrames, attempts: attempts.map(AttemptView.init),
            bytes: task.artifact?.size.bytes)
    }
}

extension AttemptView {
    /// An attempt as it is kept.
    init(_ attempt: AttemptRecord) {
        var problem: ProblemView?
        var log: String?
        let result: String
        switch attempt.result {
        case nil: result = "running"
        case .completed: result = "completed"
        case .interrupted: result = "interrupted"
        case .failed(let failure):
            result = "failed"
            problem = ProblemView(failure)
            log = failure.log.isEmpty ? nil : failure.log
        }
        self.init(
            epoch: attempt.epoch, worker: attempt.worker, startedMs: attempt.startedMilliseconds,
            endedMs: attempt.endedMilliseconds, result: result, error: problem, log: log)
    }
}
