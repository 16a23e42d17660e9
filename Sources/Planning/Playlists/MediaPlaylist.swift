// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

/// The text of a media playlist: one rendition, and its segments.
///
/// Source: RFC 8216, section 4.3
package struct MediaPlaylist: Sendable, Equatable {
    /// A segment.
    package struct Entry: Sendable, Equatable {
        /// How long it is, in microseconds.
        package var microseconds: Int64
        /// Where it is, relative to the playlist.
        package var uri: String

        /// Makes an entry.
        package init(microseconds: Int64, uri: String) {
            self.microseconds = microseconds
            self.uri = uri
        }
    }

    /// Whether the list is the whole film's.
    package enum Extent: Sendable, Equatable {
        /// All segments are in it.
        case whole
        /// More will be added behind the last.
        case growing
        /// It grew, and does not any more.
        case grown
    }

    /// The segments in order.
    package var entries: [Entry]
    /// Where the initialization is, relative to the playlist; `nil` for containers without one.
    package var map: String?
    /// The longest duration of a segment in any rendition of the film, in whole seconds, rounded to nearest.
    package var targetDuration: Int
    /// Whether every segment begins with a picture that needs no other.
    package var isIndependent: Bool
    /// Whether every segment is a single picture.
    package var isPictures = false
    /// Whether more segments will come.
    package var extent = Extent.whole

    /// Makes a playlist.
    package init(entries: [Entry], map: String?, targetDuration: Int, isIndependent: Bool) {
        self.entries = entries
        self.map = map
        self.targetDuration = targetDuration
        self.isIndependent = isIndependent
    }

    /// The target duration for segments of these lengths, at least 1.
    package static func targetDuration(_ microseconds: some Sequence<Int64>) -> Int {
        Int(max(1, ((microseconds.max() ?? 0) + 500_000) / 1_000_000))
    }

    /// The playlist.
    package var text: String {
        var lines = ["#EXTM3U", "#EXT-X-VERSION:\(map == nil ? 6 : 7)", "#EXT-X-TARGETDURATION:\(targetDuration)"]
        lines += ["#EXT-X-MEDIA-SEQUENCE:0", "#EXT-X-PLAYLIST-TYPE:\(extent == .whole ? "VOD" : "EVENT")"]
        if isPictures { lines.append("#EXT-X-I-FRAMES-ONLY") }
        if isIndependent { lines.append("#EXT-X-INDEPENDENT-SEGMENTS") }
        if let map { lines.append("#EXT-X-MAP:URI=\"\(map)\"") }
        for entry in entries { lines += ["#EXTINF:\(Self.seconds(entry.microseconds)),", entry.uri] }
        if extent != .growing { lines.append("#EXT-X-ENDLIST") }
        return lines.joined(separator: "\n") + "\n"
    }

    /// Seconds with six decimals.
    static func seconds(_ microseconds: Int64) -> String {
        let fraction = String(microseconds % 1_000_000)
        return "\(microseconds / 1_000_000)." + String(repeating: "0", count: 6 - fraction.count) + fraction
    }
}
