// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

/// A playlist as a player reads it.
///
/// Source: RFC 8216, section 4
package enum ListedStream {
    /// A tag's attributes.
    package typealias Attributes = [String: String]

    /// A master playlist.
    package struct Master: Sendable {
        /// The qualities: attributes and address.
        package var variants: [(attributes: Attributes, uri: String)] = []
        /// The tracks.
        package var media: [Attributes] = []
    }

    /// A media playlist.
    package struct Media: Sendable {
        /// The segments: seconds as they are written, and address.
        package var segments: [(seconds: Double, uri: String)] = []
        /// The address of the initialization.
        package var map: String?
        /// Every tag without an address behind it, with what follows the colon.
        package var tags: [String: String] = [:]
    }

    /// Reads a master playlist.
    package static func master(_ text: String) -> Master {
        var master = Master()
        var pending: Attributes?
        for line in text.split(separator: "\n").map(String.init) {
            if line.hasPrefix("#EXT-X-STREAM-INF:") {
                pending = attributes(line)
            } else if line.hasPrefix("#EXT-X-MEDIA:") {
                master.media.append(attributes(line))
            } else if !line.hasPrefix("#"), let found = pending {
                master.variants.append((found, line))
                pending = nil
            }
        }
        return master
    }

    /// Reads a media playlist.
    package static func media(_ text: String) -> Media {
        var media = Media()
        var seconds: Double?
        for line in text.split(separator: "\n").map(String.init) {
            if line.hasPrefix("#EXTINF:") {
                seconds = Double(line.dropFirst(8).prefix { $0 != "," })
            } else if line.hasPrefix("#EXT-X-MAP:") {
                media.map = attributes(line)["URI"]
            } else if line.hasPrefix("#") {
                let parts = line.split(separator: ":", maxSplits: 1)
                media.tags[String(parts[0])] = parts.count > 1 ? String(parts[1]) : ""
            } else if let found = seconds {
                media.segments.append((found, line))
                seconds = nil
            }
        }
        return media
    }

    /// The attributes of a tag; quotes are taken off, and what stands in them is kept whole.
    static func attributes(_ line: String) -> Attributes {
        var attributes: Attributes = [:]
        var (key, value, isKey, isQuoted) = ("", "", true, false)
        func end() {
            if !key.isEmpty { attributes[key] = value }
            (key, value, isKey) = ("", "", true)
        }
        for character in line.drop(while: { $0 != ":" }).dropFirst() {
            switch character {
            case "\"": isQuoted.toggle()
            case ",": if isQuoted { value.append(character) } else { end() }
            case "=": if isKey { isKey = false } else { value.append(character) }
            default: if isKey { key.append(character) } else { value.append(character) }
            }
        }
        end()
        return attributes
    }
}
