// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletModel

/// Makes the plan of a job: everything that is fixed before the first frame is encoded.
package enum JobPlanner {
    /// The codecs that suit a container when the user names none.
    package static func defaultCodecs(for container: ContainerFormat) -> (video: VideoCodec, audio: AudioCodec) {
        container == .webm ? (.vp9, .opus) : (.h264, .aac)
    }

    /// Refuses what no source and no machine could make good: contradictions, encoders that do not exist, and encoder
    /// options that none of the encoders that may be chosen takes.
    ///
    /// - Throws: `PlanningError` with exit status `usage`.
    package static func check(_ parameters: TranscodeParameters) throws(PlanningError) {
        try ParameterRules.check(parameters)
        let candidates = EncoderSelection.candidates(
            codec: parameters.codec, hardware: parameters.hardware, mayFallBack: parameters.mayFallBack)
        if case .encoder(let name) = parameters.codec, EncoderProfile.named(name) == nil {
            throw EncoderSelection.unknown(name, known: EncoderProfile.all)
        }
        var first: PlanningError?
        for profile in candidates.compactMap(EncoderProfile.named) {
            do {
                return try ParameterRules.check(parameters, for: profile)
            } catch {
                first = first ?? error
            }
        }
        if let first { throw first }
    }

    /// Plans a job.
    ///
    /// The result depends on the arguments alone; equal arguments, equal plans.
    ///
    /// - Parameters:
    ///   - source: what the file contains.
    ///   - index: the frames of `source.mainVideo`; `nil` when there is none or it is only copied.
    ///   - parameters: what the user wants.
    ///   - availability: which encoders work; asked for those that
    ///     `EncoderSelection.candidates` names.
    ///   - sceneFrames: ordinals of frames that begin a scene, ascending; read for `--split scenes`.
    /// - Throws: `PlanningError`, with exit status `usage` for options that
    ///   cannot be and `badInput` for sources with nothing to encode.
    package static func plan(
        source: SourceDescription, index: FrameIndex?, parameters: TranscodeParameters,
        availability: EncoderAvailability, sceneFrames: [Int] = []
    ) throws(PlanningError) -> JobPlan {
        try ParameterRules.check(parameters)
        guard let video = source.mainVideo else {
            return try soundPlan(source: source, parameters: parameters)
        }
        if parameters.codec == .copy {
            return try copyPlan(source: source, video: video, index: index, parameters: parameters)
        }
        guard video.isDecodable else {
            throw PlanningError(
                .noDecoder, "This ffmpeg cannot decode the picture of \(source.path) (\(video.codec)).",
                advice: "Install an ffmpeg with a decoder for it, or take it over as it is with --codec copy.")
        }
        guard let index, index.frameCount > 0 else {
            throw PlanningError(.nothingToEncode, "The picture stream of \(source.path) shows no frame.")
        }
        let selection = try EncoderSelection.choose(
            codec: parameters.codec, hardware: parameters.hardware, mayFallBack: parameters.mayFallBack,
            availability: availability)
        let profile = selection.profile
        var (parameters, warnings) = (parameters, selection.warnings)
        if let replaced = selection.replaced { warnings += adapt(&parameters, to: profile, insteadOf: replaced) }
        try ParameterRules.check(parameters, for: profile)
        try checkTarget(parameters.targetQuality, profile: profile, availability: availability)
        let command = try VideoCommand(
            stream: video, profile: profile, parameters: parameters,
            codecMajorVersion: availability.codecMajorVersion)
        let segments = SegmentPlanner(
            index: index, source: source, durationMilliseconds: parameters.segmentDurationMilliseconds,
            split: parameters.split, constantRate: parameters.frameRate
        ).segments(sceneFrames: sceneFrames)
        // Refused options must show before anything runs.
        if let first = segments.first {
            _ = try command.command(
                span: FrameSpan(segment: first, index: index, constantRate: parameters.frameRate))
        }
        let layout = try LayoutPlanner(source: source, parameters: parameters).layout(
            video: video, codec: profile.codec.rawValue,
            firstFrameMicroseconds: index.presentationTimes.first.map {
                MediaTime(ticks: $0, timeBase: index.timeBase).microseconds
            })
        return JobPlan(
            parameters: parameters, source: source, encoder: profile.name, segments: segments,
            videoTimeBase: index.timeBase, constantRate: parameters.frameRate,
            resultFrames: segments.reduce(0) {
                $0 + FrameSpan(segment: $1, index: index, constantRate: parameters.frameRate).outputFrames
            }, layout: layout,
            warnings: warnings + command.picture.warnings + lossWarnings(video, command.picture)
                + index.oddities.map { "About the picture: \($0)." } + lengthWarnings(source, index)
                + soundWarnings(layout, source: source, parameters: parameters))
    }

    /// Says which sound cannot have the bit rate that is wanted.
    private static func soundWarnings(
        _ layout: OutputLayout, source: SourceDescription, parameters: TranscodeParameters
    ) -> [String] {
        guard let wanted = parameters.audioBitrate else { return [] }
        return layout.streams.compactMap { output in
            guard output.kind == .audio, case .task = output.origin else { return nil }
            let stream = source.streams[output.sourceIndex]
            let given = AudioCommand(stream: stream, codec: parameters.audioCodec, bitRate: wanted).rate
            guard given < wanted else { return nil }
            return "Sound stream \(stream.index) gets \(given.bitsPerSecond / 1000) kb/s: "
                + "\(output.codec) takes no more for its channels."
        }
    }

    /// Refuses a quality that the encoder cannot be led to, or that this ffmpeg cannot measure.
    private static func checkTarget(
        _ target: TargetQuality?, profile: EncoderProfile, availability: EncoderAvailability
    ) throws(PlanningError) {
        guard let target else { return }
        guard profile.crfRange != nil else {
            throw PlanningError(
                .contradiction, "\(profile.name) is lossless, so --target-quality means nothing.",
                advice: "Leave out --target-quality, or choose another codec.")
        }
        let filter = target.metric.filter
        guard availability.filters.contains(filter) else {
            let install = "install an ffmpeg with \(filter)."
            throw PlanningError(
                .measureUnavailable, "This ffmpeg has no \(filter), so --target-quality \(target) cannot be measured.",
                advice: target.metric == .vmaf ? "Use ssim:0.98, or \(install)" : "Use --crf, or \(install)")
        }
    }

    /// A job without a picture.
    private static func soundPlan(
        source: SourceDescription, parameters: TranscodeParameters
    ) throws(PlanningError) -> JobPlan {
        let layout = try LayoutPlanner(source: source, parameters: parameters).layout(
            video: nil, codec: nil, firstFrameMicroseconds: nil)
        guard parameters.audioCodec != .none else {
            throw PlanningError(
                .nothingToEncode, "\(source.path) has no picture, and --audio-codec none leaves out its sound.",
                advice: "Leave out --audio-codec none.")
        }
        guard layout.streams.contains(where: { $0.kind == .audio }) else {
            throw PlanningError(
                .nothingToEncode,
                "\(source.path) has no picture and no sound that \(parameters.container.rawValue) could hold.",
                advice: layout.omissions.first.map { "\($0.subject): \($0.reason)." })
        }
        return JobPlan(
            parameters: parameters, source: source, encoder: nil, segments: [], videoTimeBase: TimeBase(1, 1_000_000),
            layout: layout,
            warnings: ["The source has no picture; only its sound is encoded."]
                + soundWarnings(layout, source: source, parameters: parameters))
    }

    /// A job whose picture is taken over as it is.
    private static func copyPlan(
        source: SourceDescription, video: StreamDescription, index: FrameIndex?, parameters: TranscodeParameters
    ) throws(PlanningError) -> JobPlan {
        guard ContainerTable.of(parameters.container).video.contains(video.codec) else {
            let fitting = ContainerFormat.allCases.filter { ContainerTable.of($0).video.contains(video.codec) }
            throw PlanningError(
                .contradiction,
                "\(parameters.container.rawValue) cannot hold \(video.codec), so the picture cannot be copied.",
                advice: fitting.isEmpty
                    ? "Encode it: --codec h264."
                    : "Use --container \(fitting.map(\.rawValue).joined(separator: " or ")).")
        }
        if let index { try checkCopy(of: video, index, from: source, into: parameters.container) }
        let first = index?.presentationTimes.first.map { MediaTime(ticks: $0, timeBase: video.timeBase).microseconds }
        let start = video.startTime.map { MediaTime(ticks: $0, timeBase: video.timeBase).microseconds }
        let layout = try LayoutPlanner(source: source, parameters: parameters).layout(
            video: video, codec: video.codec, firstFrameMicroseconds: first ?? start)
        return JobPlan(
            parameters: parameters, source: source, encoder: nil, segments: [],
            videoTimeBase: index?.timeBase ?? video.timeBase, layout: layout,
            warnings: index.map { lengthWarnings(source, $0) } ?? [])
    }

    /// Refuses a copy that could not show the frames of its source.
    private static func checkCopy(
        of video: StreamDescription, _ index: FrameIndex, from source: SourceDescription,
        into container: ContainerFormat
    ) throws(PlanningError) {
        let advice = "Encode it: --codec h264."
        if video.startTime == nil, index.method == .decode {
            throw PlanningError(
                .notCopyable, "The pictures of \(source.path) have no times, so the picture cannot be copied.",
                advice: advice)
        }
        // MP4 and MOV hide again what lies before the start.
        let hidden = index.hidden.later + (container.isMatroska ? index.hidden.before : 0)
        if hidden > 0 {
            throw PlanningError(
                .notCopyable,
                "The edit list of \(source.path) hides \(hidden == 1 ? "a picture" : "\(hidden) pictures") that a copy would show.",
                advice: advice)
        }
    }

    /// Containers that state their duration themselves; for others it is an estimate.
    private static let statingFormats = ["matroska", "mov,", "flv", "asf"]

    /// Says when the picture ends long before the file claims to.
    private static func lengthWarnings(_ source: SourceDescription, _ index: FrameIndex) -> [String] {
        guard let stated = source.durationMicroseconds, let last = index.presentationTimes.last,
            statingFormats.contains(where: { source.formatName.hasPrefix($0) })
        else { return [] }
        let end = MediaTime(ticks: last + index.lastFrameDuration, timeBase: index.timeBase).microseconds
        let length = MediaTime(ticks: index.duration, timeBase: index.timeBase).microseconds
        let found = max(end, length)
        guard stated - found >= 2_000_000 else { return [] }
        func seconds(_ microseconds: Int64) -> String {
            "\(microseconds / 1_000_000).\(microseconds / 100_000 % 10) s"
        }
        return [
            "The source states a length of \(seconds(stated)), but its picture ends after \(seconds(found)): "
                + "it may have been cut short."
        ]
    }

    /// What an encode cannot carry of the source's picture.
    private static func lossWarnings(_ video: StreamDescription, _ picture: PictureSettings) -> [String] {
        guard let properties = video.video else { return [] }
        var warnings: [String] = []
        if let vision = properties.dolbyVision {
            let rest = vision.hasOwnColors ? "; without it the colours are wrong" : ""
            warnings.append("Dolby Vision (profile \(vision.profile)) is not carried over\(rest).")
        }
        if properties.hasHDR10Plus {
            warnings.append("HDR10+ metadata that changes with the scenes is not carried over.")
        }
        if properties.color.isHighDynamicRange, (PixelLayout(picture.pixelFormat)?.depth ?? 8) < 10 {
            warnings.append("The picture is HDR and is encoded in 8 bits: gradients will show steps.")
        }
        return warnings
    }
}
