// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletModel

/// Events as the objects that `--json` prints.
enum EventText {
    /// The object of an event.
    static func json(_ event: Event) -> JSON {
        switch event {
        case .jobSubmitted(let job): object("jobSubmitted", job)
        case .jobStateChanged(let job, let state): object("jobStateChanged", job, ("state", .text(state.rawValue)))
        case .jobCompleted(let job): object("jobCompleted", job)
        case .jobFailed(let job, let code, let message):
            object("jobFailed", job, ("code", .text(code)), ("message", .text(message)))
        case .taskStarted(let job, let task, let worker, let attempt):
            object(
                "taskStarted", job, ("task_id", .text(task.text)), ("worker_id", .text(worker.text)),
                ("attempt", .integer(attempt)))
        case .taskCompleted(let job, let task, let frames, let reused):
            object(
                "taskCompleted", job, ("task_id", .text(task.text)), ("frames", .integer(frames)),
                ("reused", .bool(reused)))
        case .taskFailed(let job, let task, let message):
            object("taskFailed", job, ("task_id", .text(task.text)), ("message", .text(message)))
        case .taskRetried(let job, let task, let attempt, let reason):
            object(
                "taskRetried", job, ("task_id", .text(task.text)), ("attempt", .integer(attempt)),
                ("reason", .text(reason)))
        case .workerRegistered(let worker): object("workerRegistered", nil, ("worker_id", .text(worker.text)))
        case .workerStateChanged(let worker, let state):
            object("workerStateChanged", nil, ("worker_id", .text(worker.text)), ("state", .text(state.rawValue)))
        case .workerUnregistered(let worker): object("workerUnregistered", nil, ("worker_id", .text(worker.text)))
        case .progress(let job, let stage, let fraction, let framesPerSecond, let remaining):
            object(
                "progress", job, ("stage", .text(stage.rawValue)), ("progress", .number(fraction, places: 4)),
                ("fps", .number(framesPerSecond, places: 2)), ("eta_s", .number(orNull: remaining, places: 1)))
        case .taskProgress(let job, let task, let frames, let total):
            object(
                "taskProgress", job, ("task_id", .text(task.text)), ("frames", .integer(frames)),
                ("frames_total", .integer(total)))
        case .warning(let job, let message): object("warning", job, ("message", .text(message)))
        }
    }

    private static func object(_ name: String, _ job: JobID?, _ members: (key: String, value: JSON)...) -> JSON {
        .object([("event", .text(name))] + (job.map { [("job_id", JSON.text($0.text))] } ?? []) + members)
    }
}
