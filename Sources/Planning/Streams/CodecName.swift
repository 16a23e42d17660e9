// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletModel

/// What a codec's level allows, and the names of codecs as browsers and players know them.
///
/// The level is chosen here and given to the encoder, so that the name is
/// known before anything is encoded.
///
/// Source: RFC 6381; ITU-T H.264 table A-1; ITU-T H.265 table A.8; AV1 Codec ISO Media File Format Binding, section 5,
/// and AV1 Bitstream, annex A.3
package enum CodecName {
    /// The size and pace of pictures that a level must do.
    package struct Load: Sendable, Equatable {
        /// Pixels across.
        package var width: Int
        /// Pixels down.
        package var height: Int
        /// Pictures a second.
        package var frameRate: Double
        /// The most bits a second.
        package var peak: BitRate

        /// Makes a load.
        package init(width: Int, height: Int, frameRate: Double, peak: BitRate) {
            self.width = width
            self.height = height
            self.frameRate = frameRate
            self.peak = peak
        }
    }

    /// A row of a codec's table: its level, and what it allows.
    private struct Level {
        var number: Int
        /// Macroblocks (H.264) or pixels (HEVC, AV1) of a picture.
        var picture: Double
        /// The same a second.
        var pace: Double
        /// Bits a second.
        var rate: Double
    }

    /// Level times ten; High profile takes 1.25 times the rates of the table.
    private static let h264: [Level] = [
        Level(number: 10, picture: 99, pace: 1_485, rate: 80e3),
        Level(number: 11, picture: 396, pace: 3_000, rate: 240e3),
        Level(number: 12, picture: 396, pace: 6_000, rate: 480e3),
        Level(number: 13, picture: 396, pace: 11_880, rate: 960e3),
        Level(number: 21, picture: 792, pace: 19_800, rate: 5e6),
        Level(number: 22, picture: 1_620, pace: 20_250, rate: 5e6),
        Level(number: 30, picture: 1_620, pace: 40_500, rate: 12.5e6),
        Level(number: 31, picture: 3_600, pace: 108_000, rate: 17.5e6),
        Level(number: 32, picture: 5_120, pace: 216_000, rate: 25e6),
        Level(number: 40, picture: 8_192, pace: 245_760, rate: 25e6),
        Level(number: 42, picture: 8_704, pace: 522_240, rate: 62.5e6),
        Level(number: 50, picture: 22_080, pace: 589_824, rate: 168e6),
        Level(number: 51, picture: 36_864, pace: 983_040, rate: 300e6),
        Level(number: 52, picture: 36_864, pace: 2_073_600, rate: 300e6),
        Level(number: 60, picture: 139_264, pace: 4_177_920, rate: 300e6),
        Level(number: 62, picture: 139_264, pace: 16_711_680, rate: 1000e6),
    ]

    /// Level times thirty, main tier.
    private static let hevc: [Level] = [
        Level(number: 60, picture: 122_880, pace: 3_686_400, rate: 1.5e6),
        Level(number: 63, picture: 245_760, pace: 7_372_800, rate: 3e6),
        Level(number: 90, picture: 552_960, pace: 16_588_800, rate: 6e6),
        Level(number: 93, picture: 983_040, pace: 33_177_600, rate: 10e6),
        Level(number: 120, picture: 2_228_224, pace: 66_846_720, rate: 12e6),
        Level(number: 123, picture: 2_228_224, pace: 133_693_440, rate: 20e6),
        Level(number: 150, picture: 8_912_896, pace: 267_386_880, rate: 25e6),
        Level(number: 153, picture: 8_912_896, pace: 534_773_760, rate: 40e6),
        Level(number: 156, picture: 8_912_896, pace: 1_069_547_520, rate: 60e6),
        Level(number: 180, picture: 35_651_584, pace: 1_069_547_520, rate: 60e6),
        Level(number: 186, picture: 35_651_584, pace: 4_278_190_080, rate: 240e6),
    ]

    /// `seq_level_idx`, main tier; the pace is that of shown pictures.
    private static let av1: [Level] = [
        Level(number: 0, picture: 147_456, pace: 4_423_680, rate: 1.5e6),
        Level(number: 1, picture: 278_784, pace: 8_363_520, rate: 3e6),
        Level(number: 4, picture: 665_856, pace: 19_975_680, rate: 6e6),
        Level(number: 5, picture: 1_065_024, pace: 31_950_720, rate: 10e6),
        Level(number: 8, picture: 2_359_296, pace: 70_778_880, rate: 12e6),
        Level(number: 9, picture: 2_359_296, pace: 141_557_760, rate: 20e6),
        Level(number: 12, picture: 8_912_896, pace: 267_386_880, rate: 30e6),
        Level(number: 13, picture: 8_912_896, pace: 534_773_760, rate: 40e6),
        Level(number: 14, picture: 8_912_896, pace: 1_069_547_520, rate: 60e6),
        Level(number: 16, picture: 35_651_584, pace: 1_069_547_520, rate: 60e6),
        Level(number: 17, picture: 35_651_584, pace: 2_139_095_040, rate: 100e6),
        Level(number: 18, picture: 35_651_584, pace: 4_278_190_080, rate: 160e6),
    ]

    /// The lowest level that does a load, in the codec's own numbers; the highest when none does.
    package static func level(of codec: VideoCodec, for load: Load) -> Int {
        let blocks = Double((load.width + 15) / 16 * ((load.height + 15) / 16))
        let (table, size) =
            switch codec {
            case .hevc: (hevc, Double(load.width * load.height))
            case .av1: (av1, Double(load.width * load.height))
            case .h264, .vp9, .ffv1: (h264, blocks)
            }
        // A pace just above a whole rate (25.0001) is rounding in the container.
        let pace = size * load.frameRate * 0.999
        let fitting = table.first { level in
            size <= level.picture && pace <= level.pace && Double(load.peak.bitsPerSecond) <= level.rate
        }
        return (fitting ?? table[table.count - 1]).number
    }

    /// The name of a picture codec at a level in the codec's own numbers, for pictures of 8 or 10 bits in 4:2:0.
    package static func video(_ codec: VideoCodec, level: Int, bitDepth: Int) -> String {
        switch codec {
        case .h264: return "avc1.\(bitDepth > 8 ? "6E" : "64")00" + hexadecimal(level)
        case .hevc: return bitDepth > 8 ? "hvc1.2.4.L\(level).90" : "hvc1.1.6.L\(level).90"
        case .av1: return "av01.0.\(level < 10 ? "0" : "")\(level)M.\(bitDepth > 8 ? "10" : "08")"
        case .vp9, .ffv1: return "vp09.00.\(level).08"
        }
    }

    /// A level in the codec's own numbers as encoders take it, such as `3.1`.
    static func levelText(_ codec: VideoCodec, _ level: Int) -> String {
        switch codec {
        case .hevc: "\(level / 30).\(level % 30 / 3)"
        case .av1: "\(2 + level / 4).\(level % 4)"
        case .h264, .vp9, .ffv1: "\(level / 10).\(level % 10)"
        }
    }

    /// The name of the codec of a sound track by FFmpeg's name; `nil` for those that streams do not carry.
    package static func audio(_ codec: String, profile: String?, sampleRate: Int = 48_000) -> String? {
        switch codec {
        case "aac": profile == "HE-AAC" ? "mp4a.40.5" : profile == "HE-AACv2" ? "mp4a.40.29" : "mp4a.40.2"
        case "opus": "opus"
        case "flac": "fLaC"
        case "ac3": "ac-3"
        case "eac3": "ec-3"
        // The object type that libavformat writes, which depends on the rate (ISO 13818-3 has the low ones).
        case "mp3": sampleRate > 24_000 ? "mp4a.6B" : "mp4a.69"
        default: nil
        }
    }

    private static func hexadecimal(_ number: Int) -> String {
        let text = String(number, radix: 16, uppercase: true)
        return text.count < 2 ? "0" + text : text
    }
}
