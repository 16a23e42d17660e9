// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

/// How segments are wrapped.
package enum SegmentContainer: String, Sendable, Hashable, Codable {
    /// Fragmented MP4, after an initialization of its own (CMAF).
    case mp4
    /// MPEG-TS.
    case ts

    /// The suffix of a segment's file.
    package var suffix: String { self == .mp4 ? "m4s" : "ts" }
}
