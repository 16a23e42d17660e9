// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletModel

/// Puts a whole sound track that ffmpeg encoded into segments that players take.
package protocol TrackPackager: Sendable {
    /// Makes some segments of a track, each packet at the sample that it has in the film.
    ///
    /// Reads the file from its begin to the end of the last wanted segment.
    ///
    /// - Throws: a `CodedError` when the file cannot be read, or holds no sound.
    func package(_ track: EncodedTrack) async throws -> PackagedPart
}

/// The sound of a film in a file of its own, and what is wanted of it.
package struct EncodedTrack: Sendable, Equatable, Codable {
    /// Where the file lies.
    package var path: String
    /// When its content begins on the source's clock, where that is known better than the file tells.
    package var start: MediaTime?
    /// By how many seconds the file's times are later than the source's.
    package var shift: Int64
    /// The zero of the stream on the source's clock, in microseconds.
    package var originMicroseconds: Int64
    /// Added to every time, in seconds.
    package var offsetSeconds: Int
    /// When the wanted segments begin, in microseconds after the zero, and when the last of them ends; at least two.
    package var edges: [Int64]
    /// The number of the first of them in the stream. The stream's first segment takes what comes before it, too.
    package var firstSegment: Int
    /// Whether the last of them is the stream's last, and takes all that follows.
    package var isEnd: Bool

    /// Makes a track from its parts.
    package init(
        path: String, start: MediaTime?, shift: Int64, originMicroseconds: Int64, offsetSeconds: Int, edges: [Int64],
        firstSegment: Int, isEnd: Bool
    ) {
        self.path = path
        self.start = start
        self.shift = shift
        self.originMicroseconds = originMicroseconds
        self.offsetSeconds = offsetSeconds
        self.edges = edges
        self.firstSegment = firstSegment
        self.isEnd = isEnd
    }
}
