// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

/// What the user wants done with a source. Together with the source itself it
/// decides every byte of the result.
package struct TranscodeParameters: Codable, Sendable, Hashable {
    /// The codec or the encoder for the picture.
    package var codec: CodecRequest = .codec(.h264)
    /// Constant quality, on the encoder's own scale; `nil` for its default or a bit rate.
    package var crf: Double?
    /// The average bit rate of the picture; `nil` for constant quality.
    package var bitrate: BitRate?
    /// Whether `bitrate` is reached in two passes; it always is, so `true` only states it.
    package var twoPass = false
    /// The quality to reach instead of a CRF; `nil` when not asked for.
    package var targetQuality: TargetQuality?
    /// The encoder's preset; `nil` for Martlet's default of that encoder.
    package var preset: String?
    /// The size of the picture; `nil` keeps the source's.
    package var resolution: Resolution?
    /// Whether the picture may become larger than the source.
    package var allowUpscale = false
    /// A constant frame rate; `nil` keeps every frame at its own time.
    package var frameRate: Rational?
    /// FFmpeg's name of the pixel format; `nil` for the nearest to the source that the encoder takes.
    package var pixelFormat: String?
    /// Whether fields are woven into whole frames.
    package var deinterlace = false
    /// The container; `nil` to go by the output's suffix.
    package var container: ContainerFormat = .mp4
    /// What becomes of the sound.
    package var audioCodec: AudioCodec = .aac
    /// The bit rate of each sound track; `nil` for a default by channels.
    package var audioBitrate: BitRate?
    /// Whether styled subtitles may lose their styles where the container has none (ASS to SRT or mov_text).
    package var flattenSubtitles = false
    /// More encoder options, as key and value, in order; checked against an allow-list.
    package var encoderOptions: [EncoderOption] = []
    /// The wanted length of a segment, in milliseconds.
    package var segmentDurationMilliseconds: Int64 = 10_000
    /// Where to cut.
    package var split: SplitMethod = .keyframes
    /// Which hardware may encode.
    package var hardware: HardwareChoice = .auto
    /// Whether software takes over where the hardware that is asked for does not work, or fails at work; `nil`: it does.
    package var softwareFallback: Bool?

    /// Whether software may take over from hardware.
    package var mayFallBack: Bool { softwareFallback ?? true }

    /// Makes the default parameters.
    package init() {}
}

/// One option handed to the encoder.
package struct EncoderOption: Codable, Sendable, Hashable {
    /// The option's name, without a dash.
    package var key: String
    /// Its value.
    package var value: String
    /// Makes an option.
    package init(_ key: String, _ value: String) {
        self.key = key
        self.value = value
    }
}

/// A picture codec.
package enum VideoCodec: String, Codable, Sendable, CaseIterable {
    case h264, hevc, av1, vp9, ffv1
}

/// How the user names what is to encode the picture.
package enum CodecRequest: Codable, Sendable, Hashable {
    /// A codec: Martlet picks the encoder.
    case codec(VideoCodec)
    /// One encoder by FFmpeg's name, such as `libx265` or `h264_nvenc`.
    case encoder(String)
    /// The picture is taken over as it is.
    case copy
}

/// The containers that Martlet writes.
package enum ContainerFormat: String, Codable, Sendable, CaseIterable {
    case mp4, mkv, webm, mov

    /// FFmpeg's name of the muxer.
    package var muxerName: String {
        switch self {
        case .mp4: "mp4"
        case .mkv: "matroska"
        case .webm: "webm"
        case .mov: "mov"
        }
    }

    /// Whether it is Matroska, of which WebM is a part.
    package var isMatroska: Bool { self == .mkv || self == .webm }
}

/// What becomes of the sound.
package enum AudioCodec: String, Codable, Sendable, CaseIterable {
    case aac, opus, copy, none
}

/// Where segments may begin.
package enum SplitMethod: String, Codable, Sendable, CaseIterable {
    /// At source key frames near the target length, else at the exact frame.
    case keyframes
    /// At scene changes near the target length, else as `keyframes`.
    case scenes
    /// At every target length, to the frame.
    case fixed
}

/// Which encoding hardware a job may use.
package enum HardwareChoice: String, Codable, Sendable, CaseIterable {
    case auto, none, nvenc, qsv, vaapi, videotoolbox, amf
}

/// The size of the picture.
package enum Resolution: Codable, Sendable, Hashable {
    /// So many lines, the width by the aspect ratio (`1080p`).
    case height(Int)
    /// The picture fits into this box, aspect kept (`1280x720`).
    case box(width: Int, height: Int)
}

/// A quality to be reached.
package struct TargetQuality: Codable, Sendable, Hashable, CustomStringConvertible {
    /// The measure.
    package enum Metric: String, Codable, Sendable, CaseIterable { case vmaf, ssim }
    /// The measure.
    package var metric: Metric
    /// Its value: VMAF 0 to 100, SSIM 0 to 1.
    package var value: Double
    /// Makes a target.
    package init(metric: Metric, value: Double) {
        self.metric = metric
        self.value = value
    }

    /// As users type it, such as `vmaf:95`.
    package var description: String {
        let isWhole = value == value.rounded() && abs(value) < 1e9
        return "\(metric.rawValue):" + (isWhole ? "\(Int(value))" : "\(value)")
    }
}

/// How much the result is checked before it is put in place.
package enum VerificationLevel: String, Codable, Sendable, CaseIterable {
    /// Only what the join itself proves.
    case none
    /// Frame counts, presentation times, durations and streams.
    case counts
    /// As `counts`, and everything is decoded and compared with the source.
    case full

    /// Whether it proves all that another level proves.
    package func covers(_ other: VerificationLevel) -> Bool {
        switch (self, other) {
        case (_, .none), (.counts, .counts), (.full, .counts), (.full, .full): true
        case (.none, .counts), (.none, .full), (.counts, .full): false
        }
    }
}

/// What is done first.
package enum Priority: Int, Codable, Sendable, CaseIterable, Comparable {
    case low = 0
    case normal = 50
    case high = 75
    case critical = 100

    package static func < (left: Priority, right: Priority) -> Bool { left.rawValue < right.rawValue }

    /// The name users type.
    package var name: String {
        switch self {
        case .low: "low"
        case .normal: "normal"
        case .high: "high"
        case .critical: "critical"
        }
    }
}
