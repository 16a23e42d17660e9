// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletModel

/// A subtitle track of a stream, as WebVTT.
package struct SubtitleRendition: Sendable {
    /// Its name in addresses, such as `s3`.
    package let name: String
    /// The film's stream.
    package let stream: StreamDescription
    /// Its name for people; no two have the same.
    package let title: String
    /// Its language, RFC 5646; `nil` when unknown.
    package let language: String?
    /// Whether it is shown when the viewer chooses nothing.
    package let isDefault: Bool
    /// Whether it is only for those who do not understand some of what is spoken.
    package let isForced: Bool
    /// Roles such as `public.accessibility.describes-music-and-sound`.
    package let characteristics: [String]

    /// The run of ffmpeg that writes it as WebVTT, with times on the film's own clock.
    package var command: FFmpegCommand {
        let before = ["-copyts", "-i"]
        let after = ["-map", "0:\(stream.index)", "-vn", "-an", "-dn", "-c:s", "webvtt", "-f", "webvtt"]
        return FFmpegCommand(before.map { .text($0) } + [.source] + after.map { .text($0) } + [.output])
    }
}
