// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import MartletModel

/// The rules that parameters obey on their own, whatever the source is.
enum ParameterRules {
    /// - Throws: `PlanningError` with code `contradiction` or `badValue`.
    static func check(_ parameters: TranscodeParameters) throws(PlanningError) {
        if parameters.codec == .copy { try checkCopy(parameters) }
        if parameters.crf != nil, parameters.bitrate != nil {
            throw PlanningError(
                .contradiction, "--crf and --bitrate exclude each other.",
                advice: "--crf fixes the quality, --bitrate the size: keep one.")
        }
        if parameters.targetQuality != nil, parameters.crf != nil || parameters.bitrate != nil {
            throw PlanningError(
                .contradiction, "--target-quality excludes --crf and --bitrate.", advice: "Keep one of them.")
        }
        if let target = parameters.targetQuality {
            guard (0...target.metric.best).contains(target.value) else {
                throw PlanningError(
                    .badValue, "--target-quality \(target) is out of range.",
                    advice: "Use vmaf:0 to vmaf:100, or ssim:0 to ssim:1.")
            }
        }
        if parameters.twoPass, parameters.bitrate == nil, parameters.codec != .copy {
            throw PlanningError(
                .contradiction, "--two-pass needs a --bitrate to reach.",
                advice: "Add --bitrate, or leave out --two-pass.")
        }
        if let bitrate = parameters.bitrate, bitrate.bitsPerSecond < 1_000 {
            throw PlanningError(
                .badValue, "--bitrate \(bitrate.bitsPerSecond) is less than 1 kb/s.", advice: "Write 4M for 4 Mb/s.")
        }
        if let bitrate = parameters.audioBitrate {
            if parameters.audioCodec == .copy || parameters.audioCodec == .none {
                throw PlanningError(
                    .contradiction,
                    "--audio-bitrate means nothing with --audio-codec \(parameters.audioCodec.rawValue).")
            }
            guard (6_000...1_024_000).contains(bitrate.bitsPerSecond) else {
                throw PlanningError(
                    .badValue, "--audio-bitrate \(bitrate.bitsPerSecond) is out of range.", advice: "Use 6k to 1024k.")
            }
        }
        if let rate = parameters.frameRate {
            guard rate.isPositive, rate.value <= 1_000, rate.value >= 0.01 else {
                throw PlanningError(.badValue, "--frame-rate \(rate) is out of range.", advice: "Use up to 1000.")
            }
        }
        guard (100...86_400_000).contains(parameters.segmentDurationMilliseconds) else {
            throw PlanningError(
                .badValue, "--segment-duration is out of range.", advice: "Use 0.1 to 86400 seconds.")
        }
    }

    /// As above, for an encoder that may be chosen.
    ///
    /// - Throws: `PlanningError` with code `contradiction`, `badValue` or `optionRefused`.
    static func check(_ parameters: TranscodeParameters, for profile: EncoderProfile) throws(PlanningError) {
        try profile.validate(preset: parameters.preset, crf: parameters.crf)
        if profile.crfRange == nil, parameters.bitrate != nil {
            throw PlanningError(
                .contradiction, "\(profile.name) is lossless, so --bitrate means nothing.",
                advice: "Leave out --bitrate, or choose another codec.")
        }
        guard ContainerTable.of(parameters.container).video.contains(profile.codec.rawValue) else {
            let fitting = ContainerFormat.allCases.filter {
                ContainerTable.of($0).video.contains(profile.codec.rawValue)
            }
            throw PlanningError(
                .contradiction, "\(parameters.container.rawValue) cannot hold \(profile.codec.rawValue).",
                advice: "Use --container \(fitting.map(\.rawValue).joined(separator: " or ")).")
        }
        _ = try EncoderOptionRules.checked(parameters.encoderOptions, for: profile)
    }

    private static func checkCopy(_ parameters: TranscodeParameters) throws(PlanningError) {
        var pointless: [String] = []
        if parameters.crf != nil { pointless.append("--crf") }
        if parameters.bitrate != nil { pointless.append("--bitrate") }
        if parameters.twoPass { pointless.append("--two-pass") }
        if parameters.targetQuality != nil { pointless.append("--target-quality") }
        if parameters.preset != nil { pointless.append("--preset") }
        if parameters.resolution != nil { pointless.append("--resolution") }
        if parameters.frameRate != nil { pointless.append("--frame-rate") }
        if parameters.pixelFormat != nil { pointless.append("--pixel-format") }
        if parameters.deinterlace { pointless.append("--deinterlace") }
        if !parameters.encoderOptions.isEmpty { pointless.append("encoder options") }
        guard pointless.isEmpty else {
            throw PlanningError(
                .contradiction,
                "--codec copy takes the picture as it is, so \(pointless.joined(separator: ", ")) cannot apply.",
                advice: "Choose a codec to encode with, or leave them out.")
        }
    }
}
