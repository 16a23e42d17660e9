// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import MartletModel

/// Something that happened, for whoever watches a `Coordinator`.
public enum Event: Sendable, Hashable {
    /// A job was taken in.
    case jobSubmitted(Job.ID)
    /// A job stands elsewhere.
    case jobStateChanged(Job.ID, Job.State)
    /// A job's output is in place.
    case jobCompleted(Job.ID)
    /// A job cannot be done.
    case jobFailed(Job.ID, MartletError)
    /// The share of a job's effort that is done, 0 to 1; never less than before.
    case progress(Job.ID, Double)
    /// A worker began a piece of a job.
    case taskStarted(Job.ID, task: String, worker: String)
    /// A piece of a job is there.
    case taskCompleted(Job.ID, task: String, frames: Int)
    /// A piece of a job cannot be made.
    case taskFailed(Job.ID, task: String, reason: String)
    /// A piece of a job failed and is tried again.
    case taskRetried(Job.ID, task: String, reason: String)
    /// A worker joined.
    case workerRegistered(String)
    /// A worker left.
    case workerUnregistered(String)
    /// One sentence that the user should read.
    case warning(Job.ID, String)

    /// The same from the core; `nil` for what only the core's own displays show.
    init?(_ event: MartletModel.Event) {
        switch event {
        case .jobSubmitted(let job): self = .jobSubmitted(Job.ID(job))
        case .jobStateChanged(let job, let state): self = .jobStateChanged(Job.ID(job), Job.State(state))
        case .jobCompleted(let job): self = .jobCompleted(Job.ID(job))
        case .jobFailed(let job, let code, let message):
            self = .jobFailed(Job.ID(job), MartletError(code: code, message: message))
        case .taskStarted(let job, let task, let worker, _):
            self = .taskStarted(Job.ID(job), task: task.text, worker: worker.text)
        case .taskCompleted(let job, let task, let frames, _):
            self = .taskCompleted(Job.ID(job), task: task.text, frames: frames)
        case .taskFailed(let job, let task, let message):
            self = .taskFailed(Job.ID(job), task: task.text, reason: message)
        case .taskRetried(let job, let task, _, let reason):
            self = .taskRetried(Job.ID(job), task: task.text, reason: reason)
        case .workerRegistered(let worker): self = .workerRegistered(worker.text)
        case .workerUnregistered(let worker): self = .workerUnregistered(worker.text)
        case .progress(let job, _, let fraction, _, _): self = .progress(Job.ID(job), fraction)
        case .warning(let job, let sentence): self = .warning(Job.ID(job), sentence)
        case .workerStateChanged, .taskProgress: return nil
        }
    }
}
