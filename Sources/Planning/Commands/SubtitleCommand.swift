// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletModel

/// The run of ffmpeg that writes a subtitle stream in another form.
package struct SubtitleCommand: Sendable {
    /// The source's subtitle stream.
    package var stream: StreamDescription
    /// FFmpeg's name of the form, such as `mov_text`.
    package var codec: String

    /// Makes a command for one stream.
    package init(stream: StreamDescription, codec: String) {
        self.stream = stream
        self.codec = codec
    }

    /// The suffix of the result's file.
    package var fileExtension: String { codec == "mov_text" ? "mp4" : "mkv" }

    /// The command. FFmpeg calls the encoder of SubRip `srt`.
    package func command() -> FFmpegCommand {
        let encoder = codec == "subrip" ? "srt" : codec
        var text = ["-map", "0:\(stream.index)", "-vn", "-an", "-dn", "-c:s", encoder]
        text += ["-map_metadata", "-1", "-fflags", "+bitexact"]
        text += ["-f", codec == "mov_text" ? "mp4" : "matroska"]
        return FFmpegCommand(
            ["-copyts", "-i"].map { .text($0) } + [.source] + text.map { .text($0) } + [.output])
    }
}
