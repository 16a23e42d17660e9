// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

/// The natural logarithm and its inverse, with the same digits on every machine.
///
/// Plans decide by them, and system libraries differ in the last digit.
enum Exponential {
    private static let ln2 = 0.693147180559945309417232121458

    /// The natural logarithm of a positive, finite number, to about 15 digits.
    static func logarithm(_ number: Double) -> Double {
        guard number > 0, number.isFinite else { return number > 0 ? .infinity : -.infinity }
        // With a significand from 0.7 to 1.4 the series needs few terms.
        var exponent = Double(number.exponent)
        var significand = number.significand
        if significand > 1.414 {
            significand /= 2
            exponent += 1
        }
        let ratio = (significand - 1) / (significand + 1)
        let square = ratio * ratio
        var (power, sum) = (ratio, 0.0)
        for term in stride(from: 1.0, through: 41, by: 2) {
            sum += power / term
            power *= square
        }
        return exponent * ln2 + 2 * sum
    }

    /// The power of e, to about 15 digits; clamped to finite numbers.
    static func power(_ exponent: Double) -> Double {
        let limited = min(max(exponent, -700), 700)
        let doublings = (limited / ln2).rounded()
        let rest = limited - doublings * ln2
        var (term, sum) = (1.0, 1.0)
        for factor in 1...20 {
            term *= rest / Double(factor)
            sum += term
        }
        return Double(sign: .plus, exponent: Int(doublings), significand: 1) * sum
    }
}
