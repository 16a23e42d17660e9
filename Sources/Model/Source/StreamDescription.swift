// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

/// What a stream carries.
package enum StreamKind: String, Codable, Sendable {
    case video, audio, subtitle, attachment, data
}

/// One stream of a media file.
package struct StreamDescription: Codable, Sendable, Equatable {
    /// The stream's number in its file, from 0.
    package var index: Int
    /// What it carries.
    package var kind: StreamKind
    /// FFmpeg's name of the codec, such as `h264` or `subrip`; `none` when unknown.
    package var codec: String
    /// The codec's profile in words, such as `High`; `nil` when it has none.
    package var profile: String?
    /// The stream's clock.
    package var timeBase: TimeBase
    /// The first timestamp, in ticks of `timeBase`; `nil` when unknown.
    package var startTime: Int64?
    /// The duration that the container declares, in ticks of `timeBase`; `nil` when unknown.
    package var duration: Int64?
    /// The role flags of the stream.
    package var disposition: Disposition
    /// The stream's tags, in file order.
    package var tags: [Tag]
    /// Whether this FFmpeg build has a decoder for it.
    package var isDecodable: Bool
    /// The declared bit rate; `nil` when unknown.
    package var bitRate: BitRate?
    /// Picture properties; `nil` for other kinds.
    package var video: VideoProperties?
    /// Sound properties; `nil` for other kinds.
    package var audio: AudioProperties?

    /// Makes a description from its parts.
    package init(
        index: Int, kind: StreamKind, codec: String, profile: String? = nil, timeBase: TimeBase,
        startTime: Int64? = nil, duration: Int64? = nil, disposition: Disposition = [], tags: [Tag] = [],
        isDecodable: Bool = true, bitRate: BitRate? = nil, video: VideoProperties? = nil,
        audio: AudioProperties? = nil
    ) {
        self.index = index
        self.kind = kind
        self.codec = codec
        self.profile = profile
        self.timeBase = timeBase
        self.startTime = startTime
        self.duration = duration
        self.disposition = disposition
        self.tags = tags
        self.isDecodable = isDecodable
        self.bitRate = bitRate
        self.video = video
        self.audio = audio
    }

    /// By how many seconds the result of a sound task is placed later than the source.
    ///
    /// An MP4 hides what lies before zero. Encoder delay is meant to be hidden; sound of a film
    /// whose clock starts below zero (MPEG-TS around the wrap of its clock) is not.
    package var soundResultShift: Int64 {
        guard kind == .audio, let startTime else { return 0 }
        let start = MediaTime(ticks: startTime, timeBase: timeBase).microseconds
        guard start < -100_000, start > -(1 << 60) else { return 0 }
        return (999_999 - start) / 1_000_000
    }

    /// The value of the tag `key`, compared without case; `nil` when absent.
    package func tag(_ key: String) -> String? {
        tags.first { $0.key.lowercased() == key.lowercased() }?.value
    }
}

/// The role flags of a stream, with the bit values of FFmpeg's `AV_DISPOSITION_*`.
///
/// Source: <https://ffmpeg.org/doxygen/trunk/avformat_8h.html>
package struct Disposition: OptionSet, Hashable, Codable, Sendable {
    /// The flags.
    package var rawValue: Int32
    /// Takes the flags as they are.
    package init(rawValue: Int32) { self.rawValue = rawValue }

    package static let `default` = Disposition(rawValue: 0x0001)
    package static let forced = Disposition(rawValue: 0x0040)
    package static let hearingImpaired = Disposition(rawValue: 0x0080)
    package static let visualImpaired = Disposition(rawValue: 0x0100)
    package static let attachedPicture = Disposition(rawValue: 0x0400)
    package static let dub = Disposition(rawValue: 0x0002)
    package static let original = Disposition(rawValue: 0x0004)
    package static let comment = Disposition(rawValue: 0x0008)
    package static let lyrics = Disposition(rawValue: 0x0010)
    package static let karaoke = Disposition(rawValue: 0x0020)
    package static let captions = Disposition(rawValue: 0x1_0000)
    package static let descriptions = Disposition(rawValue: 0x2_0000)

    /// The roles that a stream can have for people, with FFmpeg's names.
    package static let roles: [(name: String, role: Disposition)] = [
        ("default", .default), ("dub", .dub), ("original", .original), ("comment", .comment), ("lyrics", .lyrics),
        ("karaoke", .karaoke), ("forced", .forced), ("hearing_impaired", .hearingImpaired),
        ("visual_impaired", .visualImpaired), ("captions", .captions), ("descriptions", .descriptions),
    ]
}

/// Properties of a sound stream.
package struct AudioProperties: Codable, Sendable, Equatable {
    /// Samples per second.
    package var sampleRate: Int
    /// The number of channels.
    package var channels: Int
    /// FFmpeg's name of the layout, such as `5.1(side)`; `nil` when unspecified.
    package var layout: String?
    /// FFmpeg's name of the sample format, such as `fltp`; `nil` when unknown.
    package var sampleFormat: String?

    /// Makes properties from their parts.
    package init(sampleRate: Int, channels: Int, layout: String? = nil, sampleFormat: String? = nil) {
        self.sampleRate = sampleRate
        self.channels = channels
        self.layout = layout
        self.sampleFormat = sampleFormat
    }
}
