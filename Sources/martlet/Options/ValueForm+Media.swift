// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletModel

extension ValueForm where Value == CodecRequest {
    /// A codec, the name of an encoder, or `copy`.
    static var codec: ValueForm {
        let codecs = VideoCodec.allCases.map(\.rawValue)
        var form = ValueForm(
            valueName: (codecs + ["copy", "ENCODER"]).joined(separator: "|"),
            expected: codecs.joined(separator: ", ") + ", copy or the name of an encoder such as libx265"
        ) { text in
            switch text {
            case "copy": .copy
            case "h265": .codec(.hevc)
            default:
                VideoCodec(rawValue: text).map { .codec($0) } ?? (ValueForm<String>.isWord(text) ? .encoder(text) : nil)
            }
        }
        form.choices = codecs + ["copy"]
        form.completion = .choices
        return form
    }

    /// A codec or the name of an encoder.
    static var encodingCodec: ValueForm {
        let codecs = VideoCodec.allCases.map(\.rawValue)
        var form = codec
        form.valueName = (codecs + ["ENCODER"]).joined(separator: "|")
        form.expected = codecs.joined(separator: ", ") + " or the name of an encoder such as libx265"
        form.choices = codecs
        form.read = { text in codec.read(text).flatMap { $0 == .copy ? nil : $0 } }
        return form
    }
}

extension ValueForm where Value == BitRate {
    /// A rate of data.
    static var bitRate: ValueForm {
        ValueForm(valueName: "RATE", expected: "a bit rate such as 4M, 2.5M or 128k") { BitRate($0) }
    }
}

extension ValueForm where Value == TargetQuality {
    /// A measure of likeness and the value to reach.
    static var targetQuality: ValueForm {
        ValueForm(
            valueName: "vmaf:N|ssim:N", expected: "a measure and its value: vmaf:0 to vmaf:100, or ssim:0 to ssim:1"
        ) { text in
            let parts = text.split(separator: ":", omittingEmptySubsequences: false)
            guard parts.count == 2, let metric = TargetQuality.Metric(rawValue: String(parts[0])),
                let value = Double(parts[1]), (0...(metric == .vmaf ? 100 : 1)).contains(value)
            else { return nil }
            return TargetQuality(metric: metric, value: value)
        }
    }
}

extension ValueForm where Value == Rational {
    /// A frame rate: a fraction, a whole number, or a decimal; the decimals that
    /// stand for NTSC rates mean the exact fraction.
    static var frameRate: ValueForm {
        ValueForm(valueName: "RATE", expected: "a frame rate such as 25, 23.976 or 30000/1001") { text in
            let parts = text.split(separator: "/", omittingEmptySubsequences: false)
            if parts.count == 2, let num = Int32(parts[0]), let den = Int32(parts[1]) {
                return allowed(Rational(num, den))
            }
            if let whole = Int32(text) { return allowed(Rational(whole, 1)) }
            guard parts.count == 1, let value = Double(text), value.isFinite, (0.01...1000).contains(value) else {
                return nil
            }
            for base: Int32 in [24, 30, 48, 60, 120]
            where abs(Double(base) * 1000 / 1001 - value) < 0.0051 && value.rounded() == Double(base) {
                return Rational(base * 1000, 1001)
            }
            return Rational(Int32((value * 1000).rounded()), 1000)
        }
    }

    private static func allowed(_ rate: Rational) -> Rational? {
        rate.isPositive && (0.01...1000).contains(rate.value) ? rate : nil
    }
}

extension ValueForm where Value == Resolution {
    /// A number of lines, or a box.
    static var resolution: ValueForm {
        ValueForm(valueName: "HEIGHTp|WxH", expected: "a height such as 1080p or a box such as 1280x720") { text in
            let sides = 16...16384
            if text.last == "p" {
                return Int(text.dropLast()).flatMap { sides.contains($0) ? .height($0) : nil }
            }
            let parts = text.split(separator: "x", omittingEmptySubsequences: false)
            guard parts.count == 2, let width = Int(parts[0]), let height = Int(parts[1]),
                sides.contains(width), sides.contains(height)
            else { return nil }
            return .box(width: width, height: height)
        }
    }
}

extension ValueForm where Value == EncoderOption {
    /// One encoder option as `key=value`.
    static var keyAndValue: ValueForm {
        ValueForm(valueName: "KEY=VALUE", expected: "an encoder option such as tune=film") { text in
            guard let equals = text.firstIndex(of: "=") else { return nil }
            let (key, value) = (String(text[..<equals]), String(text[text.index(after: equals)...]))
            return ValueForm<String>.isWord(key) && !value.isEmpty ? EncoderOption(key, value) : nil
        }
    }
}

extension ValueForm where Value == [EncoderOption] {
    /// Encoder options as ffmpeg's command line has them: `-tune film -bf 2`.
    static var ffmpegParameters: ValueForm {
        ValueForm(
            valueName: "\"-KEY VALUE ...\"", expected: "encoder options in pairs, such as \"-tune film -bf 2\""
        ) { text in
            guard let words = ShellWords.split(text), words.count.isMultiple(of: 2) else { return nil }
            var options: [EncoderOption] = []
            for pair in stride(from: 0, to: words.count, by: 2) {
                guard words[pair].first == "-" else { return nil }
                var key = words[pair].dropFirst()
                if key.hasSuffix(":v") { key = key.dropLast(2) }
                guard ValueForm<String>.isWord(String(key)) else { return nil }
                options.append(EncoderOption(String(key), words[pair + 1]))
            }
            return options
        }
    }
}
