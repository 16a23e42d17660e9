// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import Foundation

/// How long random tests go on, and with which seeds.
///
/// Usually they are short, and the same in every run. `make chaos` and `make fuzz` let them go on for minutes, from a
/// seed of the user's choice: the variables `MARTLET_TRIAL_MINUTES` and `MARTLET_TRIAL_SEED`.
package struct Trial: Sendable {
    /// The first seed, default 1.
    package let seed: UInt64
    /// How long; `nil` for the short form.
    package let length: Duration?

    /// What the environment asks for.
    package static let current = Trial(ProcessInfo.processInfo.environment)

    private static let start = ContinuousClock.now

    /// Reads the variables; what is not a number counts as missing.
    init(_ environment: [String: String]) {
        seed = environment["MARTLET_TRIAL_SEED"].flatMap { UInt64($0) } ?? 1
        length = environment["MARTLET_TRIAL_MINUTES"].flatMap { Double($0) }.flatMap { minutes in
            minutes > 0 ? .milliseconds(Int64(minutes * 60_000)) : nil
        }
    }

    /// The seeds of the rounds to be done: `short` fixed ones in the short form, else one after the other from
    /// ``seed`` until the time has passed, at least one.
    package func seeds(short: ClosedRange<UInt64>) -> some Sequence<UInt64> & Sendable {
        guard let length else { return Seeds(seed: short.lowerBound, last: short.upperBound, end: nil) }
        return Seeds(seed: seed, last: .max, end: Self.start + length)
    }

    private struct Seeds: Sequence, IteratorProtocol, Sendable {
        var seed: UInt64
        var last: UInt64
        var end: ContinuousClock.Instant?
        var isFirst = true

        mutating func next() -> UInt64? {
            let isOver = seed > last || (!isFirst && end.map { ContinuousClock.now >= $0 } ?? false)
            guard !isOver else { return nil }
            isFirst = false
            defer { seed &+= 1 }
            return seed
        }
    }
}
