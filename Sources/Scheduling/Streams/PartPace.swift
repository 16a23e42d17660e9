// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

/// How long a part of a stream may take before somebody else is asked for it, too: learned from those that came.
package struct PartPace: Sendable {
    /// While nothing is known.
    private static let first: Duration = .seconds(4)
    /// Shorter ones would mean that every breath of a busy machine has a part made twice; viewers wait no longer.
    private static let (shortest, longest): (Duration, Duration) = (.seconds(1), .seconds(15))
    /// How many parts it goes by.
    private static let memory = 8

    /// The newest last.
    private var times: [Duration] = []

    /// Knows nothing yet.
    package init() {}

    /// A part came after so long.
    package mutating func took(_ time: Duration) {
        times.append(time)
        if times.count > Self.memory { times.removeFirst() }
    }

    /// Twice what the slowest of the last parts took; 1 to 15 s.
    package var allowance: Duration {
        guard let slowest = times.max() else { return Self.first }
        return min(max(slowest * 2, Self.shortest), Self.longest)
    }
}
