// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import MartletModel

/// When each frame of the joined film is decoded and shown.
///
/// All values are ticks of `timeBase`, whose numerator is 1, so that MP4 can
/// hold them as they are.
struct FrameClock {
    /// The clock, `1/n`.
    let timeBase: TimeBase
    /// When each frame is shown, ascending.
    let times: [Int64]
    /// How long the last frame is shown, at least 1.
    let lastDuration: Int64

    /// The frames of `index`, `origin` subtracted; at a constant rate from the
    /// first frame's time on when `rate` is given, `count` frames then.
    init(index: FrameIndex, originMicroseconds: Int64, rate: Rational?, count: Int) {
        let fine = FrameClock.fineBase(of: index.timeBase, rate: rate)
        let origin = MediaTime(ticks: originMicroseconds, timeBase: Rational(1, 1_000_000)).rescaled(to: fine)
        timeBase = fine
        if let rate, rate.isPositive {
            let first = index.presentationTimes.first ?? 0
            let start = MediaTime(ticks: first, timeBase: index.timeBase).rescaled(to: fine) - origin
            let tick = Rational(rate.den, rate.num)
            times = (0..<count).map { start + MediaTime(ticks: Int64($0), timeBase: tick).rescaled(to: fine) }
            lastDuration = max(1, MediaTime(ticks: 1, timeBase: tick).rescaled(to: fine))
        } else {
            times = index.presentationTimes.map {
                MediaTime(ticks: $0, timeBase: index.timeBase).rescaled(to: fine) - origin
            }
            lastDuration = max(
                1, MediaTime(ticks: index.lastFrameDuration, timeBase: index.timeBase).rescaled(to: fine))
        }
    }

    /// When frame `number` is shown; numbers before the first and after the
    /// last frame are extrapolated.
    func presentation(_ number: Int) -> Int64 {
        guard let first = times.first, let last = times.last else { return 0 }
        if number < 0 { return first + Int64(number) * leadStep }
        if number >= times.count { return last + Int64(number - times.count + 1) * lastDuration }
        return times[number]
    }

    /// How long frame `number` is shown.
    func duration(_ number: Int) -> Int64 { presentation(number + 1) - presentation(number) }

    // The step of the decode times before the first frame: a small one, so
    // that a long first frame does not push them far below zero.
    private var leadStep: Int64 {
        let steps = zip(times.dropFirst(), times).prefix(32).map { $0 - $1 }
        return max(1, steps.min() ?? lastDuration)
    }

    /// A clock `1/n` that holds the ticks of `base`, and the frames of `rate`, exactly.
    ///
    /// At least 10,000 ticks a second, as players expect of MP4; at most ten
    /// million, above which times are rounded to a microsecond.
    static func fineBase(of base: TimeBase, rate: Rational?) -> TimeBase {
        guard base.isPositive else { return Rational(1, 1_000_000) }
        var ticks = Int64(base.den) / greatestCommonDivisor(Int64(base.num), Int64(base.den))
        if let rate, rate.isPositive { ticks = leastCommonMultiple(ticks, Int64(rate.num)) }
        while ticks < 10_000 { ticks *= 2 }
        return ticks <= 10_000_000 ? Rational(1, Int32(ticks)) : Rational(1, 1_000_000)
    }
}

/// The greatest number that divides both; both positive.
func greatestCommonDivisor(_ a: Int64, _ b: Int64) -> Int64 {
    var (a, b) = (a, b)
    while b != 0 { (a, b) = (b, a % b) }
    return max(a, 1)
}

/// The least number that both divide; both positive.
func leastCommonMultiple(_ a: Int64, _ b: Int64) -> Int64 { a / greatestCommonDivisor(a, b) * b }
