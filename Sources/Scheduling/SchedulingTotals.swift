// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

/// What scheduling did since the coordinator started.
package struct SchedulingTotals: Equatable, Sendable {
    /// Second and third attempts at tasks that ran already.
    package var copies = 0
    /// Copies that were done first.
    package var copiesWon = 0
    /// Time that workers spent on attempts that another one made needless, in seconds.
    package var copiedSeconds = 0.0
    /// Time that workers spent on attempts that failed or were lost, in seconds.
    package var failedSeconds = 0.0
    /// Time that workers spent on attempts whose result counts, in seconds.
    package var usefulSeconds = 0.0
    /// Attempts that failed.
    package var failures = 0

    /// Counts from nothing.
    package init() {}
}
