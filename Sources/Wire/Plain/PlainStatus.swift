// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletModel

/// `POST /api/v1/jobs/{id}/status`: how far a worker of the plain protocol is with its stream.
package struct PlainStatus: Sendable, Equatable, Codable {
    /// The job.
    package var jobID: JobID
    /// `processing`, `completed`, `failed`, or what else the worker calls it.
    package var state: String
    /// Percent of what was assigned, from `start_time` on.
    package var progress: Double?
    /// Output frames a second.
    package var fps: Double?
    /// Where the stream is served, while it is still being encoded too.
    package var streamURL: String?
    /// Who says so; `nil` where a worker does not.
    package var workerID: WorkerID?
    /// Why it failed.
    package var error: String?

    /// The JSON names.
    enum CodingKeys: String, CodingKey {
        case state, progress, fps, error
        case jobID = "job_id"
        case streamURL = "stream_url"
        case workerID = "worker_id"
    }

    /// Makes a status.
    package init(
        jobID: JobID, state: String, progress: Double? = nil, fps: Double? = nil, streamURL: String? = nil,
        workerID: WorkerID? = nil, error: String? = nil
    ) {
        self.jobID = jobID
        self.state = state
        self.progress = progress
        self.fps = fps
        self.streamURL = streamURL
        self.workerID = workerID
        self.error = error
    }
}

/// The answer to a heartbeat or a status.
package struct PlainAcknowledgement: Sendable, Equatable, Codable {
    /// Whether it was taken.
    package var ack: Bool

    /// Makes it.
    package init(ack: Bool = true) { self.ack = ack }
}
