// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletCoordinator
import MartletModel
import MartletWire

/// A cluster of lists: it keeps what it is told and does nothing of it.
actor ScriptedControl: ClusterControl {
    private var jobs: [JobView] = []
    private var tasks: [JobID: [TaskView]] = [:]
    private var outputs: [JobID: String] = [:]
    private var known: [WorkerView] = []
    private var listeners: [AsyncStream<Event>.Continuation] = []
    private(set) var submissions: [JobSubmission] = []

    func submit(_ submission: JobSubmission) throws -> JobView {
        guard submission.source.hasPrefix("movies:") else {
            throw CoordinatorError(.badPath, "\(submission.source) is in no media root.")
        }
        submissions.append(submission)
        var job = JobView(
            id: JobID("job-\(submissions.count)"), name: submission.name ?? "film", source: submission.source,
            output: submission.output, state: .queued, priority: submission.priority ?? "normal",
            createdMs: Int64(submissions.count))
        job.callbackURL = submission.callbackURL
        jobs.append(job)
        tell(.jobSubmitted(job.id))
        return job
    }

    func jobs(state: JobState?, limit: Int, cursor: String?) -> JobPage {
        let all = jobs.reversed().filter { job in
            let created = cursor.flatMap { Int64($0.split(separator: ".")[0]) } ?? .max
            let name = cursor?.split(separator: ".").last.map { String($0) } ?? ""
            return (state == nil || job.state == state) && (job.createdMs, job.id.text) < (created, name)
        }
        let page = Array(all.prefix(limit))
        return JobPage(
            jobs: page, nextCursor: page.count < all.count ? page.last.map { "\($0.createdMs).\($0.id)" } : nil)
    }

    func job(_ id: JobID) throws -> JobView { jobs[try position(of: id)] }

    func tasks(of job: JobID) throws -> [TaskView] {
        _ = try position(of: job)
        return tasks[job] ?? []
    }

    func cancel(_ job: JobID) throws -> JobView { try change(job) { $0.state = .cancelled } }

    func retry(_ job: JobID) throws -> JobView {
        guard jobs[try position(of: job)].state == .failed else {
            throw CoordinatorError(.wrongState, "The job \(job) did not fail.")
        }
        return try change(job) { $0.state = .queued }
    }

    func setPriority(_ priority: Priority, of job: JobID) throws -> JobView {
        try change(job) { $0.priority = priority.name }
    }

    func outputPath(of job: JobID) throws -> String {
        guard jobs[try position(of: job)].state == .completed, let path = outputs[job] else {
            throw CoordinatorError(.wrongState, "The job \(job) has no output yet.")
        }
        return path
    }

    /// Has a job that nobody submitted.
    func add(_ job: JobView) { jobs.append(job) }

    /// Puts a job in the place of the one with its name.
    func replace(_ job: JobView) {
        jobs.removeAll { $0.id == job.id }
        jobs.append(job)
    }

    func workers() -> [WorkerView] { known }

    func drain(_ worker: WorkerID) throws -> WorkerView {
        guard let position = known.firstIndex(where: { $0.id == worker }) else {
            throw CoordinatorError(.unknownWorker, "There is no worker \(worker).")
        }
        known[position].state = .draining
        return known[position]
    }

    func remove(_ worker: WorkerID) throws {
        _ = try drain(worker)
        known.removeAll { $0.id == worker }
    }

    func stats() -> StatsView {
        StatsView(
            jobs: Dictionary(grouping: jobs, by: \.state.rawValue).mapValues(\.count), tasks: ["queued": 2],
            workers: [:],
            fps: 0, uptimeS: 1)
    }

    func events() -> AsyncStream<Event> {
        let (stream, continuation) = AsyncStream.makeStream(of: Event.self)
        listeners.append(continuation)
        return stream
    }

    /// How many listen to events, or did.
    var listenerCount: Int { listeners.count }

    /// Tells all who listen.
    func tell(_ event: Event) {
        for listener in listeners { listener.yield(event) }
    }

    /// Ends everybody's events, as a coordinator does that stops.
    func stop() {
        for listener in listeners { listener.finish() }
    }

    /// Puts a job in a state.
    @discardableResult
    func change(_ job: JobID, by change: (inout JobView) -> Void) throws -> JobView {
        let position = try position(of: job)
        change(&jobs[position])
        return jobs[position]
    }

    /// Has a job end with an output.
    func complete(_ job: JobID, output path: String) throws {
        try change(job) { $0.state = .completed }
        outputs[job] = path
        tell(.jobCompleted(job))
    }

    /// Adds tasks to a job.
    func add(_ added: [TaskView], to job: JobID) { tasks[job, default: []] += added }

    /// Adds a worker.
    func add(_ worker: WorkerView) { known.append(worker) }

    private func position(of job: JobID) throws -> Int {
        guard let position = jobs.firstIndex(where: { $0.id == job }) else {
            throw CoordinatorError(.unknownJob, "There is no job \(job).")
        }
        return position
    }
}
