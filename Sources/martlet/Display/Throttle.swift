// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

/// Lets something through now and then.
struct Throttle: Sendable {
    private var last: Duration?

    /// Whether so much time has passed since the last time that it said yes.
    mutating func passes(_ now: Duration, every interval: Duration, regardless: Bool = false) -> Bool {
        if let last, !regardless, now - last < interval { return false }
        last = now
        return true
    }
}
