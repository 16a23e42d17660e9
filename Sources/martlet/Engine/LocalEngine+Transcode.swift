// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletCoordinator
import MartletFFmpeg
import MartletHost
import MartletMedia
import MartletModel
import MartletPorts
import MartletScheduling
import MartletWorker

/// The main job.
extension LocalEngine {
    func transcode(
        _ request: TranscodeRequest,
        planned: @escaping @Sendable (PlannedJob) -> Void,
        events: @escaping @Sendable (Event) -> Void
    ) async throws -> TranscodeOutcome {
        let start = time.now()
        let output = FilePath(request.output)
        let source = try await preparation.examine(FilePath(request.input).text)
        let id = try await identity(of: request, source)
        let known = try await finishedPlace(of: request, as: id)
        let (prepared, place) = try await prepare(request, source, as: id, in: known, events: events)
        try await place.removeOthers(than: id, output: output.text)
        let coordinator = makeCoordinator(store: place.store, directory: place.directory)
        let listening = Task { [stream = await coordinator.events()] in
            var stage: JobStage?
            for await event in stream {
                // Joining and checking take the most memory, and other code than what is done before them.
                switch event {
                case .jobStateChanged(_, .combining): OwnMemory.settle()
                case .progress(_, .checking, _, _, _) where stage != .checking:
                    stage = .checking
                    OwnMemory.settle()
                default: break
                }
                events(event)
            }
        }
        planned(try announcement(of: prepared, for: source, as: id, request))

        let finished: FinishedJob
        do {
            try await coordinator.submit(
                jobRequest(request, source: prepared.plan.source.path, output: output), as: id, prepared: prepared)
            finished = try await run(id, on: coordinator, with: makeWorker(for: coordinator, prepared, request))
        } catch {
            await coordinator.stop()
            await listening.value
            throw error
        }
        let plan = try await coordinator.plan(of: id) ?? prepared.plan
        let reused = await coordinator.reusedSegments(of: id)
        await coordinator.stop()
        await listening.value
        if !request.keepWork { try await place.clear(id) }
        return TranscodeOutcome(
            job: id, output: request.output, frames: finished.frames, segments: plan.segments.count,
            reusedSegments: reused, seconds: (time.now() - start).inSeconds,
            sourceSize: source.description.fingerprint.size, outputSize: finished.size,
            verification: finished.verification, quality: finished.quality,
            warnings: plan.warnings + finished.remarks, omissions: finished.omissions)
    }

    func plan(_ request: TranscodeRequest) async throws -> PlannedJob {
        let source = try await preparation.examine(FilePath(request.input).text)
        let id = try await identity(of: request, source)
        let prepared = try await withOneClock(source) {
            try await preparation.prepare($0, parameters: request.parameters)
        }
        return try announcement(of: prepared, for: source, as: id, request)
    }

    /// The plan as the user sees it: for the file that was named, not for a copy of it.
    private func announcement(
        of prepared: PreparedJob, for source: ExaminedSource, as id: JobID, _ request: TranscodeRequest
    ) throws -> PlannedJob {
        var plan = prepared.plan
        plan.source.path = source.description.path
        let copy = WorkPlace.copy(for: id, output: FilePath(request.output), chosen: request.workDirectory)
        return PlannedJob(
            id: id, plan: plan, tasks: try prepared.nextTasks(completed: [:]),
            copy: source.clockJumps > 0 ? copy : nil)
    }

    private func identity(of request: TranscodeRequest, _ source: ExaminedSource) async throws -> JobID {
        try JobIdentity.id(
            source: source.description, parameters: request.parameters, output: FilePath(request.output).text,
            build: try await abilities.build())
    }

    /// The place of a job whose output is there because an earlier process ended
    /// just after it had put it there; `nil` when nothing is in the way.
    ///
    /// - Throws: `CommandLineError` when the output is somebody else's.
    private func finishedPlace(of request: TranscodeRequest, as id: JobID) async throws -> WorkPlace? {
        let output = FilePath(request.output)
        guard !request.overwrite, files.exists(output.text) else { return nil }
        if WorkPlace.isThere(for: output, chosen: request.workDirectory, files: files) {
            let place = try await WorkPlace(output: output, chosen: request.workDirectory, files: files)
            if try await place.hasFinished(id) { return place }
            try await place.leave()
        }
        throw CommandLineError.outputExists(request.output)
    }

    /// Plans the job; nothing is made for one that cannot be planned.
    ///
    /// - Parameter place: where it is worked on, when that is open already.
    private func prepare(
        _ request: TranscodeRequest, _ source: ExaminedSource, as id: JobID, in place: WorkPlace?,
        events: @escaping @Sendable (Event) -> Void
    ) async throws -> (PreparedJob, WorkPlace) {
        let output = FilePath(request.output)
        func open() async throws -> WorkPlace {
            if let place { return place }
            return try await WorkPlace(output: output, chosen: request.workDirectory, files: files)
        }
        guard source.clockJumps > 0 else {
            let prepared = try await preparation.prepare(source, parameters: request.parameters)
            return (prepared, try await open())
        }
        let place = try await open()
        do {
            let copy = try await preparation.restamped(source, at: place.copy(for: id)) { share in
                events(.progress(id, .restamping, fraction: share, framesPerSecond: 0, remainingSeconds: nil))
            }
            return (try await preparation.prepare(copy, parameters: request.parameters), place)
        } catch {
            if try await !place.knows(id) { try await place.clear(id) }
            throw error
        }
    }

    private func jobRequest(_ request: TranscodeRequest, source: String, output: FilePath) -> JobRequest {
        JobRequest(
            name: request.name ?? FilePath(request.input).name, source: source, output: output.text,
            parameters: request.parameters, priority: request.priority, verification: request.verification,
            overwrite: request.overwrite)
    }

    private func makeCoordinator(store: any JobStore, directory: String) -> Coordinator {
        Coordinator(
            configuration: Coordinator.Configuration(directory: directory),
            surroundings: CoordinatorSurroundings(
                preparation: preparation, prober: reader, store: store, assembler: MediaAssembler(),
                verifier: MediaVerifier(), meter: meter, files: files, time: time))
    }

    private func makeWorker(
        for coordinator: Coordinator, _ prepared: PreparedJob, _ request: TranscodeRequest
    ) throws -> Worker {
        let heaviest = try prepared.nextTasks(completed: [:]).map(\.memory).max() ?? ByteCount(0)
        let slots = LocalSlots.count(
            requested: request.workers, processors: facts.processors, memory: facts.memory, memoryPerEncode: heaviest)
        // Slots that were asked for are given, whatever memory they may take.
        let memory = max(LocalSlots.budget(of: facts.memory), ByteCount(heaviest.bytes * Int64(slots)))
        var configuration = Worker.Configuration()
        configuration.niceness = request.niceness
        return Worker(
            profile: WorkerProfile(
                id: WorkerID(facts.hostName), slots: slots, memory: memory, buildDigest: prepared.build.digest),
            configuration: configuration, dispatch: coordinator, encoder: ffmpeg, prober: reader, files: files,
            time: time)
    }

    /// Lets the worker work until the job ends. When the calling task is
    /// cancelled, running encodes are killed and what is finished is kept.
    private func run(_ id: JobID, on coordinator: Coordinator, with worker: Worker) async throws -> FinishedJob {
        let work = Task { try await worker.run() }
        func outcome() async -> Result<FinishedJob, any Error> {
            do { return .success(try await coordinator.outcome(of: id)) } catch { return .failure(error) }
        }
        var result = await outcome()
        if Task.isCancelled {
            // First of all, so that nothing is given out any more.
            await coordinator.stop()
            result = await outcome()
        }
        work.cancel()
        _ = await work.result
        return try result.get()
    }
}
