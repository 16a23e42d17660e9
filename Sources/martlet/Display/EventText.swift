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

    /// The line of an event for people; `nil` for what only `--verbose` tells.
    static func line(_ event: Event, isVerbose: Bool) -> String? {
        switch event {
        case .jobSubmitted(let job): return "\(job): submitted"
        case .jobStateChanged(let job, let state):
            return state == .completed || state == .failed ? nil : "\(job): \(JobText.words(state))"
        case .jobCompleted(let job): return "\(job): completed"
        case .jobFailed(let job, let code, let message): return "\(job): failed: \(message) (\(code))"
        case .taskFailed(let job, let task, let message): return "\(job): \(task): failed: \(message)"
        case .workerRegistered(let worker): return "worker \(worker): here"
        case .workerStateChanged(let worker, let state):
            let isUsual = state == .idle || state == .processing
            return isUsual && !isVerbose ? nil : "worker \(worker): \(state.rawValue)"
        case .workerUnregistered(let worker): return "worker \(worker): gone"
        case .warning(let job, let message): return "\(job): warning: \(message)"
        case .progress(let job, let stage, let fraction, let framesPerSecond, let remaining):
            var parts = [Figures.percent(fraction), stage.rawValue]
            if framesPerSecond > 0 { parts.append(Figures.decimal(framesPerSecond, 1) + " fps") }
            if let remaining { parts.append(Figures.clock(remaining) + " left") }
            return "\(job): " + parts.joined(separator: ", ")
        case .taskStarted(let job, let task, let worker, let attempt):
            return isVerbose ? "\(job): \(task): started on \(worker), attempt \(attempt)" : nil
        case .taskProgress(let job, let task, let frames, let total):
            return isVerbose ? "\(job): \(task): \(frames) of \(Figures.count(total, "frame"))" : nil
        case .taskCompleted(let job, let task, let frames, let reused):
            let how = reused ? "taken over" : "done"
            return isVerbose ? "\(job): \(task): \(how), \(Figures.count(frames, "frame"))" : nil
        case .taskRetried(let job, let task, let attempt, let reason):
            return isVerbose ? "\(job): \(task): attempt \(attempt) follows: \(reason)" : nil
        }
    }

    private static func object(_ name: String, _ job: JobID?, _ members: (key: String, value: JSON)...) -> JSON {
        .object([("event", .text(name))] + (job.map { [("job_id", JSON.text($0.text))] } ?? []) + members)
    }
}
