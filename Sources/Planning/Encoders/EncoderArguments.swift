// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import MartletModel

/// The part of the argument list that sets up the encoder.
struct EncoderArguments: Sendable {
    /// How much the encoder may write.
    enum Rate: Sendable, Equatable {
        /// Constant quality, on the encoder's own scale.
        case quality(Double)
        /// Nothing is lost.
        case lossless
    }

    /// The arguments, from `-c:v` on.
    var arguments: [String]

    /// Makes the arguments of one encode.
    ///
    /// Everything that could differ between machines is fixed here: threads,
    /// key frame distance, headers, and the text in them.
    ///
    /// - Parameters:
    ///   - frames: how many frames the encode has.
    ///   - userOptions: options that are checked.
    ///   - ownOptions: options of Martlet itself, for the encoder as FFmpeg has it.
    ///   - ownParameters: the same, among the encoder's own settings.
    init(
        profile: EncoderProfile, rate: Rate, preset: String?, frames: Int, picture: PictureSettings,
        source: VideoProperties, userOptions: [EncoderOption], ownOptions: [EncoderOption] = [],
        ownParameters: [EncoderOption] = []
    ) throws(PlanningError) {
        let user = try EncoderOptionRules.checked(userOptions, for: profile)
        let color = ColorArguments(source: source, picture: picture, family: profile.family)
        let interval = profile.keyInterval(frames: frames)
        var options: [EncoderOption] = []
        var parameters: [EncoderOption] = []
        func add(_ key: String, _ value: String) { options.append(EncoderOption(key, value)) }
        let quality: String? =
            switch rate {
            case .quality(let value): EncoderProfile.text(value)
            case .lossless: nil
            }
        let preset = preset ?? profile.defaultPreset
        switch profile.family {
        case .x264:
            if let preset { add("preset", preset) }
            if let quality { add("crf", quality) }
            add("g", "\(interval)")
            add("threads", "1")
            // Headers must not depend on the segment's content.
            parameters.append(EncoderOption("stitchable", "1"))
            parameters += color.x26xParameters
        case .x265:
            if let preset { add("preset", preset) }
            if let quality { add("crf", quality) }
            add("g", "\(interval)")
            // Without the text of settings in the stream, which names the threads.
            parameters += [
                EncoderOption("info", "0"), EncoderOption("pools", "none"), EncoderOption("frame-threads", "1"),
                EncoderOption("log-level", "error"),
            ]
            if !color.x26xParameters.isEmpty {
                parameters += [EncoderOption("hdr10", "1"), EncoderOption("repeat-headers", "1")]
                parameters += color.x26xParameters
            }
        case .svtav1:
            if let preset { add("preset", preset) }
            if let quality { add("crf", quality) }
            add("g", "\(interval)")
            parameters.append(EncoderOption("lp", "1"))
            parameters += color.svtParameters
        case .aom, .vpx:
            if profile.family == .vpx { add("deadline", "good") }
            if let preset { add("cpu-used", preset) }
            if let quality {
                add("crf", quality)
                add("b", "0")
            }
            add("g", "\(interval)")
            add("row-mt", "0")
            add("threads", "1")
        case .ffv1:
            add("level", "3")
            add("g", "1")
            add("slices", "4")
            add("slicecrc", "1")
            add("threads", "1")
        case .nvenc:
            if let preset { add("preset", preset) }
            if let quality {
                add("rc", "vbr")
                add("cq", quality)
                add("b", "0")
            }
            add("g", "\(interval)")
        case .qsv:
            if let preset { add("preset", preset) }
            if let quality { add("global_quality", quality) }
            add("g", "\(interval)")
        case .vaapi:
            if let quality {
                add("rc_mode", "CQP")
                add("qp", quality)
            }
            add("g", "\(interval)")
        case .amf:
            if let preset { add("quality", preset) }
            if let quality {
                add("rc", "cqp")
                add("qp_i", quality)
                add("qp_p", quality)
            }
            add("g", "\(interval)")
        case .videotoolbox:
            if let quality { add("q", quality) }
            add("g", "\(interval)")
        }
        arguments = ["-c:v", profile.name]
        for option in Self.merged(options, ownOptions + user.options) {
            arguments += ["-\(option.key):v", option.value]
        }
        let all = Self.merged(parameters, ownParameters + user.parameters)
        if let key = EncoderOptionRules.parameterKey(of: profile.family), !all.isEmpty {
            arguments += ["-\(key)", all.map { "\($0.key)=\($0.value)" }.joined(separator: ":")]
        }
        arguments += color.arguments
    }

    /// The options with those of the user put in: the same key is replaced, others follow.
    private static func merged(_ own: [EncoderOption], _ user: [EncoderOption]) -> [EncoderOption] {
        var result = own
        for option in user {
            if let position = result.firstIndex(where: { $0.key == option.key }) {
                result[position] = option
            } else {
                result.append(option)
            }
        }
        return result
    }
}
