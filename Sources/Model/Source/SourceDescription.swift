// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

/// What a media file contains, as its container and the first decoded frames tell it.
package struct SourceDescription: Codable, Sendable, Equatable {
    /// The absolute path of the file.
    package var path: String
    /// Which content the path held when it was read.
    package var fingerprint: Fingerprint
    /// The demuxer's short names, such as `mov,mp4,m4a,3gp,3g2,mj2` or `matroska,webm`.
    package var formatName: String
    /// Whether the container's clock has no meaningful zero (MPEG-TS, MPEG-PS):
    /// outputs then start at zero.
    package var hasArbitraryOrigin: Bool
    /// The smallest start time of all streams, in microseconds; what the `-ss`
    /// option of ffmpeg is relative to. `0` when unknown.
    package var startTimeMicroseconds: Int64
    /// The container's duration in microseconds; `nil` when it does not say.
    package var durationMicroseconds: Int64?
    /// The file's total bit rate; `nil` when unknown.
    package var bitRate: BitRate?
    /// The container's tags, in file order.
    package var tags: [Tag]
    /// The streams, in file order; `streams[i].index == i`.
    package var streams: [StreamDescription]
    /// The chapters, in file order.
    package var chapters: [Chapter]

    /// Makes a description from its parts.
    package init(
        path: String, fingerprint: Fingerprint, formatName: String, hasArbitraryOrigin: Bool = false,
        startTimeMicroseconds: Int64 = 0, durationMicroseconds: Int64? = nil, bitRate: BitRate? = nil,
        tags: [Tag] = [], streams: [StreamDescription], chapters: [Chapter] = []
    ) {
        self.path = path
        self.fingerprint = fingerprint
        self.formatName = formatName
        self.hasArbitraryOrigin = hasArbitraryOrigin
        self.startTimeMicroseconds = startTimeMicroseconds
        self.durationMicroseconds = durationMicroseconds
        self.bitRate = bitRate
        self.tags = tags
        self.streams = streams
        self.chapters = chapters
    }

    /// The picture stream to encode: the first default one, else the first; cover pictures never count.
    package var mainVideo: StreamDescription? {
        let pictures = streams.filter { $0.kind == .video && !$0.disposition.contains(.attachedPicture) }
        return pictures.first { $0.disposition.contains(.default) } ?? pictures.first
    }

    /// The streams of one kind, in file order.
    package func streams(of kind: StreamKind) -> [StreamDescription] { streams.filter { $0.kind == kind } }
}

/// Identifies the content of a file without reading it all.
package struct Fingerprint: Hashable, Codable, Sendable {
    /// The file's size.
    package var size: ByteCount
    /// When the file was last modified, in nanoseconds since 1970.
    package var modifiedNanoseconds: Int64
    /// SHA-256 over the first and the last 64 KiB, as 64 hexadecimal digits.
    package var digest: String

    /// Makes a fingerprint from its parts.
    package init(size: ByteCount, modifiedNanoseconds: Int64, digest: String) {
        self.size = size
        self.modifiedNanoseconds = modifiedNanoseconds
        self.digest = digest
    }
}

/// One metadata entry of a container, stream or chapter.
package struct Tag: Hashable, Codable, Sendable {
    /// The key, as FFmpeg names it (`title`, `language`, ...).
    package var key: String
    /// The value.
    package var value: String

    /// Makes an entry.
    package init(_ key: String, _ value: String) {
        self.key = key
        self.value = value
    }
}

/// A named span of the film.
package struct Chapter: Hashable, Codable, Sendable {
    /// The chapter's number in its file.
    package var id: Int64
    /// Where it starts, in ticks of `timeBase`.
    package var start: Int64
    /// Where it ends, in ticks of `timeBase`.
    package var end: Int64
    /// The clock of `start` and `end`.
    package var timeBase: TimeBase
    /// Its tags; `title` is its name.
    package var tags: [Tag]

    /// Makes a chapter from its parts.
    package init(id: Int64, start: Int64, end: Int64, timeBase: TimeBase, tags: [Tag] = []) {
        self.id = id
        self.start = start
        self.end = end
        self.timeBase = timeBase
        self.tags = tags
    }
}
