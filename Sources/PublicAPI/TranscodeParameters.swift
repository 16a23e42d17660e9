// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

/// What is to be done with a film.
///
/// Together with the film itself they decide every byte of the result. The
/// defaults make H.264 and AAC at the encoder's usual quality, and carry over
/// everything else that the container can hold.
public struct TranscodeParameters: Sendable, Hashable {
    /// What the picture becomes.
    public enum Codec: Sendable, Hashable {
        case h264, hevc, av1, vp9, ffv1
        /// The picture is taken over as it is.
        case copy
        /// One encoder by FFmpeg's name, such as `libx265` or `h264_nvenc`.
        case encoder(String)
    }

    /// The size of the picture.
    public enum Resolution: Sendable, Hashable {
        /// So many lines; the width by the picture's shape.
        case height(Int)
        /// The picture is fitted into this box.
        case box(width: Int, height: Int)
    }

    /// A number of frames a second, as a fraction.
    public struct FrameRate: Sendable, Hashable {
        /// Frames.
        public var frames: Int32
        /// The seconds that they last.
        public var seconds: Int32

        /// Makes a rate, such as 30000 frames in 1001 seconds.
        public init(_ frames: Int32, per seconds: Int32 = 1) {
            self.frames = frames
            self.seconds = seconds
        }
    }

    /// A likeness to the source.
    public enum TargetQuality: Sendable, Hashable {
        /// VMAF, 0 to 100.
        case vmaf(Double)
        /// Structural similarity, 0 to 1.
        case ssim(Double)
    }

    /// What the film is packed in.
    public enum Container: String, Sendable, Hashable, CaseIterable { case mp4, mkv, webm, mov }

    /// What becomes of the sound.
    public enum AudioCodec: String, Sendable, Hashable, CaseIterable {
        case aac, opus
        /// The sound is taken over as it is.
        case copy
        /// The sound is left out.
        case none
    }

    /// Which hardware may encode.
    public enum Hardware: String, Sendable, Hashable, CaseIterable {
        case auto, none, nvenc, qsv, vaapi, videotoolbox, amf
    }

    /// Where a film is cut into pieces.
    public enum Split: String, Sendable, Hashable, CaseIterable {
        /// At key frames of the source near the wanted length.
        case keyframes
        /// At changes of scene near the wanted length.
        case scenes
        /// At every wanted length, to the frame.
        case fixed
    }

    /// One option of an encoder.
    public struct EncoderOption: Sendable, Hashable {
        /// Its name, without a dash.
        public var key: String
        /// Its value.
        public var value: String

        /// Makes an option.
        public init(_ key: String, _ value: String) {
            self.key = key
            self.value = value
        }
    }

    /// The picture's codec; `nil` for VP9 in WebM and H.264 elsewhere.
    public var codec: Codec?
    /// Constant quality on the encoder's own scale; excludes `bitrate` and `targetQuality`.
    public var crf: Double?
    /// The picture's average, in bits a second.
    public var bitrate: Int?
    /// The likeness that each segment is brought to.
    public var targetQuality: TargetQuality?
    /// The encoder's preset, such as `fast` or `8`.
    public var preset: String?
    /// The size of the picture; `nil` keeps the source's.
    public var resolution: Resolution?
    /// Whether `resolution` may make the picture larger.
    public var allowUpscale = false
    /// A constant frame rate; `nil` keeps every frame at its own time.
    public var frameRate: FrameRate?
    /// FFmpeg's name of the pixel format; `nil` for the nearest to the source.
    public var pixelFormat: String?
    /// Whether fields are woven into whole frames.
    public var deinterlace = false
    /// The container; `nil` goes by the output's suffix.
    public var container: Container?
    /// What becomes of the sound; `nil` for Opus in WebM and AAC elsewhere.
    public var audioCodec: AudioCodec?
    /// Bits a second of each sound track; `nil` goes by its channels.
    public var audioBitrate: Int?
    /// Whether styled subtitles may lose their styles where the container has none.
    public var flattenSubtitles = false
    /// More options of the encoder, such as `tune` with `film`; an allow-list decides.
    public var encoderOptions: [EncoderOption] = []
    /// The wanted length of a piece, from 1 s.
    public var segmentDuration: Duration = .seconds(10)
    /// Where pieces begin.
    public var split: Split = .keyframes
    /// Which hardware may encode.
    public var hardware: Hardware = .auto
    /// Whether software takes over where the hardware that is asked for does not work, or fails at work.
    public var softwareFallback = true

    /// Makes the default parameters.
    public init() {}
}
