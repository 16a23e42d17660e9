// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletModel
internal import MartletPorts
package import MartletWire

/// A cluster whose jobs are films and streams: what has a `start_time` goes to the plain workers, what is for several
/// workers to the meshes, and everything else to the cluster behind.
package struct ClusterWithStreams: ClusterControl {
    private let films: any ClusterControl
    private let streams: PlainWorkers
    private let meshes: Meshes?

    /// Makes it.
    ///
    /// - Parameter meshes: streams that several workers make; `nil` leaves each to one.
    package init(films: any ClusterControl, streams: PlainWorkers, meshes: Meshes? = nil) {
        self.films = films
        self.streams = streams
        self.meshes = meshes
    }

    package func submit(_ submission: JobSubmission) async throws -> JobView {
        var submission = submission
        if submission.isMeshMode == true {
            let (canBegin, hasOthers) = (await meshes?.hasWorkers() ?? false, await !streams.workers().isEmpty)
            if let meshes, canBegin || !hasOthers { return try await meshes.submit(submission) }
            // Workers of others make whole streams alone.
            submission.startTime = submission.startTime ?? 0
        }
        return try await submission.startTime == nil ? films.submit(submission) : streams.submit(submission)
    }

    package func jobs(state: JobState?, limit: Int, cursor: String?) async throws -> JobPage {
        let page = try await films.jobs(state: state, limit: limit, cursor: cursor)
        var views = await streams.jobs(state: state) + (meshes?.jobs(state: state) ?? [])
        if let cursor { views = views.filter { Self.comes($0, after: cursor) } }
        guard !views.isEmpty else { return page }
        let merged = (page.jobs + views).sorted { ($0.createdMs, $0.id.text) > ($1.createdMs, $1.id.text) }
        let isMore = page.nextCursor != nil || merged.count > limit
        let shown = Array(merged.prefix(limit))
        return JobPage(jobs: shown, nextCursor: isMore ? shown.last.map { JobQuery.Place(of: $0).cursor } : nil)
    }

    package func job(_ id: JobID) async throws -> JobView {
        if let stream = await streams.job(id) { return stream }
        if let mesh = await meshes?.job(id) { return mesh }
        return try await films.job(id)
    }

    package func tasks(of job: JobID) async throws -> [TaskView] {
        try await isStream(job) ? [] : films.tasks(of: job)
    }

    package func cancel(_ job: JobID) async throws -> JobView {
        if let stream = await streams.cancel(job) { return stream }
        if let mesh = try await meshes?.cancel(job) { return mesh }
        return try await films.cancel(job)
    }

    package func retry(_ job: JobID) async throws -> JobView {
        if let stream = try await streams.retry(job) { return stream }
        if let mesh = try await meshes?.retry(job) { return mesh }
        return try await films.retry(job)
    }

    package func setPriority(_ priority: Priority, of job: JobID) async throws -> JobView {
        if let stream = await streams.setPriority(priority, of: job) { return stream }
        if await meshes?.job(job) != nil {
            throw CoordinatorError(.wrongState, "The job \(job) is a stream of several workers, and waits for no turn.")
        }
        return try await films.setPriority(priority, of: job)
    }

    package func outputPath(of job: JobID) async throws -> String {
        guard await !isStream(job) else {
            throw CoordinatorError(
                .wrongState, "The job \(job) is a stream, and its worker has what it makes.",
                advice: "Ask for its stream instead of its output.")
        }
        return try await films.outputPath(of: job)
    }

    private func isStream(_ job: JobID) async -> Bool {
        if await streams.job(job) != nil { return true }
        return await meshes?.job(job) != nil
    }

    package func workers() async -> [WorkerView] {
        let views = await films.workers() + streams.workers()
        return Dictionary(views.map { ($0.id, $0) }) { $0.joined(with: $1) }.values.sorted { $0.id < $1.id }
    }

    package func drain(_ worker: WorkerID) async throws -> WorkerView {
        let view = await streams.drain(worker)
        do {
            let other = try await films.drain(worker)
            return view.map { other.joined(with: $0) } ?? other
        } catch let error as CoordinatorError where error.code == .unknownWorker {
            guard let view else { throw error }
            return view
        }
    }

    package func remove(_ worker: WorkerID) async throws {
        let isRemoved = await streams.remove(worker)
        do { try await films.remove(worker) } catch let error as CoordinatorError where error.code == .unknownWorker {
            guard isRemoved else { throw error }
        }
    }

    package func stats() async -> StatsView {
        var stats = await films.stats()
        for stream in await streams.jobs(state: nil) + (meshes?.jobs(state: nil) ?? []) {
            stats.jobs[stream.state.rawValue, default: 0] += 1
            stats.fps += stream.fps ?? 0
        }
        stats.workers = await workers().reduce(into: [:]) { $0[$1.state.rawValue, default: 0] += 1 }
        return stats
    }

    package func events() async -> AsyncStream<Event> {
        let (own, others) = (await films.events(), await streams.events())
        let mesh = await meshes?.events()
        let (stream, continuation) = AsyncStream.makeStream(of: Event.self)
        let passing = Task { [films] in
            await withTaskGroup(of: Void.self) { group in
                group.addTask { for await event in own { continuation.yield(event) } }
                if let mesh { group.addTask { for await event in mesh { continuation.yield(event) } } }
                group.addTask {
                    for await event in others {
                        // Of a machine that encodes films, too, it is told once how it is.
                        if let worker = event.worker, await films.workers().contains(where: { $0.id == worker }) {
                            continue
                        }
                        continuation.yield(event)
                    }
                }
            }
            continuation.finish()
        }
        continuation.onTermination = { _ in passing.cancel() }
        return stream
    }

    /// Whether a job comes after the one that a cursor names, newest first.
    private static func comes(_ job: JobView, after cursor: String) -> Bool {
        guard let place = JobQuery.Place(cursor: cursor) else { return false }
        return (job.createdMs, job.id.text) < (place.createdMilliseconds, place.id.text)
    }
}

extension Event {
    /// The worker that it is about; `nil` for what is about a job.
    fileprivate var worker: WorkerID? {
        switch self {
        case .workerRegistered(let worker), .workerStateChanged(let worker, _), .workerUnregistered(let worker): worker
        case .jobSubmitted, .jobStateChanged, .jobCompleted, .jobFailed, .taskStarted, .taskProgress, .taskCompleted,
            .taskFailed, .taskRetried, .progress, .warning:
            nil
        }
    }
}
