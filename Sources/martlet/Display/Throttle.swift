// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

/// Lets something through now and then.
struct Throttle: Sendable {
    private var last: Duration?
    private var lastShare = 0.0

    /// Whether so much time has passed since the last time that it said yes.
    mutating func passes(_ now: Duration, every interval: Duration, regardless: Bool = false) -> Bool {
        if let last, !regardless, now - last < interval { return false }
        last = now
        return true
    }

    /// Likewise for a share that grows, for lines of text: every 5 s, and every second in which a tenth was done.
    mutating func passes(_ now: Duration, share: Double, regardless: Bool = false) -> Bool {
        let interval: Duration = share - lastShare >= 0.1 ? .seconds(1) : .seconds(5)
        guard passes(now, every: interval, regardless: regardless) else { return false }
        lastShare = share
        return true
    }
}
