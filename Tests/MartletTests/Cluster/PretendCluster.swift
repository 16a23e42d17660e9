// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import FoundationEssentials
import MartletCoordinator
import MartletModel
import MartletWire

/// A cluster whose encodes are instant: a job's output is its source's bytes behind `encoded `.
actor PretendCluster: ClusterControl {
    /// What is submitted ends so.
    enum Outcome: Sendable {
        case completed, failed
        /// Not before `goOn`.
        case held
    }

    private let roots: [String: String]
    private var jobs: [JobView] = []
    private var listeners: [AsyncStream<Event>.Continuation] = []
    /// How jobs end.
    var outcome = Outcome.completed
    /// What was submitted.
    private(set) var submissions: [JobSubmission] = []
    /// How many encodes were made.
    private(set) var encodes = 0

    /// Makes a cluster with these media roots.
    init(roots: [String: String]) { self.roots = roots }

    /// Has jobs end so from now on.
    func end(_ outcome: Outcome) { self.outcome = outcome }

    func submit(_ submission: JobSubmission) throws -> JobView {
        submissions.append(submission)
        let source = try path(of: submission.source)
        let output = try path(of: submission.output)
        guard FileManager.default.fileExists(atPath: source) else {
            throw CoordinatorError(.badPath, "There is no \(submission.source).")
        }
        if FileManager.default.fileExists(atPath: output), submission.overwrite != true {
            throw CoordinatorError(.outputExists, "\(submission.output) exists.")
        }
        jobs.insert(
            JobView(
                id: JobID("job-\(submissions.count)"), name: submission.name ?? "film", source: submission.source,
                output: submission.output, state: .queued, priority: "normal", createdMs: 0), at: 0)
        return outcome == .held ? jobs[0] : try encode(0)
    }

    /// Has a held job end well.
    func goOn(_ job: JobID) throws {
        outcome = .completed
        _ = try encode(try position(of: job))
    }

    func retry(_ job: JobID) throws -> JobView { try encode(try position(of: job)) }

    private func encode(_ position: Int) throws -> JobView {
        var job = jobs[position]
        encodes += 1
        if outcome == .failed {
            job.state = .failed
            job.error = ProblemView(code: "media.not_media", message: "It is no film.", exitCode: 3)
        } else {
            let film = FileManager.default.contents(atPath: try path(of: job.source)) ?? Data()
            let made = Data("encoded ".utf8) + film
            try made.write(to: URL(filePath: try path(of: job.output)))
            (job.state, job.progress, job.frames, job.segments) = (.completed, 1, 297, 2)
            job.outputBytes = Int64(made.count)
            job.error = nil
        }
        jobs[position] = job
        for listener in listeners { listener.yield(.jobStateChanged(job.id, job.state)) }
        return job
    }

    /// The path of an address, or of an absolute path inside a root.
    private func path(of text: String) throws -> String {
        if let colon = text.firstIndex(of: ":"), let root = roots[String(text[..<colon])] {
            return root + "/" + text[text.index(after: colon)...]
        }
        guard roots.values.contains(where: { text.hasPrefix($0 + "/") }) else {
            throw CoordinatorError(.badPath, "\(text) is in no media root.")
        }
        return text
    }

    private func position(of job: JobID) throws -> Int {
        guard let position = jobs.firstIndex(where: { $0.id == job }) else {
            throw CoordinatorError(.unknownJob, "There is no job \(job).")
        }
        return position
    }

    func jobs(state: JobState?, limit: Int, cursor: String?) -> JobPage {
        JobPage(jobs: Array(jobs.prefix(limit)), nextCursor: nil)
    }
    func job(_ id: JobID) throws -> JobView { jobs[try position(of: id)] }
    func tasks(of job: JobID) -> [TaskView] { [] }
    func cancel(_ job: JobID) throws -> JobView { try self.job(job) }
    func setPriority(_ priority: Priority, of job: JobID) throws -> JobView { try self.job(job) }
    func outputPath(of job: JobID) throws -> String { try path(of: jobs[try position(of: job)].output) }
    func workers() -> [WorkerView] { [] }
    func drain(_ worker: WorkerID) throws -> WorkerView {
        throw CoordinatorError(.unknownWorker, "There is no worker \(worker).")
    }
    func remove(_ worker: WorkerID) {}
    func stats() -> StatsView { StatsView(jobs: [:], tasks: [:], workers: [:], fps: 0, uptimeS: 0) }
    func events() -> AsyncStream<Event> {
        let (stream, continuation) = AsyncStream.makeStream(of: Event.self)
        listeners.append(continuation)
        return stream
    }
}
