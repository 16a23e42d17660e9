// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

/// An encoded file with one track of a stream, and when its packets are to be shown.
package struct EncodedPart: Sendable, Equatable, Codable {
    /// One segment of the part.
    package struct Piece: Sendable, Equatable, Codable {
        /// Its number in the stream, from 0.
        package var segment: Int
        /// How many of the file's packets it has, at least 1.
        package var packets: Int

        /// Makes a piece.
        package init(segment: Int, packets: Int) {
            self.segment = segment
            self.packets = packets
        }
    }

    /// How the first wanted packet is found.
    package enum Start: Sendable, Equatable, Codable {
        /// So many packets come before it.
        case afterPackets(Int)
        /// It begins at this time of the file's clock, in microseconds, give or take the tolerance.
        case at(microseconds: Int64, tolerance: Int64)
    }

    /// Where the file lies.
    package var path: String
    /// Which packet is the first that is wanted.
    package var start: Start
    /// The segments, one after the other.
    package var pieces: [Piece]
    /// The clock of `times`.
    package var timeBase: TimeBase
    /// When what is wanted is shown, ascending, with the end of the last at the end; before them the times of as many
    /// earlier frames as the decode order may run ahead.
    package var times: [Int64]
    /// By how many microseconds the file's clock is ahead of that of `times`; `nil` when no packet may be missing.
    ///
    /// A damaged film shows fewer frames than its packets promise; those that are there keep their times then.
    package var clockLead: Int64?
    /// By how many frames the decode order may run ahead of the display order; 0 for sound.
    package var depth: Int
    /// How the segments are wrapped.
    package var container: SegmentContainer

    /// Makes a part from its parts.
    package init(
        path: String, start: Start, pieces: [Piece], timeBase: TimeBase, times: [Int64], depth: Int,
        container: SegmentContainer, clockLead: Int64? = nil
    ) {
        self.path = path
        self.start = start
        self.pieces = pieces
        self.timeBase = timeBase
        self.times = times
        self.depth = depth
        self.container = container
        self.clockLead = clockLead
    }
}
