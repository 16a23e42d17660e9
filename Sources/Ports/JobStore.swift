// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletModel

/// Keeps jobs, tasks, attempts and artifacts, so that they outlive the process.
///
/// Every call is one transaction and is on the disk when it returns. Calls are
/// safe to repeat. Tasks and attempts of a job that is not there are not kept,
/// and no error: the job was removed meanwhile.
package protocol JobStore: Sendable {
    /// Adds a job that is not there yet; returns `false`, and changes nothing, when it is.
    func insert(_ job: JobRecord) async throws -> Bool
    /// The job, `nil` when unknown.
    func job(_ id: JobID) async throws -> JobRecord?
    /// All jobs, oldest first.
    func jobs() async throws -> [JobRecord]
    /// Some jobs, newest first, without their plans: for looking at, not for `update`.
    func jobs(_ query: JobQuery) async throws -> [JobRecord]
    /// How many jobs there are in each state.
    func jobCounts() async throws -> [JobState: Int]
    /// Replaces everything but id and submission time of a job when its revision
    /// is still `job.revision`; returns the new revision, or `nil` when someone
    /// else was faster or the job is gone. Cheap while the plan stays the same.
    func update(_ job: JobRecord) async throws -> Int?
    /// Begins a job anew: as `update`, and with these tasks in the place of all tasks, results and attempts that it had,
    /// in one transaction.
    func renew(_ job: JobRecord, tasks: [TaskRecord]) async throws -> Int?
    /// Adds the tasks that are not there yet, in one transaction.
    func insert(_ tasks: [TaskRecord]) async throws
    /// All tasks of a job, by id.
    func tasks(of job: JobID) async throws -> [TaskRecord]
    /// How many tasks of a job there are in each state: much cheaper than the tasks.
    func taskCounts(of job: JobID) async throws -> [TaskState: Int]
    /// Replaces state, epoch, failures, artifact and holder of one task when its stored
    /// epoch is not newer than `task.epoch`; returns `false`, and changes
    /// nothing, when it is, or when the task is not there. A specification never changes.
    func update(_ task: TaskRecord) async throws -> Bool
    /// As for one task, for many in one transaction: much cheaper. Returns the
    /// tasks that were not replaced.
    func update(_ tasks: [TaskRecord]) async throws -> [TaskID]
    /// Makes changes of tasks and attempts in one transaction, in order: much cheaper than one by one. A change that
    /// is refused for its epoch refuses none of the others.
    func apply(_ changes: [TaskChange]) async throws
    /// Appends to the history of attempts, and replaces an earlier entry of the same job, task and epoch.
    func record(_ attempt: AttemptRecord) async throws
    /// The history of a job's attempts, oldest first.
    func attempts(of job: JobID) async throws -> [AttemptRecord]
    /// Of those the ones that have not ended.
    func openAttempts(of job: JobID) async throws -> [AttemptRecord]
    /// Removes a job and everything of it.
    func remove(_ job: JobID) async throws
}

/// A change of what is kept of tasks.
package enum TaskChange: Sendable, Equatable {
    /// As `JobStore.insert` of tasks.
    case insert([TaskRecord])
    /// As `JobStore.update` of tasks.
    case update([TaskRecord])
    /// As `JobStore.record` of an attempt.
    case record(AttemptRecord)
}

/// A job as it is kept.
package struct JobRecord: Codable, Sendable, Equatable {
    /// The job's name.
    package var id: JobID
    /// What the user calls it.
    package var name: String
    /// The source's absolute path.
    package var source: String
    /// The source's content when the job was made.
    package var fingerprint: Fingerprint
    /// The output's absolute path.
    package var output: String
    /// What is to be done.
    package var parameters: TranscodeParameters
    /// How urgent it is.
    package var priority: Priority
    /// How much the result is checked before it is put in place.
    package var verification: VerificationLevel
    /// Whether an existing output may be replaced.
    package var overwrite: Bool
    /// Where it stands.
    package var state: JobState
    /// The plan; `nil` until planned.
    package var plan: JobPlan?
    /// Why it failed, as `code: message`; `nil` while it has not.
    package var failure: String?
    /// The result that is in place, or was about to be; `nil` before.
    package var publication: Publication?
    /// What the service of a cluster keeps of it; `nil` for a job on one machine.
    package var service: ServiceFacts?
    /// Grows with every change.
    package var revision: Int
    /// When it was submitted, in milliseconds since 1970.
    package var createdMilliseconds: Int64

    /// Makes a record of a new job.
    package init(
        id: JobID, name: String, source: String, fingerprint: Fingerprint, output: String,
        parameters: TranscodeParameters, priority: Priority = .normal, verification: VerificationLevel = .counts,
        overwrite: Bool = false, state: JobState = .queued, plan: JobPlan? = nil, failure: String? = nil,
        publication: Publication? = nil, service: ServiceFacts? = nil, revision: Int = 0, createdMilliseconds: Int64
    ) {
        self.id = id
        self.name = name
        self.source = source
        self.fingerprint = fingerprint
        self.output = output
        self.parameters = parameters
        self.priority = priority
        self.verification = verification
        self.overwrite = overwrite
        self.state = state
        self.plan = plan
        self.failure = failure
        self.publication = publication
        self.service = service
        self.revision = revision
        self.createdMilliseconds = createdMilliseconds
    }

    /// Where the output grows until it is proved: hidden, beside its place.
    package var temporaryOutput: String {
        let slash = output.lastIndex(of: "/")
        let directory = slash.map { output[...$0] } ?? ""
        let name = slash.map { output[output.index(after: $0)...] } ?? output[...]
        let hidden = ".\(name).\(id).part"
        // File systems take 255 bytes; the job's name alone tells outputs apart.
        return directory + (hidden.utf8.count <= 255 ? hidden : ".\(id).part")
    }
}

/// One try at a task, as it is kept.
package struct AttemptRecord: Codable, Sendable, Equatable {
    /// The job.
    package var job: JobID
    /// The task.
    package var task: TaskID
    /// The epoch of the lease it ran under.
    package var epoch: Int
    /// Who ran it.
    package var worker: WorkerID
    /// When it began, in milliseconds since 1970.
    package var startedMilliseconds: Int64
    /// When it ended; `nil` while it runs.
    package var endedMilliseconds: Int64?
    /// How it ended; `nil` while it runs.
    package var result: AttemptResult?

    /// Makes a record of an attempt.
    package init(
        job: JobID, task: TaskID, epoch: Int, worker: WorkerID, startedMilliseconds: Int64,
        endedMilliseconds: Int64? = nil, result: AttemptResult? = nil
    ) {
        self.job = job
        self.task = task
        self.epoch = epoch
        self.worker = worker
        self.startedMilliseconds = startedMilliseconds
        self.endedMilliseconds = endedMilliseconds
        self.result = result
    }
}
