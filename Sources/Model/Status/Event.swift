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
}
