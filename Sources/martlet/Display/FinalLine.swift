// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletModel
import MartletWire

/// The last line that `--json` prints: how it ended.
struct FinalLine: Sendable, Equatable {
    /// The job; `nil` when there was none.
    var job: JobID?
    /// The path of the result; `nil` when there was to be none.
    var output: String?
    /// Frames in the result.
    var frames = 0
    /// Segments of the picture.
    var segments = 0
    /// Segments that were taken over from an earlier run.
    var reusedSegments = 0
    /// Wall time, in seconds.
    var seconds = 0.0
    /// What went wrong; `nil` when nothing did.
    var error: String?

    /// Takes up how a job of a cluster ended.
    mutating func take(_ job: JobView) {
        self.job = job.id
        frames = job.frames ?? 0
        segments = job.segments ?? 0
        reusedSegments = job.reusedSegments
    }

    /// The object.
    var json: JSON {
        .object(
            [
                ("event", .text(error == nil ? "completed" : "failed")), ("job_id", .text(orNull: job?.text)),
                ("output", .text(orNull: output)), ("frames", .integer(frames)), ("segments", .integer(segments)),
                ("reused_segments", .integer(reusedSegments)), ("seconds", .number(seconds, places: 3)),
            ] + (error.map { [("error", .text($0))] } ?? []))
    }
}
