// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletModel

/// `POST http://worker:port/jobs`: what a worker of the plain protocol is to stream.
package struct PlainAssignment: Sendable, Equatable, Codable {
    /// The job.
    package var jobID: JobID
    /// The source below the directory that holds all media roots: `movies/sci-fi/film.mkv` for `movies:sci-fi/film.mkv`.
    package var sourcePath: String
    /// Such as `1080p`; `nil` leaves it to the worker.
    package var resolution: String?
    /// Such as `10M`; `nil` leaves it to the worker.
    package var bitrate: String?
    /// Where the stream begins, in seconds into the source.
    package var startTime: Double
    /// Whether others may make parts of the stream.
    package var isMeshMode: Bool

    /// The path that it is sent to.
    package static let path = "/jobs"

    /// The JSON names.
    enum CodingKeys: String, CodingKey {
        case resolution, bitrate
        case jobID = "job_id"
        case sourcePath = "source_path"
        case startTime = "start_time"
        case isMeshMode = "is_mesh_mode"
    }

    /// Makes an assignment.
    package init(
        jobID: JobID, sourcePath: String, resolution: String?, bitrate: String?, startTime: Double,
        isMeshMode: Bool = false
    ) {
        self.jobID = jobID
        self.sourcePath = sourcePath
        self.resolution = resolution
        self.bitrate = bitrate
        self.startTime = startTime
        self.isMeshMode = isMeshMode
    }

    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        jobID = try values.decode(JobID.self, forKey: .jobID)
        sourcePath = try values.decode(String.self, forKey: .sourcePath)
        resolution = try values.decodeIfPresent(String.self, forKey: .resolution)
        bitrate = try values.decodeIfPresent(String.self, forKey: .bitrate)
        startTime = try values.decodeIfPresent(Double.self, forKey: .startTime) ?? 0
        isMeshMode = try values.decodeIfPresent(Bool.self, forKey: .isMeshMode) ?? false
    }
}
