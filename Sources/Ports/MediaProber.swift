// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletModel

/// Reads media files without encoding anything.
package protocol MediaProber: Sendable {
    /// What the file contains.
    ///
    /// - Throws: a `CodedError` with exit status `badInput` when the file is
    ///   missing, not a file, empty, not media, or truncated beyond use.
    func describe(path: String) async throws -> SourceDescription

    /// The displayed frames of one picture stream, from packets or by decoding.
    ///
    /// - Throws: a `CodedError` with exit status `badInput` when no frame can be
    ///   found or the stream has no decoder.
    func index(of source: SourceDescription, stream: Int, method: FrameIndex.Method) async throws -> FrameIndex

    /// What a file that Martlet's own ffmpeg runs made holds: its first stream,
    /// packet by packet, without decoding.
    func inspect(path: String) async throws -> StreamInspection
}

/// What the packets of a one-stream file tell.
package struct StreamInspection: Sendable, Equatable, Codable {
    /// What the stream carries; `nil` when the file has no stream.
    package var kind: StreamKind?
    /// FFmpeg's name of the codec.
    package var codec: String
    /// The clock of `times`.
    package var timeBase: TimeBase
    /// The presentation times of its packets, ascending.
    package var times: [Int64]
    /// First packet's start to last packet's end, in microseconds.
    package var durationMicroseconds: Int64
    /// The packets' bytes, without the container's.
    package var payload: ByteCount

    /// Makes an inspection from its parts.
    package init(
        kind: StreamKind?, codec: String, timeBase: TimeBase, times: [Int64], durationMicroseconds: Int64,
        payload: ByteCount
    ) {
        self.kind = kind
        self.codec = codec
        self.timeBase = timeBase
        self.times = times
        self.durationMicroseconds = durationMicroseconds
        self.payload = payload
    }
}
