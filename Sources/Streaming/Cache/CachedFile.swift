// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletModel

/// The name of a file of the cache: which film, which of its renditions, which file of it.
package struct CacheName: Sendable, Hashable, CustomStringConvertible {
    /// Which film, as parts name it.
    package var film: String
    /// The rendition.
    package var rendition: String
    /// The file, such as `init.mp4` or `17.m4s`.
    package var file: String

    /// Makes a name of parts that stand for themselves in a path.
    package init(film: String, rendition: String, file: String) {
        self.film = film
        self.rendition = rendition
        self.file = file
    }

    /// The name of a segment.
    package init(film: String, rendition: String, segment: Int, container: SegmentContainer) {
        self.init(film: film, rendition: rendition, file: "\(segment).\(container.suffix)")
    }

    /// The file that stands before all segments of a rendition.
    package static let initialization = "init.mp4"
    /// The whole of a subtitle rendition.
    package static let subtitles = "all.vtt"

    /// The path below the cache's directory.
    package var description: String { "\(film)/\(rendition)/\(file)" }

    /// Reads a path; `nil` when it is none of three parts, or could lead elsewhere.
    package init?(path: String) {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 3, parts.allSatisfy(Self.isPlain) else { return nil }
        self.init(film: parts[0], rendition: parts[1], file: parts[2])
    }

    /// Whether a text can be a part of a name.
    package static func isPlain(_ part: String) -> Bool {
        !part.isEmpty && part.first != "."
            && part.utf8.allSatisfy { byte in
                byte == UInt8(ascii: "-") || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "_")
                    || (byte < 0x80 && Character(Unicode.Scalar(byte)).isLetter)
                    || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
            }
    }
}

/// A file of the cache that is there.
package struct CachedFile: Sendable, Equatable {
    /// Its name.
    package var name: CacheName
    /// Where it lies.
    package var path: String
    /// Its size.
    package var size: ByteCount
}
