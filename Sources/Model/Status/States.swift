// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

/// Where a job stands.
///
/// `benchmarking` belongs to the names that programs may meet: a job is in it while the workers that it needs measure
/// themselves. A job on one machine waits for no measurement and never is.
package enum JobState: String, Codable, Sendable, CaseIterable {
    case queued, waitingForWorkers, benchmarking, processing, combining, completed, failed, cancelled

    /// Whether nothing follows.
    package var isFinal: Bool { self == .completed || self == .failed || self == .cancelled }
}

/// What a job is at, for people; the stages that a job has come in this order.
package enum JobStage: String, Codable, Sendable, CaseIterable {
    /// The source, whose clock jumps, is being copied to one time line.
    case restamping
    /// Quick encodes tell how a bit rate is to be shared out.
    case analysing
    /// Segments are encoded and measured until they reach a target quality.
    case searching
    /// Segments, sound and subtitles are being encoded.
    case encoding
    /// The results are being joined.
    case joining
    /// The joined file is being compared with its source.
    case checking
}

/// Where a task stands.
package enum TaskState: String, Codable, Sendable, CaseIterable {
    case pending, queued, running, completed, failed, cancelled, retrying

    /// Whether nothing follows.
    package var isFinal: Bool { self == .completed || self == .failed || self == .cancelled }
}

/// What a worker does.
package enum WorkerState: String, Codable, Sendable, CaseIterable {
    case connected, benchmarking, idle, processing, draining, disconnected
}

/// How well a worker is.
package enum WorkerHealth: String, Codable, Sendable, CaseIterable {
    case healthy, degraded, unhealthy, offline
}

/// How one try at a task ended.
package enum AttemptResult: Codable, Sendable, Hashable {
    /// The result is proved.
    case completed(Artifact)
    /// It did not work.
    case failed(AttemptFailure)
    /// The worker gave it back unfinished: it stopped, or was told to.
    case interrupted
}

/// Why an attempt did not work: an error that can be kept and sent.
package struct AttemptFailure: CodedError, Codable, Hashable {
    /// The code name of the error, `module.reason`.
    package var code: String
    package var message: String
    package var advice: String?
    /// The tail of ffmpeg's messages; empty when it said nothing.
    package var log: String
    package var isRetryable: Bool
    package var exitStatus: ExitStatus

    /// Makes a failure from its parts.
    package init(
        code: String, message: String, advice: String? = nil, log: String = "", isRetryable: Bool,
        exitStatus: ExitStatus = .jobFailed
    ) {
        self.code = code
        self.message = message
        self.advice = advice
        self.log = log
        self.isRetryable = isRetryable
        self.exitStatus = exitStatus
    }

    /// Takes over what an error says of itself.
    package init(_ error: any Error) {
        guard let error = error as? any CodedError else {
            self.init(code: "worker.failed", message: "\(error)", isRetryable: true)
            return
        }
        self.init(
            code: error.codeName, message: error.message, advice: error.advice, log: error.log,
            isRetryable: error.isRetryable, exitStatus: error.exitStatus)
    }

    package var codeName: String { code }
}
