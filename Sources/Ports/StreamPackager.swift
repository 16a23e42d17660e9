// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletModel

/// Puts what ffmpeg encoded into segments that players take.
package protocol StreamPackager: Sendable {
    /// Makes segments of one encoded file, each with the exact times of what it shows.
    ///
    /// The bytes depend on the part alone, and not on where or when it is packaged.
    ///
    /// - Throws: a `CodedError` when the file is not what was asked for: another number of packets, or frames in an
    ///   order that was not planned.
    func package(_ part: EncodedPart) async throws -> PackagedPart
}

/// How segments are wrapped.
package enum SegmentContainer: String, Sendable, Hashable, Codable {
    /// Fragmented MP4, after an initialization of its own (CMAF).
    case mp4
    /// MPEG-TS.
    case ts

    /// The suffix of a segment's file.
    package var suffix: String { self == .mp4 ? "m4s" : "ts" }
}

/// An encoded file with one track of a stream, and when its packets are to be shown.
package struct EncodedPart: Sendable {
    /// One segment of the part.
    package struct Piece: Sendable, Equatable {
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

    /// Where the file lies.
    package var path: String
    /// How many packets come before the first that is wanted.
    package var droppedPackets: Int
    /// The segments, one after the other.
    package var pieces: [Piece]
    /// The clock of `times`.
    package var timeBase: TimeBase
    /// When what is wanted is shown, ascending, with the end of the last at the end; before them the times of as many
    /// earlier frames as the decode order may run ahead.
    package var times: [Int64]
    /// By how many frames the decode order may run ahead of the display order; 0 for sound.
    package var depth: Int
    /// How the segments are wrapped.
    package var container: SegmentContainer

    /// Makes a part from its parts.
    package init(
        path: String, droppedPackets: Int, pieces: [Piece], timeBase: TimeBase, times: [Int64], depth: Int,
        container: SegmentContainer
    ) {
        self.path = path
        self.droppedPackets = droppedPackets
        self.pieces = pieces
        self.timeBase = timeBase
        self.times = times
        self.depth = depth
        self.container = container
    }
}

/// Segments as players take them.
package struct PackagedPart: Sendable, Equatable {
    /// What stands before every segment of the rendition; empty for containers without it.
    package var initialization: [UInt8]
    /// The segments by their numbers.
    package var segments: [(number: Int, bytes: [UInt8])]
    /// The codec's name as the initialization has it, RFC 6381; `nil` where the codec is not known.
    package var codecName: String?

    /// Makes a part from its parts.
    package init(initialization: [UInt8], segments: [(number: Int, bytes: [UInt8])], codecName: String?) {
        self.initialization = initialization
        self.segments = segments
        self.codecName = codecName
    }

    package static func == (left: PackagedPart, right: PackagedPart) -> Bool {
        left.initialization == right.initialization && left.codecName == right.codecName
            && left.segments.elementsEqual(right.segments) { $0.number == $1.number && $0.bytes == $1.bytes }
    }
}
