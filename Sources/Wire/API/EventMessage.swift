// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletModel

/// An event, as the API shows it: one flat object with the event's name under `event`.
package struct EventMessage: Sendable, Equatable, Codable {
    /// What happened.
    package var event: Event

    /// Makes the message of an event.
    package init(_ event: Event) { self.event = event }

    /// The event's name, such as `jobCompleted`.
    package var name: String { kind.rawValue }

    /// The names of events.
    private enum Kind: String, Codable {
        case jobSubmitted, jobStateChanged, jobCompleted, jobFailed
        case taskStarted, taskProgress, taskCompleted, taskFailed, taskRetried
        case workerRegistered, workerStateChanged, workerUnregistered
        case progress, warning
    }

    private enum Key: String, CodingKey {
        case event, state, code, message, attempt, frames, reused, reason, stage, progress, fps
        case job = "job_id"
        case task = "task_id"
        case worker = "worker_id"
        case total = "frames_total"
        case remaining = "eta_s"
    }

    private var kind: Kind {
        switch event {
        case .jobSubmitted: .jobSubmitted
        case .jobStateChanged: .jobStateChanged
        case .jobCompleted: .jobCompleted
        case .jobFailed: .jobFailed
        case .taskStarted: .taskStarted
        case .taskProgress: .taskProgress
        case .taskCompleted: .taskCompleted
        case .taskFailed: .taskFailed
        case .taskRetried: .taskRetried
        case .workerRegistered: .workerRegistered
        case .workerStateChanged: .workerStateChanged
        case .workerUnregistered: .workerUnregistered
        case .progress: .progress
        case .warning: .warning
        }
    }

    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: Key.self)
        func job() throws -> JobID { try values.decode(JobID.self, forKey: .job) }
        func task() throws -> TaskID { try values.decode(TaskID.self, forKey: .task) }
        func worker() throws -> WorkerID { try values.decode(WorkerID.self, forKey: .worker) }
        func text(_ key: Key) throws -> String { try values.decode(String.self, forKey: key) }
        func number(_ key: Key) throws -> Int { try values.decode(Int.self, forKey: key) }
        switch try values.decode(Kind.self, forKey: .event) {
        case .jobSubmitted: event = .jobSubmitted(try job())
        case .jobStateChanged: event = .jobStateChanged(try job(), try values.decode(JobState.self, forKey: .state))
        case .jobCompleted: event = .jobCompleted(try job())
        case .jobFailed: event = .jobFailed(try job(), code: try text(.code), message: try text(.message))
        case .taskStarted: event = .taskStarted(try job(), try task(), try worker(), attempt: try number(.attempt))
        case .taskProgress:
            event = .taskProgress(try job(), try task(), frames: try number(.frames), of: try number(.total))
        case .taskCompleted:
            event = .taskCompleted(
                try job(), try task(), frames: try number(.frames),
                reused: try values.decode(Bool.self, forKey: .reused))
        case .taskFailed: event = .taskFailed(try job(), try task(), message: try text(.message))
        case .taskRetried:
            event = .taskRetried(try job(), try task(), attempt: try number(.attempt), reason: try text(.reason))
        case .workerRegistered: event = .workerRegistered(try worker())
        case .workerStateChanged:
            event = .workerStateChanged(try worker(), try values.decode(WorkerState.self, forKey: .state))
        case .workerUnregistered: event = .workerUnregistered(try worker())
        case .progress:
            event = .progress(
                try job(), try values.decodeIfPresent(JobStage.self, forKey: .stage) ?? .encoding,
                fraction: try values.decode(Double.self, forKey: .progress),
                framesPerSecond: try values.decodeIfPresent(Double.self, forKey: .fps) ?? 0,
                remainingSeconds: try values.decodeIfPresent(Double.self, forKey: .remaining))
        case .warning: event = .warning(try job(), try text(.message))
        }
    }

    package func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: Key.self)
        try values.encode(kind, forKey: .event)
        func name(_ job: JobID, _ task: TaskID? = nil) throws {
            try values.encode(job, forKey: .job)
            try values.encodeIfPresent(task, forKey: .task)
        }
        switch event {
        case .jobSubmitted(let job), .jobCompleted(let job): try name(job)
        case .jobStateChanged(let job, let state):
            try name(job)
            try values.encode(state, forKey: .state)
        case .jobFailed(let job, let code, let message):
            try name(job)
            try values.encode(code, forKey: .code)
            try values.encode(message, forKey: .message)
        case .taskStarted(let job, let task, let worker, let attempt):
            try name(job, task)
            try values.encode(worker, forKey: .worker)
            try values.encode(attempt, forKey: .attempt)
        case .taskProgress(let job, let task, let frames, let total):
            try name(job, task)
            try values.encode(frames, forKey: .frames)
            try values.encode(total, forKey: .total)
        case .taskCompleted(let job, let task, let frames, let reused):
            try name(job, task)
            try values.encode(frames, forKey: .frames)
            try values.encode(reused, forKey: .reused)
        case .taskFailed(let job, let task, let message):
            try name(job, task)
            try values.encode(message, forKey: .message)
        case .taskRetried(let job, let task, let attempt, let reason):
            try name(job, task)
            try values.encode(attempt, forKey: .attempt)
            try values.encode(reason, forKey: .reason)
        case .workerRegistered(let worker), .workerUnregistered(let worker): try values.encode(worker, forKey: .worker)
        case .workerStateChanged(let worker, let state):
            try values.encode(worker, forKey: .worker)
            try values.encode(state, forKey: .state)
        case .progress(let job, let stage, let fraction, let framesPerSecond, let remaining):
            try name(job)
            try values.encode(stage, forKey: .stage)
            try values.encode(fraction, forKey: .progress)
            try values.encode(framesPerSecond, forKey: .fps)
            try values.encodeIfPresent(remaining, forKey: .remaining)
        case .warning(let job, let message):
            try name(job)
            try values.encode(message, forKey: .message)
        }
    }
}
