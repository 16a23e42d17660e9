// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletModel
import MartletWire

/// Jobs, tasks and workers of a cluster as the objects that `--json` prints: the keys are those of the API.
enum ClusterJSON {
    /// The object of a job.
    static func json(of job: JobView) -> JSON { .object(members(of: job)) }

    /// The object of a job with its tasks.
    static func json(of job: JobView, tasks: [TaskView]) -> JSON {
        .object(members(of: job) + [("tasks", .list(tasks.map(json)))])
    }

    /// The object of a worker.
    static func json(of worker: WorkerView) -> JSON {
        .object([
            ("id", .text(worker.id.text)), ("state", .text(worker.state.rawValue)),
            ("health", .text(worker.health.rawValue)), ("slots", .integer(worker.slots)),
            ("paused", .bool(worker.paused ?? false)),
            (
                "running",
                .list(worker.running.map { .object([("job", .text($0.job.text)), ("task", .text($0.task.text))]) })
            ),
            ("os", .text(orNull: worker.os)), ("hw_accel", texts(worker.hwAccel)),
            ("encoders", texts(worker.encoders)), ("ffmpeg", .text(orNull: worker.ffmpeg)),
            ("version", .text(orNull: worker.version)), ("cpu_usage", .number(orNull: worker.cpuUsage, places: 1)),
            ("memory_bytes", .integer(orNull: worker.memoryBytes)),
            ("temperature_c", .number(orNull: worker.temperatureC, places: 1)),
            ("speed", .number(orNull: worker.speed, places: 3)), ("last_heard_ms", .integer(worker.lastHeardMs)),
            ("tasks_completed", .integer(worker.tasksCompleted)), ("tasks_failed", .integer(worker.tasksFailed)),
            ("transport", .text(worker.transport)), ("address", .text(orNull: worker.address)),
        ])
    }

    private static func members(of job: JobView) -> [(key: String, value: JSON)] {
        [
            ("id", .text(job.id.text)), ("name", .text(job.name)), ("source", .text(job.source)),
            ("output", .text(job.output)), ("state", .text(job.state.rawValue)), ("priority", .text(job.priority)),
            ("progress", .number(job.progress, places: 4)), ("stage", .text(orNull: job.stage?.rawValue)),
            ("fps", .number(orNull: job.fps, places: 2)), ("eta_s", .number(orNull: job.etaS, places: 1)),
            ("frames", .integer(orNull: job.frames.map(Int64.init))),
            ("segments", .integer(orNull: job.segments.map(Int64.init))),
            ("reused_segments", .integer(job.reusedSegments)), ("tasks_total", .integer(job.tasksTotal)),
            ("tasks_completed", .integer(job.tasksCompleted)), ("created_ms", .integer(job.createdMs)),
            ("finished_ms", .integer(orNull: job.finishedMs)), ("error", json(of: job.error)),
            ("output_bytes", .integer(orNull: job.outputBytes)), ("callback_url", .text(orNull: job.callbackURL)),
            ("stream_url", .text(orNull: job.streamURL)),
            ("warnings", texts(job.warnings)),
        ]
    }

    private static func json(of task: TaskView) -> JSON {
        .object([
            ("id", .text(task.id.text)), ("kind", .text(task.kind)), ("state", .text(task.state.rawValue)),
            ("encoder", .text(task.encoder)), ("frames", .integer(orNull: task.frames.map(Int64.init))),
            ("attempts", .list(task.attempts.map(json))), ("bytes", .integer(orNull: task.bytes)),
        ])
    }

    private static func json(of attempt: AttemptView) -> JSON {
        .object([
            ("epoch", .integer(attempt.epoch)), ("worker", .text(attempt.worker.text)),
            ("started_ms", .integer(attempt.startedMs)), ("ended_ms", .integer(orNull: attempt.endedMs)),
            ("result", .text(attempt.result)), ("error", json(of: attempt.error)),
            ("log", .text(orNull: attempt.log)),
        ])
    }

    private static func json(of problem: ProblemView?) -> JSON {
        guard let problem else { return .null }
        return .object([
            ("code", .text(problem.code)), ("message", .text(problem.message)),
            ("advice", .text(orNull: problem.advice)),
            ("exit_code", .integer(orNull: problem.exitCode.map(Int64.init))), ("log", .text(orNull: problem.log)),
        ])
    }

    private static func texts(_ texts: [String]) -> JSON { .list(texts.map { .text($0) }) }
}
