// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletModel
package import MartletWire

/// What users and programs can ask of a cluster; the API and the library speak to it.
///
/// Every call throws a `CodedError` where it cannot be done: `coordinator.unknown_job`, `coordinator.unknown_worker`,
/// `coordinator.wrong_state`, `coordinator.bad_path`, `coordinator.bad_submission`.
package protocol ClusterControl: Sendable {
    /// Takes a job in, and keeps it; its source is read later.
    func submit(_ submission: JobSubmission) async throws -> JobView
    /// Jobs, newest first.
    ///
    /// - Parameters:
    ///   - limit: the most on one page, 1 to 1,000.
    ///   - cursor: what the page before gave: `<created_ms>.<id>` of its last job.
    func jobs(state: JobState?, limit: Int, cursor: String?) async throws -> JobPage
    /// One job.
    func job(_ id: JobID) async throws -> JobView
    /// A job's tasks with their attempts, by name.
    func tasks(of job: JobID) async throws -> [TaskView]
    /// Cancels a job; nothing happens when it is over.
    func cancel(_ job: JobID) async throws -> JobView
    /// Takes up a job again that failed or was cancelled.
    func retry(_ job: JobID) async throws -> JobView
    /// Changes how urgent a job is.
    func setPriority(_ priority: Priority, of job: JobID) async throws -> JobView
    /// The path of a completed job's output on this machine.
    func outputPath(of job: JobID) async throws -> String
    /// All workers, by name.
    func workers() async -> [WorkerView]
    /// Gives a worker no new work.
    func drain(_ worker: WorkerID) async throws -> WorkerView
    /// Takes a worker out until it is started anew; what it runs goes to others.
    func remove(_ worker: WorkerID) async throws
    /// How things stand in numbers.
    func stats() async -> StatsView
    /// Everything that happens from now on.
    func events() async -> AsyncStream<Event>
}
