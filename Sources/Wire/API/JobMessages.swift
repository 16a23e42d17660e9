// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletModel

/// `POST /api/v1/jobs`: what is to be done.
package struct JobSubmission: Sendable, Equatable, Codable {
    /// What the user calls the job; the source's file name when missing.
    package var name: String?
    /// The source: `ROOT:path`, or an absolute path inside a root.
    package var source: String
    /// The output, written likewise.
    package var output: String
    /// What the user wants of the result; defaults where missing.
    package var params: JobParameters?
    /// `low`, `normal`, `high` or `critical`; `normal` when missing.
    package var priority: String?
    /// The wanted length of a segment, in seconds.
    package var segmentDurationS: Double?
    /// Where the job's end is told, by `POST`.
    package var callbackURL: String?
    /// `none`, `counts` or `full`; `counts` when missing.
    package var verify: String?
    /// Whether an existing output may be replaced.
    package var overwrite: Bool?
    /// Where a stream begins, in seconds into the source: the job then is a stream that a worker serves itself, and
    /// `output` is the stream's name.
    package var startTime: Double?
    /// Whether the parts of a stream come from several workers.
    package var isMeshMode: Bool?

    /// The JSON names.
    enum CodingKeys: String, CodingKey {
        case name, source, output, params, priority, verify, overwrite
        case startTime = "start_time"
        case isMeshMode = "is_mesh_mode"
        case segmentDurationS = "segment_duration_s"
        case callbackURL = "callback_url"
    }

    /// Makes a submission.
    package init(source: String, output: String) {
        self.source = source
        self.output = output
    }

    /// What the job is called.
    ///
    /// - Parameter source: where the source was found.
    package func name(for source: MediaAddress) -> String {
        name.flatMap { $0.isEmpty ? nil : $0 } ?? source.name
    }
}

/// `params` of a submission: each value as it is typed for the option of the same name.
package struct JobParameters: Sendable, Equatable, Codable {
    /// A codec's or an encoder's name, or `copy`.
    package var codec: String?
    /// A container's name; by the output's suffix when missing.
    package var container: String?
    /// Such as `1080p` or `1280x720`.
    package var resolution: String?
    /// Such as `10M`.
    package var bitrate: String?
    /// Such as `25` or `30000/1001`.
    package var frameRate: String?
    /// Every other encoding option, by its name with `_` for `-`; values as typed, numbers and booleans also bare.
    package var options: [String: String]?

    /// The JSON names.
    enum CodingKeys: String, CodingKey {
        case codec, container, resolution, bitrate, options
        case frameRate = "frame_rate"
    }

    /// Makes parameters that say nothing.
    package init() {}

    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        codec = try values.decodeIfPresent(String.self, forKey: .codec)
        container = try values.decodeIfPresent(String.self, forKey: .container)
        resolution = try values.decodeIfPresent(String.self, forKey: .resolution)
        bitrate = try values.decodeIfPresent(TypedValue.self, forKey: .bitrate)?.text
        frameRate = try values.decodeIfPresent(TypedValue.self, forKey: .frameRate)?.text
        var options = try values.decodeIfPresent([String: TypedValue].self, forKey: .options)?.mapValues(\.text) ?? [:]
        // Options that stand a step too high are meant all the same.
        let others = try decoder.container(keyedBy: AnyKey.self)
        for key in others.allKeys where CodingKeys(stringValue: key.stringValue) == nil {
            guard let value = try? others.decode(TypedValue.self, forKey: key) else { continue }
            options[key.stringValue] = options[key.stringValue] ?? value.text
        }
        self.options = options.isEmpty ? nil : options
    }

    private struct AnyKey: CodingKey {
        var stringValue: String
        var intValue: Int? { nil }
        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }

    /// A value as it is typed for an option; numbers and `true` need no quotes.
    private struct TypedValue: Decodable {
        var text: String

        init(from decoder: any Decoder) throws {
            let value = try decoder.singleValueContainer()
            if let flag = try? value.decode(Bool.self) {
                text = flag ? "true" : "false"
            } else if let number = try? value.decode(Int64.self) {
                text = "\(number)"
            } else if let number = try? value.decode(Double.self) {
                text = "\(number)"
            } else {
                text = try value.decode(String.self)
            }
        }
    }
}

/// A job, as the API shows it.
package struct JobView: Sendable, Equatable, Codable {
    package var id: JobID
    package var name: String
    package var source: String
    package var output: String
    package var state: JobState
    package var priority: String
    /// 0 to 1.
    package var progress: Double
    /// What it is at, while it is processing.
    package var stage: JobStage?
    package var fps: Double?
    package var etaS: Double?
    /// Picture frames of the result; `nil` before it is planned.
    package var frames: Int?
    package var segments: Int?
    package var reusedSegments: Int
    package var tasksTotal: Int
    package var tasksCompleted: Int
    /// In milliseconds since 1970.
    package var createdMs: Int64
    package var finishedMs: Int64?
    /// Why it failed, or why it waits.
    package var error: ProblemView?
    /// Bytes of the output; `nil` until completed.
    package var outputBytes: Int64?
    /// Where its end is told.
    package var callbackURL: String?
    /// Where it is served; `nil` for what is no stream, and until somebody serves it.
    package var streamURL: String?
    package var warnings: [String]

    /// The JSON names.
    enum CodingKeys: String, CodingKey {
        case id, name, source, output, state, priority, progress, stage, fps, frames, segments, error, warnings
        case etaS = "eta_s"
        case reusedSegments = "reused_segments"
        case tasksTotal = "tasks_total"
        case tasksCompleted = "tasks_completed"
        case createdMs = "created_ms"
        case finishedMs = "finished_ms"
        case outputBytes = "output_bytes"
        case callbackURL = "callback_url"
        case streamURL = "stream_url"
    }

    /// Makes a view of a job that is not planned yet.
    package init(
        id: JobID, name: String, source: String, output: String, state: JobState, priority: String, createdMs: Int64
    ) {
        self.id = id
        self.name = name
        self.source = source
        self.output = output
        self.state = state
        self.priority = priority
        self.createdMs = createdMs
        progress = 0
        reusedSegments = 0
        tasksTotal = 0
        tasksCompleted = 0
        warnings = []
    }
}

/// One page of jobs, newest first.
package struct JobPage: Sendable, Equatable, Codable {
    package var jobs: [JobView]
    /// What to send as `cursor` for the next page; `nil` on the last.
    package var nextCursor: String?

    /// The JSON names.
    enum CodingKeys: String, CodingKey {
        case jobs
        case nextCursor = "next_cursor"
    }

    /// Makes a page.
    package init(jobs: [JobView], nextCursor: String?) {
        self.jobs = jobs
        self.nextCursor = nextCursor
    }
}

/// A task, as the API shows it.
package struct TaskView: Sendable, Equatable, Codable {
    package var id: TaskID
    package var kind: String
    package var state: TaskState
    package var encoder: String
    /// The frames that it makes; `nil` without a picture.
    package var frames: Int?
    package var attempts: [AttemptView]
    /// Bytes of its result.
    package var bytes: Int64?

    /// Makes a view.
    package init(
        id: TaskID, kind: String, state: TaskState, encoder: String, frames: Int?, attempts: [AttemptView],
        bytes: Int64?
    ) {
        self.id = id
        self.kind = kind
        self.state = state
        self.encoder = encoder
        self.frames = frames
        self.attempts = attempts
        self.bytes = bytes
    }
}

/// One try at a task.
package struct AttemptView: Sendable, Equatable, Codable {
    package var epoch: Int
    package var worker: WorkerID
    package var startedMs: Int64
    package var endedMs: Int64?
    /// `running`, `completed`, `failed` or `interrupted`.
    package var result: String
    /// Why it failed.
    package var error: ProblemView?
    /// The tail of what ffmpeg said.
    package var log: String?

    /// The JSON names.
    enum CodingKeys: String, CodingKey {
        case epoch, worker, result, error, log
        case startedMs = "started_ms"
        case endedMs = "ended_ms"
    }

    /// Makes a view.
    package init(
        epoch: Int, worker: WorkerID, startedMs: Int64, endedMs: Int64?, result: String, error: ProblemView?,
        log: String?
    ) {
        self.epoch = epoch
        self.worker = worker
        self.startedMs = startedMs
        self.endedMs = endedMs
        self.result = result
        self.error = error
        self.log = log
    }
}

/// What went wrong, inside other messages.
package struct ProblemView: Sendable, Equatable, Codable {
    /// The stable name, `module.reason`.
    package var code: String
    package var message: String
    /// What to do about it; `nil` when the message says it.
    package var advice: String?
    /// The exit code that the program ends with for it; `nil` when whoever says this does not know.
    package var exitCode: Int32?
    /// What ffmpeg said, at each attempt; `nil` when it has no part in it, or another field holds it.
    package var log: String?

    /// The JSON names.
    enum CodingKeys: String, CodingKey {
        case code, message, advice, log
        case exitCode = "exit_code"
    }

    /// Makes it.
    package init(
        code: String, message: String, advice: String? = nil, exitCode: Int32? = nil, log: String? = nil
    ) {
        self.code = code
        self.message = message
        self.advice = advice
        self.exitCode = exitCode
        self.log = log
    }

    /// Takes over what an error says of itself.
    package init(_ error: any CodedError) {
        self.init(
            code: error.codeName, message: error.message, advice: error.advice, exitCode: error.exitStatus.rawValue)
    }
}
