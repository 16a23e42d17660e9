// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import MartletModel

extension EncoderProfile {
    /// The encoders that run on graphics devices, as FFmpeg names them.
    static let hardware: [EncoderProfile] =
        family(.nvenc, suffix: "nvenc", codecs: [.h264, .hevc, .av1])
        + family(.qsv, suffix: "qsv", codecs: [.h264, .hevc, .av1, .vp9])
        + family(.vaapi, suffix: "vaapi", codecs: [.h264, .hevc, .av1, .vp9])
        + family(.amf, suffix: "amf", codecs: [.h264, .hevc, .av1])
        + family(.videotoolbox, suffix: "videotoolbox", codecs: [.h264, .hevc])

    private static func family(_ family: Family, suffix: String, codecs: [VideoCodec]) -> [EncoderProfile] {
        codecs.map { codec in
            let traits = traits(of: family, codec)
            return EncoderProfile(
                name: "\(codec.rawValue)_\(suffix)", codec: codec, family: family, defaultPreset: traits.preset,
                presets: traits.presets, defaultCRF: traits.crf, crfRange: traits.range, hasFractionalCRF: false,
                pixelFormats: traits.formats, keyInterval: 250, needsEvenSizes: true, keepsFields: false,
                memoryPerPixel: 60, costPerMegapixel: 0.004)
        }
    }

    private struct Traits {
        var preset: String?
        var presets: [String]
        var crf: Double
        var range: ClosedRange<Double>
        var formats: [String]
    }

    private static func traits(of family: Family, _ codec: VideoCodec) -> Traits {
        let isDeep = codec != .h264
        let planar = isDeep ? ["nv12", "p010le"] : ["nv12"]
        let wideScale = codec == .av1 || codec == .vp9
        switch family {
        case .nvenc:
            return Traits(
                preset: "p5", presets: (1...7).map { "p\($0)" }.reversed(), crf: wideScale ? 32 : 25,
                range: wideScale ? 1...63 : 1...51,
                formats: isDeep ? ["yuv420p", "yuv444p", "p010le"] : ["yuv420p", "yuv444p"])
        case .qsv:
            return Traits(
                preset: "medium",
                presets: ["veryslow", "slower", "slow", "medium", "fast", "faster", "veryfast"], crf: 25,
                range: 1...51, formats: planar)
        case .vaapi:
            return Traits(
                preset: nil, presets: [], crf: wideScale ? 100 : 25, range: wideScale ? 1...255 : 1...51,
                formats: planar)
        case .amf:
            return Traits(
                preset: "balanced", presets: ["quality", "balanced", "speed"], crf: wideScale ? 100 : 25,
                range: wideScale ? 1...255 : 1...51, formats: planar)
        case .videotoolbox:
            return Traits(preset: nil, presets: [], crf: 60, range: 1...100, formats: planar)
        case .x264, .x265, .svtav1, .aom, .vpx, .ffv1:
            preconditionFailure("\(family) is no hardware family")
        }
    }
}
