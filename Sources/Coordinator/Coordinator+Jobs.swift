// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletModel
internal import MartletPorts
internal import MartletScheduling

/// The users' side, and what a job needs done between its tasks.
extension Coordinator {
    // MARK: Submitting

    /// Takes a planned job in; one that the store knows is taken up where it was left.
    ///
    /// Results of an earlier run are read again: what is not byte for byte as it
    /// was recorded is encoded anew. A job whose own output is in place already,
    /// since the process ended before that was recorded, is completed at once.
    ///
    /// - Parameter id: the job's name; the same work on the same source MUST have the same.
    /// - Throws: `CoordinatorError.outputExists`; `CoordinatorError.outputBusy` when this job, or
    ///   another with the same output, is at work; what the store throws; `CancellationError`
    ///   when the coordinator stopped.
    package func submit(_ request: JobRequest, as id: JobID, prepared: PreparedJob) async throws {
        try checkNotBusy(id, output: request.output)
        arriving[id] = request.output
        defer { arriving[id] = nil }
        let record = record(of: request, as: id, prepared: prepared)
        let known = try await surroundings.store.job(id)
        if let known, await isInPlace(known, as: record) { return try await completed(known, prepared: prepared) }
        let (context, tasks) = try await takenIn(record, known: known, prepared: prepared)
        try checkOpen()
        jobs[id] = context
        emit(.jobSubmitted(id))
        begin(id, tasks: tasks)
    }

    private func record(of request: JobRequest, as id: JobID, prepared: PreparedJob) -> JobRecord {
        JobRecord(
            id: id, name: request.name, source: request.source, fingerprint: prepared.plan.source.fingerprint,
            output: request.output, parameters: request.parameters, priority: request.priority,
            verification: request.verification, overwrite: request.overwrite, plan: prepared.plan,
            createdMilliseconds: surroundings.time.wallMilliseconds())
    }

    /// Whether nothing is left to do. An output that may be replaced is made
    /// anew once its job had ended.
    private func isInPlace(_ known: JobRecord, as wanted: JobRecord) async -> Bool {
        if known.state == .completed, wanted.overwrite { return false }
        return await finisher.isInPlace(known, as: wanted)
    }

    /// Records that a job has ended whose output is in place.
    private func completed(_ known: JobRecord, prepared: PreparedJob) async throws {
        guard let finished = known.publication?.finished else { return }
        var record = known
        record.state = .completed
        record.failure = nil
        guard try await surroundings.store.update(record) != nil else { throw Self.busy(known.id) }
        try checkOpen()
        var context = JobContext(record: record, prepared: prepared, directory: directory(of: known.id))
        context.reused = prepared.plan.segments.count
        context.ended(.success(finished))
        jobs[known.id] = context
        emit(.jobSubmitted(known.id))
        emit(.jobStateChanged(known.id, .completed))
        emit(.jobCompleted(known.id))
    }

    private func checkOpen() throws {
        if let breakage { throw breakage }
        if isClosed { throw CancellationError() }
    }

    private func checkNotBusy(_ id: JobID, output: String) throws {
        try checkOpen()
        let atWork = jobs.filter { $0.value.outcome == nil }.mapValues(\.record.output)
        let others = atWork.merging(arriving) { first, _ in first }
        if others[id] != nil { throw CoordinatorError(.outputBusy, "job \(id) is being worked on already") }
        if let other = others.first(where: { $0.value == output }) {
            throw CoordinatorError(.outputBusy, "job \(other.key) is writing \(output)")
        }
    }

    /// The job as it is now kept, with the tasks that are kept of it.
    private func takenIn(
        _ wanted: JobRecord, known: JobRecord?, prepared: PreparedJob
    ) async throws -> (JobContext, [TaskRecord]) {
        var record = wanted
        let id = record.id
        try finisher.checkOutput(record)
        let directory = directory(of: id)
        try surroundings.files.makeDirectory(directory)
        var kept: [TaskRecord] = []
        if known != nil {
            record = try await takenUp(record)
            kept = try await surroundings.store.tasks(of: id)
            let awaited = configuration.workersOutlive ? kept.filter { $0.state == .running } : []
            try await surroundings.store.endAttempts(
                at: id, but: awaited, now: surroundings.time.wallMilliseconds())
        } else if try await !surroundings.store.insert(record) {
            throw Self.busy(id)
        }
        let prepared = try await matching(prepared, record.plan)
        let tasks = try await reusable(kept.filter { prepared.holds($0.specification) }, in: directory)
        var context = JobContext(record: record, prepared: prepared, directory: directory)
        let reused = tasks.compactMap { task -> Int? in
            guard case .encode(let segment) = task.specification.kind, task.artifact != nil else { return nil }
            return segment
        }
        context.reused = Set(reused).count
        context.fraction = prepared.restamping == nil ? 0 : Restamping.share
        return (context, tasks)
    }

    /// Keeps a known job as it is wanted now.
    private func takenUp(_ wanted: JobRecord) async throws -> JobRecord {
        // Somebody may make it more urgent at this moment.
        try await surroundings.store.change(wanted.id) { kept in
            var record = wanted
            record.plan = kept.plan ?? wanted.plan
            record.state = kept.state == .combining ? .combining : .queued
            record.service = kept.service
            record.revision = kept.revision
            record.createdMilliseconds = kept.createdMilliseconds
            kept = record
        }
    }

    /// Cancels a job; its results are kept. A job whose output is being put in
    /// place at this moment is completed instead.
    package func cancel(_ job: JobID) async {
        jobs[job]?.isUnwanted = true
        if let work = jobs[job]?.work {
            work.cancel()
            await work.value
        }
        await enqueue(machine.jobCancelled(job, now: surroundings.time.now())).value
        // What ended the job in another way, and was under way, may have added to it.
        await performed()
    }

    /// A kept plan holds, with the frame list that it was made from.
    private func matching(_ prepared: PreparedJob, _ plan: JobPlan?) async throws -> PreparedJob {
        guard let plan, plan != prepared.plan else { return prepared }
        var result = prepared
        result.plan = plan
        if let index = prepared.index, !index.holds(plan.segments) {
            result.index = try await surroundings.prober.index(
                of: plan.source, stream: index.streamIndex, method: .decode)
        }
        return result
    }

    private func begin(_ id: JobID, tasks: [TaskRecord]) {
        guard let context = jobs[id], let prepared = context.prepared else { return }
        let results = tasks.compactMap(\.artifact).map { ($0.task, $0) }
        let later = try? prepared.laterCost(
            after: tasks.filter { $0.artifact == nil }.map(\.specification),
            completed: Dictionary(results) { first, _ in first })
        var entry = JobEntry(
            id: id, priority: context.record.priority, buildDigest: prepared.build.digest,
            state: context.record.state, doneBefore: context.fraction, laterCost: later ?? 0,
            mayFallBack: prepared.mayFallBack)
        entry.isWatched = watchedJobs.contains(id)
        enqueue(machine.jobAdded(entry, tasks: tasks, now: surroundings.time.now()))
    }

    /// The tasks of an earlier run, with the results that are still good.
    private func reusable(_ tasks: [TaskRecord], in directory: String) async throws -> [TaskRecord] {
        var result: [TaskRecord] = []
        for var task in tasks {
            if let artifact = task.artifact {
                let path = "\(directory)/\(artifact.fileName)"
                let isGood = try await isUnchanged(artifact, at: path)
                if !isGood { task.artifact = nil }
            }
            // What ran may be running still, and its worker come back with it.
            let isAwaited = task.state == .running && configuration.workersOutlive
            if !isAwaited || task.artifact != nil { task.state = task.artifact == nil ? .pending : .completed }
            task.failures = 0
            result.append(task)
        }
        try Task.checkCancellation()
        guard !configuration.workersOutlive else { return result }
        let kept = Set(result.compactMap { $0.artifact?.fileName })
        for name in try surroundings.files.list(directory) where !kept.contains(name) {
            try surroundings.files.remove("\(directory)/\(name)")
        }
        return result
    }

    /// Whether a file still is the result that was recorded.
    ///
    /// - Throws: `CancellationError`: then nobody knows.
    func isUnchanged(_ artifact: Artifact, at path: String) async throws -> Bool {
        guard let size = try? surroundings.files.size(of: path), size == artifact.size else { return false }
        do {
            return try await surroundings.files.digest(of: path) == artifact.digest
        } catch let cancellation as CancellationError {
            throw cancellation
        } catch {
            return false
        }
    }

    // MARK: Stages

    /// Plans what follows the tasks completed so far.
    func planNextStage(of job: JobID) {
        guard !isClosed, let prepared = jobs[job]?.prepared, let tasks = machine.jobs[job]?.tasks else { return }
        let results = tasks.compactMapValues(\.artifact)
        let now = surroundings.time.now()
        do {
            let next = try prepared.nextTasks(completed: results)
            let later = try prepared.laterCost(after: next, completed: results)
            enqueue(machine.tasksPlanned(next, of: job, laterCost: later, now: now))
        } catch {
            jobs[job]?.failure = error
            let (code, message) = Self.reason(error)
            enqueue(machine.planningFailed(job, code: code, message: message, now: now))
        }
    }

    // MARK: Refining

    /// A job failed. When its frames were not those that the packets promised,
    /// the truth is found by decoding, and the job begins again with that; when
    /// even that does not hold in pieces, in one piece.
    func failed(_ job: JobID, code: String, message: String) {
        guard let context = jobs[job], context.outcome == nil, let prepared = context.prepared else { return }
        let error = context.failure ?? CoordinatorError(.taskFailed, message)
        if context.isUnwanted { return abandon(job) }
        guard code == "worker.frames_mismatch" else { return end(job, code: code, error) }
        // Stopped: whoever takes it up again meets the same frames, and plans anew then.
        guard !isClosed else { return }
        jobs[job]?.work = Task {
            do {
                let refined = try await self.surroundings.preparation.refined(prepared)
                try Task.checkCancellation()
                if let refined { return await self.restart(job, with: refined, because: message) }
                // Then it may be the device that loses frames.
                guard prepared.mayFallBack else { return self.end(job, code: code, error) }
                let software = try self.surroundings.preparation.inSoftware(
                    prepared, because: "hardware failed: \(message)")
                await self.restart(job, with: software, because: message)
            } catch {
                if !Task.isCancelled { return self.end(job, code: Self.reason(error).code, error) }
                // Stopped, and to be taken up again; or not wanted any more.
                if self.jobs[job]?.isUnwanted == true { self.abandon(job) }
            }
        }
    }

    /// Adds to why a job failed what each attempt at the task met.
    func completeFailure(of job: JobID) async {
        guard let context = jobs[job], let task = context.failedTask, let last = context.failure as? AttemptFailure
        else { return }
        let attempts = (try? await surroundings.store.attempts(of: job)) ?? []
        let latest = attempts.filter { $0.task == task }.suffix(configuration.scheduling.retry.maximumAttempts)
        jobs[job]?.failure = AttemptFailure(last, of: latest)
    }

    private func end(_ job: JobID, code: String, _ error: any Error) {
        guard jobs[job]?.outcome == nil else { return }
        jobs[job]?.ended(.failure(error))
        emit(.jobStateChanged(job, .failed))
        emit(.jobFailed(job, code: code, message: Self.reason(error).message))
    }

    /// Cancels a job that the scheduler has given up.
    private func abandon(_ job: JobID) {
        enqueue([.persistJob(job, .cancelled, failure: nil), .emit(.jobStateChanged(job, .cancelled))])
    }

    /// Begins the job again with a better plan.
    private func restart(_ job: JobID, with prepared: PreparedJob, because message: String) async {
        guard let context = jobs[job], context.outcome == nil else { return }
        let remedy =
            prepared.plan.abandonedEncoder != nil
            ? "in software" : prepared.plan.segments.count > 1 ? "from its decoded frames" : "in one piece"
        emit(.warning(job, "\(message); the film is planned anew \(remedy)"))
        do {
            let (record, tasks) = try await replaced(context.record, by: prepared)
            jobs[job]?.record = record
            jobs[job]?.prepared = prepared
            jobs[job]?.failure = nil
            jobs[job]?.failedTask = nil
            jobs[job]?.reused = 0
            begin(job, tasks: tasks)
        } catch {
            broken(error)
        }
    }

    /// Keeps a job anew, with another plan and its first tasks.
    private func replaced(_ old: JobRecord, by prepared: PreparedJob) async throws -> (JobRecord, [TaskRecord]) {
        let job = old.id
        let epoch = try await surroundings.store.tasks(of: job).map(\.epoch).max() ?? 0
        var record = old
        record.plan = prepared.plan
        record.state = .queued
        record.failure = nil
        // Epochs go on from the old tasks', so that no late result of those is taken for one of these.
        let tasks = try prepared.nextTasks(completed: [:]).map {
            TaskRecord(job: job, specification: $0, epoch: epoch)
        }
        guard let revision = try await surroundings.store.renew(record, tasks: tasks) else { throw Self.busy(job) }
        record.revision = revision
        return (record, tasks)
    }

    // MARK: The end

    /// Joins and publishes, in a task of its own.
    func assemble(_ job: JobID) {
        guard !isClosed, let context = jobs[job], let prepared = context.prepared else { return }
        guard let tasks = machine.jobs[job]?.tasks else { return }
        let records = tasks.values.map(\.record).sorted { $0.specification.id < $1.specification.id }
        let finisher = self.finisher
        let (reports, report) = AsyncStream.makeStream(
            of: Finisher.Progress.self, bufferingPolicy: .unbounded)
        let telling = Task { for await progress in reports { self.assemblyProgressed(job, progress) } }
        jobs[job]?.work = Task {
            let result: Result<FinishedJob, any Error>
            do {
                result = .success(
                    try await finisher.finish(
                        context.record, prepared: prepared, tasks: records, directory: context.directory,
                        progress: { report.yield($0) }, announce: { try await self.announce($0, of: job) }))
            } catch { result = .failure(error) }
            report.finish()
            await telling.value
            switch result {
            case .success(let finished): await self.assembled(job, finished)
            // When cancelled, whoever did it says what becomes of the job.
            case .failure(let error): if !Task.isCancelled { await self.assemblyFailed(job, error) }
            }
        }
    }

    /// Keeps what a job is about to put in place, unless its source became another: what was taken from that in the
    /// join would be of two films.
    private func announce(_ publication: Publication, of job: JobID) async throws {
        if let fault = await sourceFault(of: job) { throw fault }
        try await keep(publication, of: job)
    }

    private func assemblyProgressed(_ job: JobID, _ progress: Finisher.Progress) {
        enqueue(
            machine.assemblyProgressed(job, progress.stage, share: progress.share, now: surroundings.time.now()))
    }

    private func assembled(_ job: JobID, _ finished: FinishedJob) async {
        await enqueue(machine.assembled(job, now: surroundings.time.now())).value
        jobs[job]?.ended(.success(finished))
    }

    private func assemblyFailed(_ job: JobID, _ error: any Error) async {
        let error = await sourceFault(of: job) ?? error
        jobs[job]?.failure = error
        let (code, message) = Self.reason(error)
        enqueue(machine.assemblyFailed(job, code: code, message: message, now: surroundings.time.now()))
    }

    static func busy(_ job: JobID) -> CoordinatorError {
        CoordinatorError(.outputBusy, "job \(job) is being changed by another coordinator")
    }

    /// The code and the message of any error.
    static func reason(_ error: any Error) -> (code: String, message: String) {
        guard let error = error as? any CodedError else { return ("coordinator.failed", "\(error)") }
        return (error.codeName, error.message)
    }
}

extension FrameIndex {
    /// Whether the segments were cut from this list of frames.
    fileprivate func holds(_ segments: [Segment]) -> Bool {
        guard let last = segments.last else { return true }
        return last.frames.upperBound == frameCount
            && segments.allSatisfy { StableHash.digest(of: presentationTimes[$0.frames]) == $0.timesDigest }
    }
}
