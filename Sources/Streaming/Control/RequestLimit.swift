// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import MartletModel

/// Lets each client ask so often, and for a moment more often.
///
/// A bucket for each client fills at a steady pace; a request takes one out.
struct RequestLimit {
    private struct Bucket {
        var content: Double
        var at: Moment
    }

    /// Requests a second in the long run; 0 sets no limit.
    let pace: Double
    /// How many may come at once.
    let burst: Double
    private var buckets: [String: Bucket] = [:]
    /// With so many clients, those are forgotten that need not be known.
    private var sweepAt = 10_000

    /// Makes a limit; five seconds' worth may come at once.
    init(requestsPerSecond: Int) {
        pace = Double(requestsPerSecond)
        burst = pace * 5
    }

    /// Lets a request pass, or says how long its client has to wait.
    mutating func admit(_ client: String, now: Moment) -> Duration? {
        guard pace > 0 else { return nil }
        // Who came back to a full bucket is as good as unknown.
        if buckets.count > sweepAt {
            buckets = buckets.filter { ($0.value.content + (now - $0.value.at).inSeconds * pace) < burst }
            sweepAt = max(10_000, buckets.count * 2)
        }
        var bucket = buckets[client] ?? Bucket(content: burst, at: now)
        bucket.content = min(burst, bucket.content + (now - bucket.at).inSeconds * pace)
        bucket.at = now
        defer { buckets[client] = bucket }
        guard bucket.content >= 1 else {
            return .milliseconds(Int64(((1 - bucket.content) / pace * 1000).rounded(.up)))
        }
        bucket.content -= 1
        return nil
    }
}
