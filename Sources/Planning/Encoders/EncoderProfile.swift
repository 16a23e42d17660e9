// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletModel

/// What Martlet knows of one encoder: a value that decides its whole argument list.
package struct EncoderProfile: Sendable, Equatable {
    /// Encoders that take the same options.
    package enum Family: String, Sendable {
        case x264, x265, svtav1, aom, vpx, ffv1, nvenc, qsv, vaapi, amf, videotoolbox

        /// Whether it encodes on a graphics device.
        package var isHardware: Bool {
            switch self {
            case .x264, .x265, .svtav1, .aom, .vpx, .ffv1: false
            case .nvenc, .qsv, .vaapi, .amf, .videotoolbox: true
            }
        }
    }

    /// FFmpeg's name of the encoder.
    package var name: String
    /// What it makes.
    package var codec: VideoCodec
    /// Which options it takes.
    package var family: Family
    /// The preset used when the user names none; `nil` for encoders without presets.
    package var defaultPreset: String?
    /// The presets it knows, fastest or slowest first as its makers list them; empty without presets.
    package var presets: [String]
    /// The quality used when the user names neither quality nor bit rate; `nil` for lossless encoders.
    package var defaultCRF: Double?
    /// The scale of its quality value, on which less is better except for VideoToolbox; `nil` for lossless encoders.
    package var crfRange: ClosedRange<Double>?
    /// Whether its quality value may have decimals.
    package var hasFractionalCRF: Bool
    /// The pixel formats it takes, the usual one first.
    package var pixelFormats: [String]
    /// The longest distance of its key frames, in frames.
    package var keyInterval: Int
    /// Whether it needs even sizes where chroma is halved.
    package var needsEvenSizes: Bool
    /// Whether it keeps the two fields of interlaced frames apart.
    package var keepsFields: Bool
    /// Expected memory of one process, in bytes for each pixel of a frame, at 8 bits.
    package var memoryPerPixel: Double
    /// Expected effort of its default preset, in reference seconds for a million pixels.
    package var costPerMegapixel: Double

    /// The shortest side of a picture that it takes, in pixels.
    package var smallestSide: Int {
        switch family {
        case .svtav1: 64
        case .x265: 16
        default: 1
        }
    }

    /// The profile of an encoder by FFmpeg's name; `nil` for encoders that Martlet does not know.
    package static func named(_ name: String) -> EncoderProfile? { all.first { $0.name == name } }

    /// Every encoder that Martlet knows, the preferred one of each codec first.
    package static let all: [EncoderProfile] = software + hardware

    /// Checks a preset and a quality value that the user named.
    ///
    /// - Throws: `PlanningError` with code `badValue` or `contradiction`, naming what is allowed.
    package func validate(preset: String?, crf: Double?) throws(PlanningError) {
        if let preset {
            guard !presets.isEmpty else {
                throw PlanningError(.contradiction, "\(name) has no presets, so --preset \(preset) means nothing.")
            }
            guard presets.contains(preset) else {
                throw PlanningError(
                    .badValue, "\(name) has no preset \"\(preset)\".",
                    advice: "It has: \(presets.joined(separator: ", ")).")
            }
        }
        if let crf {
            guard let crfRange else {
                throw PlanningError(
                    .contradiction, "\(name) is lossless, so --crf \(Self.text(crf)) means nothing.",
                    advice: "Leave out --crf, or choose another codec.")
            }
            guard crfRange.contains(crf), hasFractionalCRF || crf == crf.rounded() else {
                let kind = hasFractionalCRF ? "a number" : "a whole number"
                throw PlanningError(
                    .badValue, "--crf \(Self.text(crf)) does not suit \(name).",
                    advice:
                        "It takes \(kind) from \(Self.text(crfRange.lowerBound)) to \(Self.text(crfRange.upperBound)).")
            }
        }
    }

    /// The longest distance of key frames in a segment, in frames.
    ///
    /// SVT-AV1 places no key frames at scene changes; one of its own in the
    /// middle of a segment costs 1 to 3 % of the bytes, so a segment up to half
    /// as long again as the interval has none, and longer ones have equal parts.
    package func keyInterval(frames: Int) -> Int {
        guard family == .svtav1 else { return keyInterval }
        if frames <= keyInterval + keyInterval / 2 { return max(frames, 1) }
        let parts = (frames + keyInterval - 1) / keyInterval
        return (frames + parts - 1) / parts
    }

    /// Expected peak memory of a run that makes pictures of this size.
    package func memory(width: Int, height: Int, bitDepth: Int) -> ByteCount {
        let depth = bitDepth > 8 ? 2.0 : 1.0
        // 35 bytes a pixel for the decoder's and the filters' frames, 48 MiB for the program.
        let bytes = Double(width * height) * (memoryPerPixel + 35) * depth
        return ByteCount(Int64(bytes)) + .mebibytes(48)
    }

    /// Expected effort, in reference seconds.
    ///
    /// - Parameters:
    ///   - frames: how many frames are encoded.
    ///   - pixels: pixels of each.
    ///   - preset: the preset.
    package func cost(frames: Int, pixels: Int, preset: String?) -> Double {
        Double(frames) * Double(pixels) / 1e6 * costPerMegapixel * presetFactor(preset ?? defaultPreset)
    }

    /// How much dearer a preset is than the default one.
    private func presetFactor(_ preset: String?) -> Double {
        guard let preset, let defaultPreset,
            let position = presets.firstIndex(of: preset), let usual = presets.firstIndex(of: defaultPreset)
        else { return 1 }
        var factor = 1.0
        for _ in 0..<abs(position - usual) { factor *= 1.6 }
        // The lists run from fast to slow for x264 and x265, else from slow to fast.
        let isSlower = family == .x264 || family == .x265 ? position > usual : position < usual
        return isSlower ? factor : 1 / factor
    }

    /// A number without needless decimals.
    static func text(_ number: Double) -> String {
        number == number.rounded() && abs(number) < 1e15 ? "\(Int64(number))" : "\(number)"
    }
}
