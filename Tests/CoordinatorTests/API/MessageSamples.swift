// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletModel
import MartletWire
import Testing

/// Messages with everything in them, and with as little as can be.
enum MessageSamples {
    struct Sample: Sendable, CustomTestStringConvertible {
        var schema: String
        var full: [String: JSONValue]
        var least: [String: JSONValue]
        var testDescription: String { schema }

        init(_ schema: String, full: some Encodable, least: some Encodable) {
            self.schema = schema
            self.full = Self.members(full)
            self.least = Self.members(least)
        }

        init(_ schema: String, _ only: some Encodable) { self.init(schema, full: only, least: only) }

        fileprivate init(_ schema: String, merging all: [any Encodable]) {
            let all = all.map(Self.members)
            self.schema = schema
            full = all.reduce(into: [:]) { $0.merge($1) { $1 } }
            least = full.filter { member in all.allSatisfy { $0[member.key] != nil } }
        }

        private static func members(_ value: any Encodable) -> [String: JSONValue] {
            guard let bytes = try? JSONText.bytes(value),
                let members = try? JSONText.value([String: JSONValue].self, from: bytes)
            else { return [:] }
            return members
        }
    }

    static let all: [Sample] = [
        Sample("JobSubmission", full: submission, least: JobSubmission(source: "movies:a", output: "movies:b")),
        Sample("JobParameters", full: submission.params, least: JobParameters()),
        Sample("JobChange", JobChange(priority: "high")),
        Sample("Job", full: job, least: plainJob),
        Sample(
            "JobPage", full: JobPage(jobs: [job, plainJob], nextCursor: "c"), least: JobPage(jobs: [], nextCursor: nil)),
        Sample("Task", full: task, least: plainTask),
        Sample("Attempt", full: attempt, least: plainAttempt),
        Sample("Failure", full: failure, least: ProblemView(code: "a.b", message: "No.")),
        Sample("Worker", full: worker, least: plainWorker),
        Sample("RunningTask", worker.running.first),
        Sample(
            "Stats", StatsView(jobs: ["queued": 1], tasks: ["running": 2], workers: ["idle": 3], fps: 1.5, uptimeS: 2.5)
        ),
        Sample("Source", SourceView(name: "a", source: "uploads:a", sizeBytes: 1, isComplete: false)),
        Sample(
            "Heartbeat",
            full: PlainHeartbeat(
                workerID: WorkerID("w"), ipAddress: "10.0.0.1", port: 8080, os: "linux", hwAccel: ["nvenc"],
                status: "idle",
                cpuUsage: 5), least: PlainHeartbeat(workerID: WorkerID("w"))),
        Sample(
            "StreamStatus",
            full: PlainStatus(
                jobID: JobID("j"), state: "processing", progress: 12.5, fps: 48, streamURL: "http://10.0.0.1/",
                workerID: WorkerID("w"), error: "No."), least: PlainStatus(jobID: JobID("j"), state: "completed")),
        Sample("Acknowledgement", PlainAcknowledgement()),
        Sample("Health", ["status": "ok"]),
        Sample("Event", merging: events.map { EventRecord(id: 1, timeMs: 2, content: $0) }),
        Sample("Problem", full: problem, least: plainProblem),
    ]

    private static var submission: JobSubmission {
        var submission = JobSubmission(source: "movies:a.mkv", output: "movies:a.mp4")
        submission.name = "film"
        submission.priority = "low"
        submission.segmentDurationS = 6
        submission.callbackURL = "http://127.0.0.1:1/done"
        submission.verify = "full"
        submission.overwrite = true
        submission.startTime = 1.5
        submission.isMeshMode = false
        var params = JobParameters()
        params.codec = "av1"
        params.container = "mp4"
        params.resolution = "1080p"
        params.bitrate = "10M"
        params.frameRate = "25"
        params.options = ["preset": "8"]
        submission.params = params
        return submission
    }

    private static let plainJob = JobView(
        id: JobID("job"), name: "film", source: "movies:a.mkv", output: "movies:a.mp4", state: .queued,
        priority: "normal", createdMs: 1)

    private static var job: JobView {
        var job = plainJob
        job.stage = .encoding
        job.fps = 24.5
        job.etaS = 3
        job.frames = 240
        job.segments = 2
        job.finishedMs = 5
        job.error = failure
        job.outputBytes = 7
        job.callbackURL = "http://127.0.0.1:1/done"
        job.streamURL = "http://127.0.0.1:1/hls/film/index.m3u8"
        job.warnings = ["Look."]
        return job
    }

    private static let failure = ProblemView(code: "a.b", message: "No.", advice: "Try.", exitCode: 3, log: "log")
    private static let attempt = AttemptView(
        epoch: 1, worker: WorkerID("w"), startedMs: 1, endedMs: 2, result: "failed", error: failure, log: "log")
    private static let plainAttempt = AttemptView(
        epoch: 1, worker: WorkerID("w"), startedMs: 1, endedMs: nil, result: "running", error: nil, log: nil)
    private static let task = TaskView(
        id: TaskID("video-0001"), kind: "video", state: .completed, encoder: "libx264", frames: 1,
        attempts: [attempt, plainAttempt], bytes: 9)
    private static let plainTask = TaskView(
        id: TaskID("audio-0"), kind: "audio", state: .queued, encoder: "aac", frames: nil, attempts: [], bytes: nil)
    private static let plainWorker = WorkerView(
        id: WorkerID("w"), state: .idle, health: .healthy, slots: 1, transport: "local")

    private static var worker: WorkerView {
        var worker = plainWorker
        worker.running = [.init(job: JobID("job"), task: TaskID("video-0001"))]
        worker.os = "Linux"
        worker.paused = true
        worker.hwAccel = ["nvenc"]
        worker.encoders = ["libx264"]
        worker.ffmpeg = "5.1"
        worker.version = "1"
        worker.cpuUsage = 5
        worker.memoryBytes = 6
        worker.temperatureC = 50.5
        worker.speed = 2.5
        worker.address = "10.0.0.1:8080"
        return worker
    }

    private static let events: [EventRecord.Content] = [
        .gap, .event(.jobFailed(JobID("j"), code: "a.b", message: "No.")),
        .event(.jobStateChanged(JobID("j"), .queued)),
        .event(.taskStarted(JobID("j"), TaskID("t"), WorkerID("w"), attempt: 1)),
        .event(.taskProgress(JobID("j"), TaskID("t"), frames: 1, of: 2)),
        .event(.taskCompleted(JobID("j"), TaskID("t"), frames: 1, reused: true)),
        .event(.taskRetried(JobID("j"), TaskID("t"), attempt: 2, reason: "No.")),
        .event(.workerUnregistered(WorkerID("w"))),
        .event(.progress(JobID("j"), .encoding, fraction: 0.5, framesPerSecond: 24.5, remainingSeconds: 3)),
    ]

    private static let plainProblem = Problem(
        AttemptFailure(code: "a.b", message: "No.", isRetryable: true), title: "Not Found", status: 404, instance: nil)
    private static let problem = Problem(
        AttemptFailure(code: "a.b", message: "No.", advice: "Try.", isRetryable: true), title: "Bad Request",
        status: 400,
        instance: "/a", field: "limit")
}
