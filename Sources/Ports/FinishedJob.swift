// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletModel

/// What a finished job amounts to.
package struct FinishedJob: Codable, Sendable, Equatable {
    /// Picture frames in the output.
    package var frames: Int
    /// The output's size.
    package var size: ByteCount
    /// What the check against the source found; `nil` when none was asked for.
    package var verification: VerificationReport?
    /// How alike output and source are; `nil` when not measured.
    package var quality: QualityReport?
    /// What the output does not have.
    package var omissions: [Omission]
    /// What only showed while joining, one sentence each.
    package var remarks: [String]

    /// Makes it from its parts.
    package init(
        frames: Int, size: ByteCount, verification: VerificationReport? = nil, quality: QualityReport? = nil,
        omissions: [Omission] = [], remarks: [String] = []
    ) {
        self.frames = frames
        self.size = size
        self.verification = verification
        self.quality = quality
        self.omissions = omissions
        self.remarks = remarks
    }
}
