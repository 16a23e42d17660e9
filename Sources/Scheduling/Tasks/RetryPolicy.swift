// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

/// How often, and how soon, a failed task is tried again.
package struct RetryPolicy: Equatable, Sendable {
    /// How many attempts may fail before the task has failed, at least 1, default 3.
    package var maximumAttempts = 3
    /// On how many workers a task may fail with the same code before it has failed, at least 1, default 3.
    package var maximumWorkersOfOneFailure = 3
    /// How many times a task may come back unfinished (its worker left, or was
    /// lost) before that counts as failed, at least 1, default 10. It is what
    /// stops a task that takes every worker down with it.
    package var maximumInterruptions = 10
    /// The wait after the first failure, default 5 s; doubled after every further one.
    package var delay: Duration = .seconds(5)
    /// The longest wait, before jitter, default 5 min.
    package var maximumDelay: Duration = .seconds(300)
    /// The share by which a wait is lengthened at most, by chance, 0 to 1, default 0.25.
    package var jitter = 0.25

    /// Makes the default policy.
    package init() {}

    /// The wait before the next attempt.
    ///
    /// - Parameters:
    ///   - failures: how many attempts failed so far, at least 1.
    ///   - generator: the source of the jitter.
    package func wait(afterFailures failures: Int, using generator: inout some RandomNumberGenerator) -> Duration {
        var wait = delay
        for _ in 1..<max(failures, 1) where wait < maximumDelay { wait = wait * 2 }
        // 53 random bits make a number in [0, 1), the same on every platform and release of Swift.
        let chance = Double(generator.next() >> 11) * 0x1p-53
        return min(wait, maximumDelay) * (1 + jitter * chance)
    }
}
