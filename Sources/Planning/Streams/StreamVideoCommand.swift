// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletModel

/// The run of ffmpeg that encodes one segment of the picture in one quality.
///
/// The rate is bounded, profile and level are fixed, and the only IDR frame is the first. Everything runs on one
/// thread: with a bounded rate x264 makes other bytes in every run on several.
package struct StreamVideoCommand: Sendable {
    /// The source's picture stream.
    private let stream: StreamDescription
    /// The quality.
    package let quality: StreamQuality
    private let profile: EncoderProfile
    /// What the encoded pictures look like.
    package let picture: PictureSettings
    /// How the encoded colours are to be read.
    package let color: ColorDescription
    /// The level, in the codec's own numbers.
    package let level: Int
    private let parameters: TranscodeParameters
    private let shown: VideoProperties
    private let tone: ToneMapping?
    private let codecMajorVersion: Int
    private let milliframesPerSecond: Int64

    /// Decides everything that the segments of a quality have in common.
    ///
    /// - Parameter milliframesPerSecond: the film's pictures in a thousand seconds.
    /// - Throws: `PlanningError` when the encoder cannot make such pictures.
    init(
        stream: StreamDescription, quality: StreamQuality, profile: EncoderProfile, milliframesPerSecond: Int64,
        codecMajorVersion: Int
    ) throws(PlanningError) {
        guard let source = stream.video else {
            throw PlanningError(.nothingToEncode, "Stream \(stream.index) is no picture.")
        }
        self.stream = stream
        self.quality = quality
        self.profile = profile
        self.codecMajorVersion = codecMajorVersion
        self.milliframesPerSecond = milliframesPerSecond
        // Browsers show H.264 in 8 bits only.
        tone = quality.codec == .h264 ? ToneMapping(source: source) : nil
        let isDeep = quality.codec != .h264 && source.bitDepth > 8
        var parameters = TranscodeParameters()
        // Players of streams do not turn pictures.
        parameters.container = .mkv
        parameters.resolution = quality.resolution
        parameters.deinterlace = source.fieldOrder.isInterlaced
        let formats = isDeep ? ["yuv420p10le", "p010le", "yuv420p", "nv12"] : ["yuv420p", "nv12"]
        parameters.pixelFormat = formats.first { profile.pixelFormats.contains($0) }
        self.parameters = parameters
        shown = Self.shown(source, isToned: tone != nil)
        color = shown.color
        var described = source
        described.color = shown.color
        var picture = try PictureSettings(source: described, parameters: parameters, profile: profile)
        if tone != nil { picture.isFullRange = false }
        self.picture = picture
        level = CodecName.level(
            of: quality.codec,
            for: CodecName.Load(
                width: picture.width, height: picture.height, frameRate: Double(milliframesPerSecond) / 1000,
                peak: quality.bound))
    }

    /// The codec's name, RFC 6381.
    package var codecName: String {
        CodecName.video(quality.codec, level: level, bitDepth: PixelLayout(picture.pixelFormat)?.depth ?? 8)
    }

    /// By how many frames the decode order runs ahead of the display order at the most.
    ///
    /// Three B-frames, of which one is referred to, need two; AV1 hides its order in its packets, and hardware
    /// encodes without B-frames.
    package var depth: Int {
        switch profile.family {
        case .x264, .x265: 2
        case .svtav1, .aom, .vpx, .ffv1, .nvenc, .qsv, .vaapi, .amf, .videotoolbox: 0
        }
    }

    /// `SDR`, `PQ` or `HLG`.
    package var videoRange: String {
        switch color.transfer {
        case "smpte2084": "PQ"
        case "arib-std-b67": "HLG"
        default: "SDR"
        }
    }

    /// The command for one segment of the film.
    ///
    /// - Throws: `PlanningError` for settings that do not suit the encoder.
    package func command(segment: Segment, index: FrameIndex) throws(PlanningError) -> FFmpegCommand {
        let settings = settings(
            frames: segment.frameCount, interval: max(9_999, segment.frameCount + 1), bound: bound(segment, index))
        return try command(
            span: FrameSpan(segment: segment, index: index, constantRate: nil), settings: settings)
    }

    /// The command that encodes some key frames of the film, each so that it needs no other.
    ///
    /// - Parameter keyframes: their ordinals, ascending, at least one.
    /// - Throws: as `command(segment:index:)`.
    func command(keyframes: [Int], of film: StreamFilm) throws(PlanningError) -> FFmpegCommand {
        let index = film.index
        let times = keyframes.map { index.presentationTimes[$0] }
        let segment = Segment(
            index: 0, firstFrame: keyframes[0], frameCount: keyframes.count, startTime: times[0], endTime: nil,
            timesDigest: StableHash.digest(of: times[...]),
            seek: SeekPlanner(index: index, source: film.source).seek(to: keyframes[0]))
        return try command(
            span: FrameSpan(segment: segment, index: index, constantRate: nil),
            settings: settings(frames: keyframes.count, interval: 1, bound: nil),
            skipping: ThumbnailPlan.skipping(index),
            choosing: ThumbnailPlan.choosing(times))
    }

    /// - Parameters:
    ///   - skipping: options that leave out what need not be decoded.
    ///   - filters: choose among what is decoded; empty for all frames of the span.
    private func command(
        span: FrameSpan, settings: (options: [EncoderOption], parameters: [EncoderOption]),
        skipping: [String] = [], choosing filters: [String] = []
    ) throws(PlanningError) -> FFmpegCommand {
        let whole = try VideoCommand(
            stream: stream, profile: profile, parameters: parameters, codecMajorVersion: codecMajorVersion)
        let chain = FilterChain(
            span: span, picture: picture, source: stream.video ?? shown, parameters: parameters,
            timeBase: stream.timeBase, profile: profile, tone: tone)
        let encoder = try EncoderArguments(
            profile: profile, rate: .quality(Self.crf(of: profile)), preset: Self.preset(of: profile),
            frames: span.segment.frameCount, picture: picture, source: shown, userOptions: [],
            ownOptions: settings.options, ownParameters: settings.parameters)
        var before: [String] = []
        if profile.family == .vaapi {
            before += ["-init_hw_device", "vaapi=device", "-filter_hw_device", "device"]
        }
        before += skipping
        before += whole.reading(of: span)
        var after = ["-map", "0:\(stream.index)", "-an", "-sn", "-dn", "-filter_threads", "1"]
        after += ["-vf", (filters + [chain.text]).joined(separator: ",")]
        after += ["-fps_mode", "passthrough", "-enc_time_base", codecMajorVersion < 60 ? "-1" : "demux"]
        after += encoder.arguments
        after += ["-map_metadata", "-1", "-fflags", "+bitexact", "-flags:v", "+bitexact", "-f", "matroska"]
        return FFmpegCommand(before.map { .text($0) } + [.source] + after.map { .text($0) } + [.output])
    }

    /// What is set besides quality and preset: options as FFmpeg has them, and the encoder's own.
    ///
    /// - Parameters:
    ///   - interval: the frames from one that needs no other to the next; 1 for all to be such.
    ///   - bound: the most bits a second; `nil` for no bound.
    private func settings(
        frames: Int, interval: Int, bound: BitRate?
    ) -> (options: [EncoderOption], parameters: [EncoderOption]) {
        let text = CodecName.levelText(quality.codec, level)
        let rate = "\(milliframesPerSecond)/1000"
        let between = EncoderOption("bf", interval > 1 ? "3" : "0")
        let longest = "\(interval)"
        var options: [EncoderOption] = []
        if let bound {
            options += [
                EncoderOption("maxrate", "\(bound.bitsPerSecond)"), EncoderOption("bufsize", "\(bound.bitsPerSecond)"),
            ]
        }
        var parameters: [EncoderOption] = []
        switch profile.family {
        case .x264:
            options += [
                EncoderOption("profile", "high"), EncoderOption("level", text), EncoderOption("g", longest),
                EncoderOption("sc_threshold", "0"), between,
            ]
        case .x265:
            options += [EncoderOption("g", longest), between]
            parameters += [
                EncoderOption("level-idc", text), EncoderOption("high-tier", "0"), EncoderOption("scenecut", "0"),
                EncoderOption("open-gop", "0"), EncoderOption("fps", rate),
            ]
        case .svtav1:
            options.append(EncoderOption("g", "\(min(interval, frames + 1))"))
            parameters += [
                EncoderOption("level", text.filter { $0 != "." }), EncoderOption("fps-num", "\(milliframesPerSecond)"),
                EncoderOption("fps-denom", "1000"),
            ]
        case .aom, .vpx, .ffv1:
            options.append(EncoderOption("g", longest))
        case .nvenc, .qsv, .vaapi, .amf, .videotoolbox:
            options += [EncoderOption("level", text), EncoderOption("g", longest), EncoderOption("bf", "0")]
        }
        return (options, parameters)
    }

    /// The bound as the encoder must be told it.
    ///
    /// All but x264 take the film's average rate for that of the segment: where frames come faster, the same bits a
    /// frame are more bits a second.
    private func bound(_ segment: Segment, _ index: FrameIndex) -> BitRate {
        let end = segment.endTime ?? (index.presentationTimes.last ?? 0) + index.lastFrameDuration
        let seconds = MediaTime(ticks: end - segment.startTime, timeBase: index.timeBase).seconds
        guard profile.family != .x264, seconds > 0 else { return quality.bound }
        let pace = Double(segment.frameCount) * 1000 / seconds / Double(milliframesPerSecond)
        return BitRate(Int64(Double(quality.bound.bitsPerSecond) / max(1, pace)))
    }

    /// Quick ones: the viewer waits.
    private static func preset(of profile: EncoderProfile) -> String? {
        switch profile.family {
        case .x264: "veryfast"
        case .x265: "superfast"
        case .svtav1: "12"
        case .aom: "8"
        default: profile.defaultPreset
        }
    }

    private static func crf(of profile: EncoderProfile) -> Double {
        switch profile.family {
        case .x264: 22
        case .x265: 26
        default: profile.defaultCRF ?? 23
        }
    }

    /// The source as its encoded pictures are to be read.
    private static func shown(_ source: VideoProperties, isToned: Bool) -> VideoProperties {
        var shown = source
        if isToned {
            shown.color = ColorDescription(primaries: "bt709", transfer: "bt709", matrix: "bt709", range: "tv")
            (shown.masteringDisplay, shown.contentLight) = (nil, nil)
        } else if [nil, "unknown", "unspecified"].contains(shown.color.matrix),
            PixelLayout(source.pixelFormat ?? "yuv420p")?.family == .yuv
        {
            // Players guess by the size; all sizes must be read as the source would be.
            shown.color.matrix = source.height >= 720 ? "bt709" : "smpte170m"
        }
        return shown
    }
}
