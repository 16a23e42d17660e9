// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

/// What the files that are served are called in `Content-Type`.
package enum MediaType {
    /// JSON.
    package static let json = "application/json"
    /// A playlist of HLS.
    package static let playlist = "application/vnd.apple.mpegurl"
    /// Subtitles, and where the pictures of a film are.
    package static let webVTT = "text/vtt; charset=utf-8"
    /// MP4, whole or in segments.
    package static let mp4 = "video/mp4"
    /// Bytes of which nothing is said.
    package static let bytes = "application/octet-stream"

    /// The media type of a file by its suffix.
    ///
    /// - Parameter name: the file's name or path.
    package static func of(_ name: String) -> String {
        switch name.split(separator: ".").last?.lowercased() {
        case "mp4", "m4v", "m4s": mp4
        case "ts": "video/mp2t"
        case "m3u8": playlist
        case "vtt": webVTT
        case "mkv": "video/x-matroska"
        case "webm": "video/webm"
        case "mov": "video/quicktime"
        case "jpg": "image/jpeg"
        default: bytes
        }
    }
}
