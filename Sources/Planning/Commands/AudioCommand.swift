// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletModel

/// The run of ffmpeg that encodes one sound track, whole.
///
/// Sound is never cut: every cut would add the encoder's run-in to it.
package struct AudioCommand: Sendable {
    /// The source's sound stream.
    package var stream: StreamDescription
    /// What it becomes, `aac` or `opus`.
    package var codec: AudioCodec
    /// Its bit rate; `nil` for a default by channels.
    package var bitRate: BitRate?

    /// Makes a command for one stream.
    package init(stream: StreamDescription, codec: AudioCodec, bitRate: BitRate?) {
        self.stream = stream
        self.codec = codec
        self.bitRate = bitRate
    }

    /// FFmpeg's name of the encoder.
    package var encoder: String { codec == .opus ? "libopus" : "aac" }

    /// The number of channels that are encoded.
    var channels: Int { min(max(stream.audio?.channels ?? 2, 1), 8) }

    /// The bit rate that is used.
    ///
    /// AAC gets 64 kb/s a channel, Opus 56 kb/s, and 48 kb/s where there are more
    /// than two; a low-frequency channel counts as the others do. Opus takes
    /// 256 kb/s a channel at the most (libopus, `OPUS_SET_BITRATE`).
    package var rate: BitRate {
        if let bitRate {
            return codec == .opus ? min(bitRate, BitRate(256_000 * Int64(channels))) : bitRate
        }
        let perChannel: Int64 = codec == .opus ? (channels <= 2 ? 56_000 : 48_000) : 64_000
        return BitRate(perChannel * Int64(channels))
    }

    /// The command.
    ///
    /// The result is an MP4 file: its clock counts samples, so times are exact
    /// and the encoder's run-in is marked. Gaps in the source are filled with
    /// silence, nothing is stretched, and the track keeps its own start.
    package func command() -> FFmpegCommand {
        var filters = ["aresample=async=1:min_hard_comp=0.1:max_soft_comp=0"]
        if stream.soundResultShift > 0 { filters.append("asetpts=PTS+\(stream.soundResultShift)/TB") }
        if let layout = targetLayout { filters.append("aformat=channel_layouts=\(layout)") }
        let sourceRate = stream.audio?.sampleRate ?? 48_000
        let rates = codec == .opus ? [48_000] : Self.aacRates
        var text = ["-map", "0:\(stream.index)", "-vn", "-sn", "-dn", "-filter_threads", "1"]
        text += ["-af", filters.joined(separator: ","), "-c:a", encoder, "-b:a", "\(rate.bitsPerSecond)"]
        let targetRate = rates.contains(sourceRate) ? sourceRate : 48_000
        if targetRate != sourceRate { text += ["-ar", "\(targetRate)"] }
        if codec == .opus { text += ["-mapping_family", channels > 2 ? "1" : "-1"] }
        text += ["-threads", "1", "-map_metadata", "-1", "-fflags", "+bitexact", "-flags:a", "+bitexact"]
        // Edit lists count in the movie's clock, which would round the end of the sound to a millisecond.
        text += ["-movie_timescale", "\(targetRate)", "-f", "mp4"]
        return FFmpegCommand(
            ["-copyts", "-threads", "1", "-i"].map { .text($0) } + [.source] + text.map { .text($0) } + [.output])
    }

    private static let aacRates = [
        96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000, 7_350,
    ]

    /// The arrangement to change the channels to; `nil` when the encoder takes the source's.
    ///
    /// Opus knows one arrangement for each number of channels, and AAC decoders
    /// name only the common ones; channels at the sides go to those behind.
    private var targetLayout: String? {
        let layout = stream.audio?.layout
        if let layout, Self.layouts(of: codec).contains(layout) { return nil }
        switch (layout, codec) {
        case ("2.1", .opus): return "5.1"
        case ("4.0", .opus): return "5.0"
        default:
            let names = ["mono", "stereo", "3.0", "quad", "5.0", "5.1", codec == .opus ? "6.1" : "7.1", "7.1"]
            return names[channels - 1]
        }
    }

    private static func layouts(of codec: AudioCodec) -> Set<String> {
        codec == .opus
            ? ["mono", "stereo", "3.0", "quad", "5.0", "5.1", "6.1", "7.1"]
            : ["mono", "stereo", "2.1", "3.0", "4.0", "quad", "5.0", "5.1", "7.1"]
    }
}
