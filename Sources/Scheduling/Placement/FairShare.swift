// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

/// What less urgent work is owed, so that it never waits for ever.
///
/// While less urgent work waits, a tenth of the effort that is given out goes to
/// it. When it gets more than that anyhow, nothing is owed.
package struct FairShare: Equatable, Sendable {
    /// The share of all effort that waiting less urgent work gets at least.
    package static let floor = 0.1

    /// The effort that is owed; at most what the next task in line needs.
    package private(set) var owed = 0.0

    /// Owes nothing yet.
    package init() {}

    /// Whether a less urgent task of this effort comes next.
    func isDue(_ cost: Double) -> Bool {
        // Many tenths do not add up to a whole exactly.
        owed > 0 && owed >= Self.debt(cost) * (1 - 1e-9)
    }

    /// Urgent work was given out while a less urgent task of an effort of `waiting` waited.
    mutating func passedOver(_ waiting: Double, by cost: Double) {
        owed = min(owed + Self.floor * cost, Self.debt(waiting))
    }

    /// A less urgent task was given out before urgent work.
    mutating func paid(_ cost: Double) { owed = max(owed - Self.debt(cost), 0) }

    /// Nothing less urgent waits.
    mutating func forgive() { owed = 0 }

    /// The tenth is one of all effort, that of the task itself included.
    private static func debt(_ cost: Double) -> Double { (1 - floor) * cost }
}
