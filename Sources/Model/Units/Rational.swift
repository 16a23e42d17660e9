// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

/// An exact fraction: a frame rate, an aspect ratio or a time base.
///
/// `0/1` stands for "unknown", as FFmpeg writes it.
package struct Rational: Hashable, Sendable, Codable {
    /// The numerator.
    package var num: Int32
    /// The denominator, never negative; `0` only in "unknown" (`0/0`) values read from files.
    package var den: Int32

    /// Makes `num/den` as given, without reducing it.
    package init(_ num: Int32, _ den: Int32) {
        self.num = num
        self.den = den
    }

    /// Whether the fraction is a positive number.
    package var isPositive: Bool { num > 0 && den > 0 }

    /// The nearest floating-point value; `0` for an unknown fraction.
    package var value: Double { den == 0 ? 0 : Double(num) / Double(den) }
}

extension Rational: CustomStringConvertible {
    /// The text form `num/den`, as FFmpeg reads it.
    package var description: String { "\(num)/\(den)" }
}

/// The length of one tick of a stream's clock, in seconds.
package typealias TimeBase = Rational
