// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletModel

/// Numbers as people read them; the same in every locale.
enum Figures {
    /// A number with so many decimals, halves rounded away from zero; `-` when it is not finite.
    static func decimal(_ value: Double, _ places: Int) -> String {
        var factor = 1.0
        for _ in 0..<places { factor *= 10 }
        let scaled = (value * factor).rounded()
        guard scaled.isFinite, abs(scaled) < 1e18 else { return "-" }
        let digits = String(Int64(abs(scaled)))
        let sign = scaled < 0 ? "-" : ""
        guard places > 0 else { return sign + digits }
        let padded = String(repeating: "0", count: max(0, places + 1 - digits.count)) + digits
        return sign + padded.dropLast(places) + "." + padded.suffix(places)
    }

    /// A number with up to three decimals and no idle zeros.
    static func short(_ value: Double) -> String {
        var text = Substring(decimal(value, 3))
        while text.contains("."), text.last == "0" || text.last == "." {
            let isPoint = text.last == "."
            text.removeLast()
            if isPoint { break }
        }
        return String(text)
    }

    /// An amount of data in decimal units, such as `12.3 MB`.
    static func bytes(_ count: ByteCount) -> String {
        var value = Double(count.bytes)
        guard abs(value) >= 1000 else { return "\(count.bytes) bytes" }
        for unit in ["kB", "MB", "GB"] {
            value /= 1000
            if abs(value) < 999.95 { return decimal(value, 1) + " " + unit }
        }
        return decimal(value / 1000, 1) + " TB"
    }

    /// A rate of data, such as `4.2 Mbit/s`.
    static func bitRate(_ rate: BitRate) -> String {
        let value = Double(rate.bitsPerSecond)
        return value < 1e6 ? decimal(value / 1e3, 0) + " kbit/s" : decimal(value / 1e6, 1) + " Mbit/s"
    }

    /// A length of time, such as `0:31` or `1:02:03`.
    static func clock(_ seconds: Double) -> String {
        guard seconds.isFinite, abs(seconds) < 1e9 else { return "-" }
        let whole = Int(abs(seconds).rounded())
        let tail = twoDigits(whole % 60)
        let sign = seconds < 0 && whole > 0 ? "-" : ""
        return sign
            + (whole >= 3600 ? "\(whole / 3600):\(twoDigits(whole / 60 % 60)):\(tail)" : "\(whole / 60):\(tail)")
    }

    /// A point in a film to the millisecond, such as `0:01:23.042`.
    static func timestamp(_ seconds: Double) -> String {
        guard seconds.isFinite, abs(seconds) < 1e9 else { return "-" }
        let milliseconds = Int((abs(seconds) * 1000).rounded())
        let fraction = String(milliseconds % 1000)
        let rest = milliseconds / 1000
        return (seconds < 0 && milliseconds > 0 ? "-" : "")
            + "\(rest / 3600):\(twoDigits(rest / 60 % 60)):\(twoDigits(rest % 60))."
            + String(repeating: "0", count: 3 - fraction.count) + fraction
    }

    /// How long ago something was, such as `12 s ago`, `5 min ago` or `3 d ago`.
    static func ago(_ seconds: Double) -> String {
        switch seconds {
        case ..<1: "now"
        case ..<60: "\(Int(seconds)) s ago"
        case ..<3600: "\(Int(seconds / 60)) min ago"
        case ..<86_400: "\(Int(seconds / 3600)) h ago"
        case ..<1e11: "\(Int(seconds / 86_400)) d ago"
        default: "-"
        }
    }

    /// A share of 0 to 1 in whole percent, rounded down.
    static func percent(_ share: Double) -> String { "\(Int(max(0, min(share, 1)) * 100)) %" }

    /// A text from elsewhere in one line that cannot steer a terminal.
    static func harmless(_ text: String) -> String {
        String(String.UnicodeScalarView(text.unicodeScalars.map { isControl($0) ? "?" : $0 }))
    }

    /// Lines from elsewhere that cannot steer a terminal.
    static func harmlessLines(_ text: String) -> [String] {
        text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).map { harmless(String($0)) }
    }

    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value) || (0x202A...0x202E).contains(scalar.value)
            || (0x2066...0x2069).contains(scalar.value)
    }

    /// A count and its noun, such as `1 frame` or `3 frames`.
    static func count(_ number: Int, _ noun: String) -> String { "\(number) \(noun)" + (number == 1 ? "" : "s") }

    private static func twoDigits(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
}

extension String {
    /// The text with blanks after it up to a width.
    func padded(to width: Int) -> String { self + String(repeating: " ", count: Swift.max(0, width - count)) }

    /// The text with blanks before it up to a width.
    func indented(to width: Int) -> String { String(repeating: " ", count: Swift.max(0, width - count)) + self }

    /// The text in lines of at most `width` letters, broken at blanks; longer words keep a line of their own.
    func wrapped(to width: Int) -> [String] {
        var lines: [String] = []
        for word in split(separator: " ") {
            if let last = lines.last, last.count + 1 + word.count <= width {
                lines[lines.count - 1] = last + " " + word
            } else {
                lines.append(String(word))
            }
        }
        return lines
    }
}
