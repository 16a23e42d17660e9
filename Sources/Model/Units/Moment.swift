// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

/// A reading of a monotonic clock, in nanoseconds since an origin of its own.
///
/// The pure core never reads a clock; drivers hand it moments. Only differences
/// of moments from one clock mean anything.
package struct Moment: Hashable, Comparable, Sendable, Codable {
    /// Nanoseconds since the clock's origin.
    package var nanoseconds: Int64

    /// Makes a reading of `nanoseconds`.
    package init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

    package static func < (left: Moment, right: Moment) -> Bool { left.nanoseconds < right.nanoseconds }

    /// The moment `duration` later.
    package static func + (moment: Moment, duration: Duration) -> Moment {
        Moment(nanoseconds: moment.nanoseconds + duration.nanoseconds)
    }

    /// The time that passed from `earlier` to `later`.
    package static func - (later: Moment, earlier: Moment) -> Duration {
        .nanoseconds(later.nanoseconds - earlier.nanoseconds)
    }
}

extension Duration {
    /// The length in whole nanoseconds; clamped at about 292 years.
    package var nanoseconds: Int64 {
        let (seconds, attoseconds) = components
        return Int64(clamping: Int128(seconds) * 1_000_000_000 + Int128(attoseconds / 1_000_000_000))
    }

    /// The length in seconds, rounded to a `Double`: for display and estimates only.
    package var inSeconds: Double { Double(nanoseconds) / 1e9 }
}
