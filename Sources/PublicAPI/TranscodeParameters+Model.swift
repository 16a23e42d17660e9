// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import MartletModel
internal import MartletPlanning

extension TranscodeParameters {
    /// The same in the words of the core.
    ///
    /// - Throws: `MartletError` for an output whose container nobody can tell, and for a length below 1 s.
    func model(output: String) throws(MartletError) -> MartletModel.TranscodeParameters {
        let suffix = output.split(separator: ".").last.map { $0.lowercased() } ?? ""
        guard let format = ContainerFormat(rawValue: container?.rawValue ?? (suffix == "m4v" ? "mp4" : suffix)) else {
            throw MartletError(
                code: "library.unknown_container", message: "No container is known by the suffix of \(output).",
                advice: "Name the output film.mp4, or set a container.")
        }
        guard segmentDuration >= .seconds(1) else {
            throw MartletError(
                code: "library.bad_value", message: "A segment of \(segmentDuration) is too short.",
                advice: "Let segments last 1 s or more.")
        }
        let codecs = JobPlanner.defaultCodecs(for: format)
        var result = MartletModel.TranscodeParameters()
        result.container = format
        result.codec = codec.map(\.model) ?? .codec(codecs.video)
        result.audioCodec = audioCodec.flatMap { MartletModel.AudioCodec(rawValue: $0.rawValue) } ?? codecs.audio
        result.crf = crf
        result.bitrate = bitrate.map { BitRate(Int64($0)) }
        result.audioBitrate = audioBitrate.map { BitRate(Int64($0)) }
        result.targetQuality = targetQuality.map(\.model)
        result.preset = preset
        result.resolution = resolution.map(\.model)
        result.allowUpscale = allowUpscale
        result.frameRate = frameRate.map { Rational($0.frames, $0.seconds) }
        result.pixelFormat = pixelFormat
        result.deinterlace = deinterlace
        result.flattenSubtitles = flattenSubtitles
        result.encoderOptions = encoderOptions.map { MartletModel.EncoderOption($0.key, $0.value) }
        result.segmentDurationMilliseconds = segmentDuration.nanoseconds / 1_000_000
        result.split = SplitMethod(rawValue: split.rawValue) ?? .keyframes
        result.hardware = HardwareChoice(rawValue: hardware.rawValue) ?? .auto
        result.softwareFallback = softwareFallback ? nil : false
        return result
    }
}

extension TranscodeParameters.Codec {
    fileprivate var model: CodecRequest {
        switch self {
        case .h264: .codec(.h264)
        case .hevc: .codec(.hevc)
        case .av1: .codec(.av1)
        case .vp9: .codec(.vp9)
        case .ffv1: .codec(.ffv1)
        case .copy: .copy
        case .encoder(let name): .encoder(name)
        }
    }
}

extension TranscodeParameters.Resolution {
    fileprivate var model: MartletModel.Resolution {
        switch self {
        case .height(let lines): .height(lines)
        case .box(let width, let height): .box(width: width, height: height)
        }
    }
}

extension TranscodeParameters.TargetQuality {
    fileprivate var model: MartletModel.TargetQuality {
        switch self {
        case .vmaf(let value): MartletModel.TargetQuality(metric: .vmaf, value: value)
        case .ssim(let value): MartletModel.TargetQuality(metric: .ssim, value: value)
        }
    }
}
