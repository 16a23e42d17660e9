// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import MartletModel

/// Two lists of frame times, laid on each other at their first frames.
struct TimeComparison {
    /// Whether every time is where it must be.
    let isEqual: Bool
    /// The largest difference, in milliseconds.
    let largest: Double
    /// The first frame that is off by more than allowed; `nil` when none is.
    let firstStray: Int?
    /// What was allowed, in milliseconds: nothing when the file's clock can
    /// hold every source time, else the rounding of one tick.
    let allowed: Double
    /// How much later the file starts than expected, in milliseconds.
    let shift: Double

    /// Compares as many times as both lists have.
    init(expected: [Int64], _ expectedBase: TimeBase, actual: [Int64], _ actualBase: TimeBase) {
        // One unit is the product of both ticks' denominators: nothing is rounded.
        let source = Int128(expectedBase.num) * Int128(actualBase.den)
        let file = Int128(actualBase.num) * Int128(expectedBase.den)
        let unit = 1_000 / (Double(expectedBase.den) * Double(actualBase.den))
        let tolerance = source % max(file, 1) == 0 ? 0 : file
        var largest: Int128 = 0
        var stray: Int?
        for number in 0..<min(expected.count, actual.count) {
            let difference = Int128(actual[number] - actual[0]) * file - Int128(expected[number] - expected[0]) * source
            largest = max(largest, abs(difference))
            if stray == nil, abs(difference) > tolerance { stray = number }
        }
        isEqual = stray == nil && expected.count == actual.count
        self.largest = Double(largest) * unit
        firstStray = stray
        allowed = Double(tolerance) * unit
        shift = Double(Int128(actual.first ?? 0) * file - Int128(expected.first ?? 0) * source) * unit
    }
}
