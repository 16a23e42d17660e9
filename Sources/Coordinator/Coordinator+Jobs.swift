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
    /// was recorded is encoded anew.
    ///
    /// - Parameter id: the job's name; the same work on the same source MUST have the same.
    /// - Throws: `CoordinatorError.outputExists`, or what the store throws.
    package func submit(_ request: JobRequest, as id: JobID, prepared: PreparedJob) async throws {
        var record = JobRecord(
            id: id, name: request.name, source: request.source, fingerprint: prepared.plan.source.fingerprint,
            output: request.output, parameters: request.parameters, priority: request.priority,
            verification: request.verification, overwrite: request.overwrite, plan: prepared.plan,
            createdMilliseconds: surroundings.time.wallMilliseconds())
        try finisher.checkOutput(record)
        let directory = directory(of: id)
        try surroundings.files.makeDirectory(directory)
        var tasks: [TaskRecord] = []
        if let known = try await surroundings.store.job(id) {
            record.plan = known.plan ?? record.plan
            record.state = known.state == .combining ? .combining : .queued
            record.revision = known.revision
            record.createdMilliseconds = known.createdMilliseconds
            guard let revision = try await surroundings.store.update(record) else {
                throw CoordinatorError(.outputBusy, "job \(id) is being changed by another coordinator")
            }
            record.revision = revision
            tasks = try await reusable(try await surroundings.store.tasks(of: id), in: directory)
        } else if try await !surroundings.store.insert(record) {
            throw CoordinatorError(.outputBusy, "job \(id) is being changed by another coordinator")
        }
        let prepared = try await matching(prepared, record.plan)
        var context = JobContext(record: record, prepared: prepared, directory: directory)
        context.reused = tasks.count { task in
            if case .encode = task.specification.kind { task.artifact != nil } else { false }
        }
        jobs[id] = context
        emit(.jobSubmitted(id))
        begin(id, tasks: tasks)
    }

    /// Cancels a job; its results are kept.
    package func cancel(_ job: JobID) async {
        jobs[job]?.assembly?.cancel()
        await enqueue(machine.jobCancelled(job, now: surroundings.time.now())).value
    }

    /// A kept plan holds, with the frame list that it was made from.
    private func matching(_ prepared: PreparedJob, _ plan: JobPlan?) async throws -> PreparedJob {
        guard let plan, plan != prepared.plan else { return prepared }
        var result = prepared
        result.plan = plan
        let planned = plan.segments.reduce(0) { $0 + $1.frameCount }
        if let index = prepared.index, !plan.segments.isEmpty, planned != index.frameCount {
            result.index = try await surroundings.prober.index(
                of: plan.source, stream: index.streamIndex, method: .decode)
        }
        return result
    }

    private func begin(_ id: JobID, tasks: [TaskRecord]) {
        guard let context = jobs[id] else { return }
        let entry = JobEntry(
            id: id, priority: context.record.priority, buildDigest: context.prepared.build.digest,
            state: context.record.state)
        enqueue(machine.jobAdded(entry, tasks: tasks, now: surroundings.time.now()))
    }

    /// The tasks of an earlier run, with the results that are still good.
    private func reusable(_ tasks: [TaskRecord], in directory: String) async throws -> [TaskRecord] {
        var result: [TaskRecord] = []
        for var task in tasks {
            if let artifact = task.artifact {
                let path = "\(directory)/\(artifact.fileName)"
                let isGood = await isUnchanged(artifact, at: path)
                if !isGood { task.artifact = nil }
            }
            task.state = task.artifact == nil ? .pending : .completed
            task.failures = 0
            result.append(task)
        }
        let kept = Set(result.compactMap { $0.artifact?.fileName })
        for name in try surroundings.files.list(directory) where !kept.contains(name) {
            try surroundings.files.remove("\(directory)/\(name)")
        }
        return result
    }

    private func isUnchanged(_ artifact: Artifact, at path: String) async -> Bool {
        guard let size = try? surroundings.files.size(of: path), size == artifact.size else { return false }
        return (try? await surroundings.files.digest(of: path)) == artifact.digest
    }

    // MARK: Stages

    /// Plans what follows the tasks completed so far.
    func planNextStage(of job: JobID) {
        guard let context = jobs[job], let tasks = machine.jobs[job]?.tasks else { return }
        let results = tasks.compactMapValues(\.artifact)
        let now = surroundings.time.now()
        do {
            let next = try context.prepared.nextTasks(completed: results)
            enqueue(machine.tasksPlanned(next, of: job, now: now))
        } catch {
            let (code, message) = Self.reason(error)
            enqueue(machine.planningFailed(job, code: code, message: message, now: now))
        }
    }

    // MARK: Refining

    /// A job failed. When its frames were not those that the packets promised,
    /// the truth is found by decoding, and the job begins again with that; when
    /// even that does not hold in pieces, in one piece.
    func failed(_ job: JobID, code: String, message: String) {
        guard let context = jobs[job], context.outcome == nil else { return }
        let error = context.failure ?? CoordinatorError(.taskFailed, message)
        guard code == "worker.frames_mismatch" else { return end(job, code: code, error) }
        Task {
            do {
                guard try await self.refine(job, because: message) else { return self.end(job, code: code, error) }
            } catch {
                self.end(job, code: Self.reason(error).code, error)
            }
        }
    }

    private func end(_ job: JobID, code: String, _ error: any Error) {
        jobs[job]?.ended(.failure(error))
        emit(.jobFailed(job, code: code, message: Self.reason(error).message))
    }

    /// Begins the job again with a better plan; `false` when there is none.
    private func refine(_ job: JobID, because message: String) async throws -> Bool {
        guard let context = jobs[job] else { return false }
        emit(.warning(job, "\(message); the film is planned anew from its decoded frames"))
        guard let prepared = try await surroundings.preparation.refined(context.prepared) else { return false }
        let epoch = try await surroundings.store.tasks(of: job).map(\.epoch).max() ?? 0
        try await surroundings.store.remove(job)
        var record = context.record
        record.plan = prepared.plan
        record.state = .queued
        record.failure = nil
        record.revision = 0
        _ = try await surroundings.store.insert(record)
        // Epochs go on from the old tasks', so that no late result of those is taken for one of these.
        let tasks = try prepared.nextTasks(completed: [:]).map {
            TaskRecord(job: job, specification: $0, epoch: epoch)
        }
        try await surroundings.store.insert(tasks)
        jobs[job]?.record = record
        jobs[job]?.prepared = prepared
        begin(job, tasks: tasks)
        return true
    }

    // MARK: The end

    /// Joins and publishes, in a task of its own.
    func assemble(_ job: JobID) {
        guard let context = jobs[job], let tasks = machine.jobs[job]?.tasks else { return }
        let records = tasks.values.map(\.record).sorted { $0.specification.id < $1.specification.id }
        let finisher = self.finisher
        jobs[job]?.assembly = Task {
            do {
                let finished = try await finisher.finish(
                    context.record, prepared: context.prepared, tasks: records, directory: context.directory
                ) { _ in }
                await self.assembled(job, finished)
            } catch is CancellationError {
                // Cancelled from outside: whoever did it says what becomes of the job.
            } catch {
                self.assemblyFailed(job, error)
            }
        }
    }

    private func assembled(_ job: JobID, _ finished: FinishedJob) async {
        await enqueue(machine.assembled(job, now: surroundings.time.now())).value
        jobs[job]?.ended(.success(finished))
    }

    private func assemblyFailed(_ job: JobID, _ error: any Error) {
        jobs[job]?.failure = error
        let (code, message) = Self.reason(error)
        enqueue(machine.assemblyFailed(job, code: code, message: message, now: surroundings.time.now()))
    }

    /// The code and the message of any error.
    private static func reason(_ error: any Error) -> (code: String, message: String) {
        guard let error = error as? any CodedError else { return ("coordinator.failed", "\(error)") }
        return (error.codeName, error.message)
    }
}
