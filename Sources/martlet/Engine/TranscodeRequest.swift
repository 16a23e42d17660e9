// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletModel
import MartletPorts

/// One film to be transcoded, and how the work is to be done.
struct TranscodeRequest: Sendable, Equatable {
    /// The source's path, as given.
    var input: String
    /// Where the result goes, as given; for a plan alone it need not be writable.
    var output: String
    /// What is to be done; decides every byte of the result.
    var parameters: TranscodeParameters
    /// Encodes at once; `0` by the machine.
    var workers = 0
    /// How urgent it is.
    var priority: Priority = .normal
    /// How much the result is checked.
    var verification: VerificationLevel = .counts
    /// Where state and segments are kept; `nil` beside the output.
    var workDirectory: String?
    /// Whether an output that exists is replaced.
    var overwrite = false
    /// Whether state and segments stay after success.
    var keepWork = false
    /// What the user calls the job; `nil` for the input's file name.
    var name: String?
    /// Added to the niceness of ffmpeg, 0 to 19.
    var niceness = 0
}

/// How a transcode ended.
struct TranscodeOutcome: Sendable, Equatable {
    /// The job.
    var job: JobID
    /// The path of the result.
    var output: String
    /// Frames in the result; 0 without a picture.
    var frames: Int
    /// Segments of the picture.
    var segments: Int
    /// Segments that were taken over from an earlier run.
    var reusedSegments: Int
    /// Wall time from start to end, in seconds.
    var seconds: Double
    /// The source's size.
    var sourceSize: ByteCount
    /// The result's size.
    var outputSize: ByteCount
    /// What was checked; `nil` when nothing was asked for.
    var verification: VerificationReport?
    /// How alike source and result are; `nil` unless measured.
    var quality: QualityReport?
    /// What the user should know, one sentence each.
    var warnings: [String]
    /// What of the source is not in the result.
    var omissions: [Omission]
}
