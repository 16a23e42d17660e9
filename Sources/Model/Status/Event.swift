// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

/// Something that happened, for whoever watches.
package enum Event: Sendable, Equatable {
    case jobSubmitted(JobID)
    case jobStateChanged(JobID, JobState)
    case jobCompleted(JobID)
    case jobFailed(JobID, code: String, message: String)
    case taskStarted(JobID, TaskID, WorkerID, attempt: Int)
    case taskCompleted(JobID, TaskID, frames: Int, reused: Bool)
    case taskFailed(JobID, TaskID, message: String)
    case taskRetried(JobID, TaskID, attempt: Int, reason: String)
    case workerRegistered(WorkerID)
    case workerStateChanged(WorkerID, WorkerState)
    case workerUnregistered(WorkerID)
    /// Share of the job's effort that is done, 0 to 1, never less than before; output frames a second; seconds to go
    /// (`nil`: unknown).
    case progress(JobID, JobStage, fraction: Double, framesPerSecond: Double, remainingSeconds: Double?)
    /// How far one task is: frames out of all.
    case taskProgress(JobID, TaskID, frames: Int, of: Int)
    /// One sentence that the user should read.
    case warning(JobID, String)

    /// The job that it is about; `nil` for those of workers.
    package var job: JobID? {
        switch self {
        case .jobSubmitted(let job), .jobStateChanged(let job, _), .jobCompleted(let job), .jobFailed(let job, _, _),
            .taskStarted(let job, _, _, _), .taskCompleted(let job, _, _, _), .taskFailed(let job, _, _),
            .taskRetried(let job, _, _, _), .progress(let job, _, _, _, _), .taskProgress(let job, _, _, _),
            .warning(let job, _):
            job
        case .workerRegistered, .workerStateChanged, .workerUnregistered: nil
        }
    }
}
