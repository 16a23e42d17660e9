// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

/// A point on a stream's clock: `ticks` of `timeBase` seconds each.
package struct MediaTime: Hashable, Sendable, Codable {
    /// The number of ticks since the clock's zero.
    package var ticks: Int64
    /// The length of one tick.
    package var timeBase: TimeBase

    /// Makes a time from ticks of a clock.
    package init(ticks: Int64, timeBase: TimeBase) {
        self.ticks = ticks
        self.timeBase = timeBase
    }

    /// The time in seconds, rounded to a `Double`: for display and estimates only.
    package var seconds: Double { Double(ticks) * timeBase.value }

    /// The time in whole microseconds, rounded to nearest, halves away from zero.
    package var microseconds: Int64 { rescaled(to: TimeBase(1, 1_000_000)) }

    /// The time in ticks of another clock, rounded to nearest, halves away from
    /// zero; exact in 128 bits, so it cannot overflow on the way.
    ///
    /// Source: `av_rescale_q`, <https://ffmpeg.org/doxygen/trunk/group__lavu__math.html>
    package func rescaled(to other: TimeBase) -> Int64 {
        guard timeBase.isPositive, other.isPositive else { return ticks }
        let numerator = Int128(ticks) * Int128(timeBase.num) * Int128(other.den)
        let denominator = Int128(timeBase.den) * Int128(other.num)
        let half = denominator / 2
        let rounded = numerator >= 0 ? (numerator + half) / denominator : -((-numerator + half) / denominator)
        return Int64(clamping: rounded)
    }
}
