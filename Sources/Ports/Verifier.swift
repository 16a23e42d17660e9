// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletModel

/// Checks a finished file against its source.
package protocol Verifier: Sendable {
    /// Compares frame count, presentation times, stream durations and the sync of
    /// sound and picture at both ends.
    ///
    /// - Parameters:
    ///   - output: the file to check.
    ///   - source: what it was made from.
    ///   - index: the source's frames; `nil` when it has no picture.
    ///   - plan: what was planned; `nil` when the file was made elsewhere, and
    ///     then everything of the source is expected.
    func verify(
        output: String, against source: SourceDescription, index: FrameIndex?, plan: JobPlan?
    ) async throws
        -> VerificationReport
}

/// Decodes a finished file next to its source and measures the likeness.
package protocol QualityMeter: Sendable {
    /// Decodes both to the end and compares frame by frame; without a picture, or
    /// where the numbers of frames differ, the output alone is decoded.
    ///
    /// - Parameters:
    ///   - picture: the number of the output's main picture stream; `nil` without one.
    ///   - index: the source's frames; `nil` without a picture.
    func measure(
        output: String, picture: Int?, against source: SourceDescription, index: FrameIndex?,
        progress: @escaping @Sendable (RunProgress) -> Void
    ) async throws -> QualityReport
}

/// What a check found.
package struct VerificationReport: Sendable, Equatable, Codable {
    /// One thing that was looked at.
    package struct Check: Sendable, Equatable, Codable {
        /// What was looked at, such as `frame count`.
        package var name: String
        /// Whether it is as it should be.
        package var passed: Bool
        /// The figures behind it, such as `1323 of 1323`.
        package var detail: String

        /// Makes a check.
        package init(name: String, passed: Bool, detail: String) {
            self.name = name
            self.passed = passed
            self.detail = detail
        }
    }

    /// Everything that was looked at, in order.
    package var checks: [Check]
    /// Frames in the output; 0 without a picture.
    package var frames: Int

    /// Makes a report.
    package init(checks: [Check], frames: Int) {
        self.checks = checks
        self.frames = frames
    }

    /// Whether every check passed.
    package var passed: Bool { checks.allSatisfy(\.passed) }
}

/// How alike two films are; `nil` where ffmpeg lacks the measure.
package struct QualityReport: Sendable, Equatable, Codable {
    /// Frames that decoded in the output.
    package var decodedFrames: Int
    /// Packets of the output that did not decode.
    package var decodeErrors: Int
    /// Structural similarity of all planes, 0 to 1.
    package var ssim: Double?
    /// Peak signal-to-noise ratio in dB; infinite for equal pictures is reported as `nil` with `isLossless`.
    package var psnr: Double?
    /// VMAF, 0 to 100.
    package var vmaf: Double?
    /// Whether every sample is equal.
    package var isLossless: Bool
    /// How the comparison was made where that is not obvious, and why a measure is missing, a sentence each.
    package var remarks: [String]

    /// Makes a report.
    package init(
        decodedFrames: Int, decodeErrors: Int = 0, ssim: Double? = nil, psnr: Double? = nil, vmaf: Double? = nil,
        isLossless: Bool = false, remarks: [String] = []
    ) {
        self.decodedFrames = decodedFrames
        self.decodeErrors = decodeErrors
        self.ssim = ssim
        self.psnr = psnr
        self.vmaf = vmaf
        self.isLossless = isLossless
        self.remarks = remarks
    }
}
