// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import MartletModel

/// How colours are tagged in the encoded stream.
struct ColorArguments: Sendable {
    /// FFmpeg's options for tags that the source has.
    var arguments: [String]
    /// Settings for x264 and x265 that carry HDR10 metadata.
    var x26xParameters: [EncoderOption]
    /// Settings for SVT-AV1 that carry HDR10 metadata.
    var svtParameters: [EncoderOption]

    /// Reads the tags of the source.
    init(source: VideoProperties, picture: PictureSettings, family: EncoderProfile.Family) {
        var color = source.color
        let before = PixelLayout(source.pixelFormat ?? "yuv420p")
        let after = PixelLayout(picture.pixelFormat)
        if before?.family == .rgb, after?.family == .yuv {
            color.matrix = "bt709"
            color.range = "tv"
            color.chromaLocation = nil
        }
        if picture.isFullRange, after?.family != .rgb, before?.family != .rgb { color.range = "pc" }
        var options: [String] = []
        func add(_ option: String, _ name: String?, _ translation: [String: String] = [:]) {
            guard let name, !["unknown", "unspecified", "reserved", ""].contains(name) else { return }
            options += [option, translation[name] ?? name]
        }
        add("-color_primaries", color.primaries, ["ebu3213": "jedec-p22"])
        // FFmpeg's options and its names for the same curves differ.
        add("-color_trc", color.transfer, ["bt470m": "gamma22", "bt470bg": "gamma28"])
        add("-colorspace", color.matrix, ["gbr": "rgb"])
        add("-color_range", color.range)
        if after.map({ $0.family == .yuv && $0.chromaShift.across > 0 }) ?? false {
            add("-chroma_sample_location", color.chromaLocation)
        }
        arguments = options
        x26xParameters = []
        svtParameters = []
        // Light levels mean nothing once the picture no longer has the source's depth.
        guard (after?.depth ?? 8) >= 10 else { return }
        if let display = source.masteringDisplay, display.primaries.count == 6, display.whitePoint.count == 2 {
            let (red, green, blue) = (display.primaries[0...1], display.primaries[2...3], display.primaries[4...5])
            let white = display.whitePoint[...]
            func scaled(_ values: ArraySlice<Rational>) -> String {
                "(" + values.map { Self.scaled($0, by: 50_000) }.joined(separator: ",") + ")"
            }
            func decimal(_ values: ArraySlice<Rational>) -> String {
                "(" + values.map { Self.decimal($0, places: 5) }.joined(separator: ",") + ")"
            }
            let light =
                "(" + Self.scaled(display.maxLuminance, by: 10_000) + ","
                + Self.scaled(display.minLuminance, by: 10_000) + ")"
            let text = "G\(scaled(green))B\(scaled(blue))R\(scaled(red))WP\(scaled(white))L\(light)"
            x26xParameters.append(EncoderOption(family == .x264 ? "mastering-display" : "master-display", text))
            let lightDecimal =
                "(" + Self.decimal(display.maxLuminance, places: 4) + ","
                + Self.decimal(display.minLuminance, places: 4) + ")"
            svtParameters.append(
                EncoderOption(
                    "mastering-display",
                    "G\(decimal(green))B\(decimal(blue))R\(decimal(red))WP\(decimal(white))L\(lightDecimal)"))
        }
        if let light = source.contentLight {
            let text = "\(light.maxContentLevel),\(light.maxFrameAverageLevel)"
            x26xParameters.append(EncoderOption(family == .x264 ? "cll" : "max-cll", text))
            svtParameters.append(EncoderOption("content-light", text))
        }
    }

    private static func scaled(_ value: Rational, by factor: Int64) -> String {
        guard value.den > 0, value.num >= 0 else { return "0" }
        return "\((Int64(value.num) * factor * 2 + Int64(value.den)) / (2 * Int64(value.den)))"
    }

    private static func decimal(_ value: Rational, places: Int) -> String {
        var factor: Int64 = 1
        for _ in 0..<places { factor *= 10 }
        guard value.den > 0, value.num >= 0 else { return "0" }
        let number = (Int64(value.num) * factor * 2 + Int64(value.den)) / (2 * Int64(value.den))
        let fraction = String(number % factor)
        return "\(number / factor)." + String(repeating: "0", count: places - fraction.count) + fraction
    }
}
