// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import MartletModel

/// The schemas of everything that the API reads and writes, by name.
///
/// Keys are those that the messages themselves encode, which the tests compare.
enum APISchemas {
    private static func names<Value: RawRepresentable & CaseIterable>(_ type: Value.Type) -> Schema
    where Value.RawValue == String {
        .oneOf(type.allCases.map(\.rawValue))
    }

    private static let priorities = Schema.oneOf(Priority.allCases.map(\.name))

    /// All schemas.
    static let all: [String: Schema] = [
        "JobSubmission": .object([
            Schema.optional("name", .text),
            Schema.always("source", .shortText(upTo: 1000)),
            Schema.always("output", .shortText(upTo: 1000)),
            Schema.optional("params", .named("JobParameters")),
            Schema.optional("priority", priorities),
            Schema.optional("segment_duration_s", .number),
            Schema.optional("callback_url", .text),
            Schema.optional("verify", names(VerificationLevel.self)),
            Schema.optional("overwrite", .boolean),
            Schema.optional("start_time", .number),
            Schema.optional("is_mesh_mode", .boolean),
        ]),
        "JobParameters": .object([
            Schema.optional("codec", .text),
            Schema.optional("container", .text),
            Schema.optional("resolution", .text),
            Schema.optional("bitrate", .text),
            Schema.optional("frame_rate", .text),
            Schema.optional("options", .map(.text)),
        ]),
        "JobChange": .object([Schema.always("priority", priorities)]),
        "Job": .object([
            Schema.always("id", .text),
            Schema.always("name", .text),
            Schema.always("source", .text),
            Schema.always("output", .text),
            Schema.always("state", names(JobState.self)),
            Schema.always("priority", .text),
            Schema.always("progress", .number),
            Schema.maybe("stage", names(JobStage.self)),
            Schema.maybe("fps", .number),
            Schema.maybe("eta_s", .number),
            Schema.maybe("frames", .integer),
            Schema.maybe("segments", .integer),
            Schema.always("reused_segments", .integer),
            Schema.always("tasks_total", .integer),
            Schema.always("tasks_completed", .integer),
            Schema.always("created_ms", .integer),
            Schema.maybe("finished_ms", .integer),
            Schema.maybe("error", .named("Failure")),
            Schema.maybe("output_bytes", .integer),
            Schema.maybe("callback_url", .text),
            Schema.always("warnings", .array(.text)),
        ]),
        "JobPage": .object([
            Schema.always("jobs", .array(.named("Job"))),
            Schema.maybe("next_cursor", .text),
        ]),
        "Task": .object([
            Schema.always("id", .text),
            Schema.always("kind", .text),
            Schema.always("state", names(TaskState.self)),
            Schema.always("encoder", .text),
            Schema.maybe("frames", .integer),
            Schema.always("attempts", .array(.named("Attempt"))),
            Schema.maybe("bytes", .integer),
        ]),
        "Attempt": .object([
            Schema.always("epoch", .integer),
            Schema.always("worker", .text),
            Schema.always("started_ms", .integer),
            Schema.maybe("ended_ms", .integer),
            Schema.always("result", .text),
            Schema.maybe("error", .named("Failure")),
            Schema.maybe("log", .text),
        ]),
        "Failure": .object([
            Schema.always("code", .text),
            Schema.always("message", .text),
            Schema.maybe("advice", .text),
            Schema.maybe("exit_code", .integer),
        ]),
        "Worker": .object([
            Schema.always("id", .text),
            Schema.always("state", names(WorkerState.self)),
            Schema.always("health", names(WorkerHealth.self)),
            Schema.always("slots", .integer),
            Schema.always("running", .array(.named("RunningTask"))),
            Schema.maybe("os", .text),
            Schema.always("hw_accel", .array(.text)),
            Schema.always("encoders", .array(.text)),
            Schema.maybe("ffmpeg", .text),
            Schema.maybe("version", .text),
            Schema.maybe("cpu_usage", .number),
            Schema.maybe("memory_bytes", .integer),
            Schema.maybe("temperature_c", .number),
            Schema.maybe("speed", .number),
            Schema.always("last_heard_ms", .integer),
            Schema.always("tasks_completed", .integer),
            Schema.always("tasks_failed", .integer),
            Schema.always("transport", .text),
            Schema.maybe("address", .text),
        ]),
        "RunningTask": .object([Schema.always("job", .text), Schema.always("task", .text)]),
        "Stats": .object([
            Schema.always("jobs", .map(.integer)),
            Schema.always("tasks", .map(.integer)),
            Schema.always("workers", .map(.integer)),
            Schema.always("fps", .number),
            Schema.always("uptime_s", .number),
        ]),
        "Source": .object([
            Schema.always("name", .text),
            Schema.always("source", .text),
            Schema.always("size_bytes", .integer),
            Schema.always("complete", .boolean),
        ]),
        "Health": .object([Schema.always("status", .text)]),
        "Event": .object([
            Schema.always("id", .integer),
            Schema.always("event", .text),
            Schema.always("time_ms", .integer),
            Schema.maybe("job_id", .text),
            Schema.maybe("task_id", .text),
            Schema.maybe("worker_id", .text),
            Schema.maybe("state", .text),
            Schema.maybe("code", .text),
            Schema.maybe("message", .text),
            Schema.maybe("attempt", .integer),
            Schema.maybe("frames", .integer),
            Schema.maybe("reused", .boolean),
            Schema.maybe("reason", .text),
            Schema.maybe("stage", names(JobStage.self)),
            Schema.maybe("progress", .number),
            Schema.maybe("fps", .number),
            Schema.maybe("eta_s", .number),
        ]),
        "Problem": .object([
            Schema.always("type", .text),
            Schema.always("title", .text),
            Schema.always("status", .integer),
            Schema.always("detail", .text),
            Schema.maybe("advice", .text),
            Schema.maybe("instance", .text),
            Schema.always("code", .text),
            Schema.always("retryable", .boolean),
            Schema.always("exit_code", .integer),
            Schema.maybe("field", .text),
        ]),
    ]
}
