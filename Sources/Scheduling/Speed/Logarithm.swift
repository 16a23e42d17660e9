// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

/// Natural logarithms, the same on every platform.
enum Logarithm {
    private static let two = 0.693_147_180_559_945_3

    /// The logarithm of a positive number, to 12 digits.
    static func of(_ value: Double) -> Double {
        // value = significand * 2^exponent, and ln(m) = 2 artanh((m - 1) / (m + 1)).
        let ratio = (value.significand - 1) / (value.significand + 1)
        let square = ratio * ratio
        var (sum, power) = (0.0, ratio)
        for odd in stride(from: 1.0, through: 25, by: 2) {
            sum += power / odd
            power *= square
        }
        return 2 * sum + Double(value.exponent) * two
    }

    /// The number whose logarithm this is, to 12 digits.
    static func inverse(_ logarithm: Double) -> Double {
        let exponent = (min(max(logarithm, -700), 700) / two).rounded()
        let rest = min(max(logarithm, -700), 700) - exponent * two
        var (sum, term) = (1.0, 1.0)
        for count in 1...14 {
            term *= rest / Double(count)
            sum += term
        }
        return Double(sign: .plus, exponent: Int(exponent), significand: 1) * sum
    }
}
