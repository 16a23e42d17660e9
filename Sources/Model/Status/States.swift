// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

/// Where a job stands.
package enum JobState: String, Codable, Sendable, CaseIterable {
    case queued, waitingForWorkers, benchmarking, processing, combining, completed, failed, cancelled

    /// Whether nothing follows.
    package var isFinal: Bool { self == .completed || self == .failed || self == .cancelled }
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
    /// It did not work; `log` is the tail of ffmpeg's messages.
    case failed(code: String, message: String, log: String, isRetryable: Bool)
    /// The worker gave it back unfinished: it stopped, or was told to.
    case interrupted
}
