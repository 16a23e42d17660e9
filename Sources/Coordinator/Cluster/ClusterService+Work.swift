// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletModel
import MartletPlanning
import MartletPorts
import MartletWire

/// What becomes of a job whose turn has come.
extension ClusterService {
    /// Reads, plans and has the job done, and keeps how it ended.
    func conduct(_ id: JobID) async {
        guard let engine else { return arrived(id) }
        defer { arrived(id) }
        while true {
            do {
                let finished = try await result(of: id, by: engine)
                return await concluded(id, .success(finished), by: engine)
            } catch {
                let code = (error as? any CodedError)?.codeName ?? ""
                if let breakage = await engine.coordinator.breakage {
                    return await recover(from: breakage)
                } else if live[id]?.isUnwanted == true {
                    return await concluded(id, .failure(CancellationError()), by: engine)
                } else if error is CancellationError {
                    return
                } else if code.hasPrefix("store.") {
                    return await recover(from: error)
                } else if !CoordinatorError.saysFullDisk(error) {
                    return await concluded(id, .failure(error), by: engine)
                }
                guard await hasSpaceAgain(for: id, after: error, by: engine) else { return }
            }
        }
    }

    /// Waits until there is more space than when a job found its disk full.
    ///
    /// - Returns: whether the job goes on now; otherwise all is said about it.
    private func hasSpaceAgain(for id: JobID, after error: any Error, by engine: Engine) async -> Bool {
        guard let output = live[id]?.output else { return false }
        let places = [output, configuration.directory]
        let before = places.map { try? surroundings.files.freeSpace(at: $0) }
        var problem = ProblemView(AttemptFailure(error))
        problem.message += "; the job goes on when there is space"
        emit(.warning(id, problem.message))
        do {
            try await setBack(id, in: engine)
            repeat {
                live[id]?.hindrance = problem
                try await surroundings.time.sleep(until: surroundings.time.now() + configuration.spaceInterval)
                // The records failed meanwhile, and the job was begun anew.
                guard self.engine?.coordinator === engine.coordinator else { return false }
            } while !zip(places, before).contains { place, before in
                guard let before, let now = try? surroundings.files.freeSpace(at: place) else { return false }
                return now >= before + .mebibytes(1)
            }
        } catch {
            if live[id]?.isUnwanted == true {
                await concluded(id, .failure(CancellationError()), by: engine)
            } else if !(error is CancellationError) {
                await recover(from: error)
            }
            return false
        }
        live[id]?.hindrance = nil
        return true
    }

    /// Keeps a job that failed as one that goes on, in this process or the next.
    private func setBack(_ id: JobID, in engine: Engine) async throws {
        await engine.coordinator.forget(id)
        let tasks = try await engine.store.tasks(of: id)
        let isEncoded = !tasks.isEmpty && tasks.allSatisfy { $0.artifact != nil }
        try await engine.store.change(id) { record in
            guard record.state.isFinal else { return }
            record.state = isEncoded ? .combining : .queued
            record.failure = nil
        }
    }

    private func result(of id: JobID, by engine: Engine) async throws -> FinishedJob {
        guard let record = try await engine.store.job(id), let facts = record.service else {
            throw CoordinatorError(.unknownJob, "there is no job \(id)")
        }
        let prepared: PreparedJob
        do {
            prepared = try await self.prepared(record, facts, in: engine)
        } catch {
            // Whatever a file does to its reader that becomes another meanwhile.
            if error is CancellationError { throw error }
            throw await isAsSubmitted(facts) ? error : Self.changed(facts)
        }
        try Task.checkCancellation()
        let priority = live[id]?.priority ?? record.priority
        try await engine.coordinator.submit(
            JobRequest(
                name: record.name, source: prepared.plan.source.path, output: record.output,
                parameters: record.parameters, priority: priority, verification: record.verification,
                overwrite: record.overwrite), as: id, prepared: prepared)
        arrived(id)
        if let wanted = live[id]?.priority, wanted != priority {
            _ = try await engine.coordinator.setPriority(wanted, of: id)
        }
        do {
            return try await engine.coordinator.outcome(of: id)
        } catch let cancellation as CancellationError {
            // Its user may have given it up at any point of the way here.
            guard live[id]?.isUnwanted == true else { throw cancellation }
            await engine.coordinator.cancel(id)
            // In a task of its own: this one is cancelled, and would not wait for how the job really ended.
            return try await Task { try await engine.coordinator.outcome(of: id) }.value
        }
    }

    /// Whether a job was at work when the last process ended, and is not yet in this one.
    func isReturning(_ id: JobID) async -> Bool {
        guard let engine, live[id]?.wasAtWork == true else { return false }
        return await !engine.coordinator.isAtWork(id)
    }

    /// Waits until jobs whose tasks a worker still runs are at work again, or over.
    func arrivals(of jobs: Set<JobID>) async {
        for id in jobs {
            guard await isReturning(id) else { continue }
            await withCheckedContinuation { continuation in
                if live[id] == nil { continuation.resume() } else { live[id]?.waiters.append(continuation) }
            }
        }
    }

    private func arrived(_ id: JobID) {
        for waiter in live[id]?.waiters ?? [] { waiter.resume() }
        live[id]?.waiters = []
    }

    /// Whether a job's source is the file that was submitted.
    private func isAsSubmitted(_ facts: ServiceFacts) async -> Bool {
        guard let path = try? source(of: facts).path else { return false }
        return (try? await surroundings.files.fingerprint(of: path)) == facts.fingerprint
    }

    private static func changed(_ facts: ServiceFacts) -> CoordinatorError {
        CoordinatorError(
            .sourceChanged, "\(facts.source) is not there any more, or is another file than was submitted",
            advice: "Submit the job again.")
    }

    /// What a job's source holds, with one clock.
    private func examined(
        _ id: JobID, _ facts: ServiceFacts, by preparation: JobPreparation
    ) async throws -> ExaminedSource {
        guard await isAsSubmitted(facts) else { throw Self.changed(facts) }
        let source = try await preparation.examine(try self.source(of: facts).path)
        guard source.description.fingerprint == facts.fingerprint else { throw Self.changed(facts) }
        guard source.clockJumps > 0 else { return source }
        return try await preparation.restamped(source, at: copy(for: id)) { [weak self] share in
            Task { await self?.copied(id, share: share) }
        }
    }

    /// The plan that was kept, or a new one for the workers that are there.
    private func prepared(_ record: JobRecord, _ facts: ServiceFacts, in engine: Engine) async throws -> PreparedJob {
        let preparation = surroundings.preparation(roster)
        let source = try await examined(record.id, facts, by: preparation)
        if let plan = record.plan, let build = facts.build {
            return PreparedJob(plan: plan, index: source.index, build: build, restamping: source.restamping)
        }
        if !roster.isReady {
            try await changeState(of: record.id, to: .waitingForWorkers, in: engine)
            live[record.id]?.waits(
                for: "\(configuration.requiredWorkers) workers are wanted, and \(roster.presentCount) are there")
            try await roster.ready()
            live[record.id]?.waitsNoLonger()
        }
        let prepared = try await preparation.prepare(source, parameters: record.parameters)
        var facts = facts
        facts.build = prepared.build
        // What another plan may be made from later.
        facts.build?.encoders.formIntersection(EncoderProfile.all.map(\.name))
        facts.build?.filters.formIntersection(TargetQuality.Metric.allCases.map(\.filter))
        facts.frames = prepared.plan.resultFrames
        facts.segments = prepared.plan.segments.count
        facts.warnings = prepared.plan.warnings
        live[record.id]?.ffmpeg = facts.build?.version
        try await engine.store.change(record.id) { [facts] record in
            record.service = facts
            record.plan = prepared.plan
        }
        for warning in facts.warnings { emit(.warning(record.id, warning)) }
        return prepared
    }

    private func copied(_ id: JobID, share: Double) {
        live[id]?.stage = .restamping
        live[id]?.fraction = share
        emit(.progress(id, .restamping, fraction: share, framesPerSecond: 0, remainingSeconds: nil))
    }

    /// Where the copy with one clock of a source is kept.
    func copy(for id: JobID) -> String { "\(jobsDirectory)/\(id).source.mkv" }

    /// Where a job's source lies on this machine.
    func source(of facts: ServiceFacts) throws -> MediaRoots.Place {
        try configuration.roots.place(of: facts.source.description, files: surroundings.files)
    }

    /// Keeps another state of a job that the coordinator does not hold.
    func changeState(of id: JobID, to state: JobState, in engine: Engine) async throws {
        try await engine.store.change(id) { $0.state = state }
        emit(.jobStateChanged(id, state))
    }

    /// Removes what tasks of a job made, and the copy of its source.
    func removeFiles(of id: JobID) throws {
        try surroundings.files.remove("\(jobsDirectory)/\(id)")
        try surroundings.files.remove(copy(for: id))
    }

    // MARK: The end

    private func concluded(_ id: JobID, _ result: Result<FinishedJob, any Error>, by engine: Engine) async {
        do {
            let reused = await engine.coordinator.reusedSegments(of: id)
            await engine.coordinator.forget(id)
            try await keep(result, reused: reused, of: id, in: engine)
        } catch {
            return await recover(from: error)
        }
        arrived(id)
        live[id] = nil
        turns.remove(id)
        if live.isEmpty { surroundings.rested() }
        admit()
    }

    private func keep(
        _ result: Result<FinishedJob, any Error>, reused: Int, of id: JobID, in engine: Engine
    ) async throws {
        let now = surroundings.time.wallMilliseconds()
        let counts = try await engine.store.taskCounts(of: id)
        let record = try await engine.store.change(id) { record in
            record.service?.finishedMilliseconds = now
            record.service?.reusedSegments = reused
            record.service?.tasks = counts.values.reduce(0, +)
            record.service?.completedTasks = counts[.completed] ?? 0
            record.service?.failure = nil
            switch result {
            case .success(let finished):
                let known = record.service?.warnings ?? []
                record.service?.frames = finished.frames
                record.service?.warnings += finished.remarks.filter { !known.contains($0) }
                record.state = .completed
            case .failure(let error) where error is CancellationError: record.state = .cancelled
            case .failure(let error):
                let failure = AttemptFailure(error)
                record.service?.failure = failure
                record.state = .failed
                record.failure = "\(failure.code): \(failure.message)"
            }
        }
        try await engine.store.endAttempts(at: id, now: now)
        if let previews = surroundings.previews {
            try await previews.ended(id, as: record.state) { try await engine.store.tasks(of: id) }
        }
        // What failed can be retried, and then its finished segments count.
        if record.state != .failed { try? removeFiles(of: id) }
        emit(.jobStateChanged(id, record.state))
        if let failure = record.service?.failure { emit(.jobFailed(id, code: failure.code, message: failure.message)) }
        if record.state == .completed { emit(.jobCompleted(id)) }
    }
}
