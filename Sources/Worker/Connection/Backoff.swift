// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

/// How long to wait before something is tried again.
package struct Backoff: Sendable, Equatable {
    /// The wait after the first failure.
    package var first: Duration
    /// The wait after the second, from which on it doubles.
    package var usual: Duration
    /// After so many failures the wait begins to double.
    package var patience: Int
    /// The longest wait.
    package var limit: Duration
    /// How often it has failed in a row.
    package private(set) var failures = 0

    /// Makes a wait that has not begun.
    package init(first: Duration, usual: Duration, patience: Int, limit: Duration) {
        self.first = first
        self.usual = usual
        self.patience = patience
        self.limit = max(limit, usual)
    }

    /// For calls of the data plane: 0.2 s, then 0.5 s doubling up to 10 s.
    package static let calls = Backoff(
        first: .milliseconds(200), usual: .milliseconds(500), patience: 1, limit: .seconds(10))

    /// For the connection of a worker: 0.2 s, then `delay` twice, then doubling up to 30 s.
    package static func connection(delay: Duration) -> Backoff {
        Backoff(first: min(.milliseconds(200), delay), usual: delay, patience: 2, limit: .seconds(30))
    }

    /// Notes a failure, and says how long to wait now: the wait spread by a quarter both ways, so that many do not
    /// come back at one moment.
    package mutating func next(using generator: inout some RandomNumberGenerator) -> Duration {
        failures += 1
        var wait = failures == 1 ? first : usual
        for _ in 0..<min(max(0, failures - 1 - patience), 20) { wait = min(wait * 2, limit) }
        return wait * Double.random(in: 0.75...1.25, using: &generator)
    }

    /// Notes that it worked.
    package mutating func succeeded() { failures = 0 }
}
