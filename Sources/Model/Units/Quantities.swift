// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

/// An amount of data, in bytes.
package struct ByteCount: Hashable, Comparable, Sendable, Codable {
    /// The number of bytes.
    package var bytes: Int64

    /// Makes an amount of `bytes` bytes.
    package init(_ bytes: Int64) { self.bytes = bytes }

    /// `count` binary megabytes (1,048,576 bytes each).
    package static func mebibytes(_ count: Int64) -> ByteCount { ByteCount(count << 20) }

    package static func < (left: ByteCount, right: ByteCount) -> Bool { left.bytes < right.bytes }
    package static func + (left: ByteCount, right: ByteCount) -> ByteCount { ByteCount(left.bytes + right.bytes) }
    package static func - (left: ByteCount, right: ByteCount) -> ByteCount { ByteCount(left.bytes - right.bytes) }
}

/// A rate of data, in bits per second (decimal: `4M` is 4,000,000).
package struct BitRate: Hashable, Comparable, Sendable, Codable {
    /// The number of bits per second.
    package var bitsPerSecond: Int64

    /// Makes a rate of `bitsPerSecond`.
    package init(_ bitsPerSecond: Int64) { self.bitsPerSecond = bitsPerSecond }

    /// Reads `128k`, `4M`, `2.5M` or a plain number of bits per second; `nil`
    /// for anything else and for rates that are not positive.
    package init?(_ text: String) {
        var digits = Substring(text)
        var factor = 1.0
        switch digits.last {
        case "k", "K":
            factor = 1e3
            digits.removeLast()
        case "m", "M":
            factor = 1e6
            digits.removeLast()
        case "g", "G":
            factor = 1e9
            digits.removeLast()
        default: break
        }
        guard let number = Double(digits), number.isFinite, number > 0, number * factor < 1e15 else { return nil }
        self.init(Int64((number * factor).rounded()))
    }

    package static func < (left: BitRate, right: BitRate) -> Bool { left.bitsPerSecond < right.bitsPerSecond }
}
