// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import MartletModel
internal import MartletWire
internal import Synchronization

/// Counts what happens to streams, for `/metrics`. Every call takes well under a microsecond.
package final class StreamMetrics: Sendable {
    /// Where a segment came from.
    package enum Source: String, Sendable, CaseIterable {
        /// It was in the cache.
        case cache
        /// Who asked had to wait for it.
        case made
    }

    private let metrics: Mutex<Metrics>

    /// Makes a count of nothing.
    package init() {
        var metrics = Metrics()
        // A counter that is not there yet cannot be seen to grow.
        for source in Source.allCases { metrics.add(0, to: .segments, [source.rawValue]) }
        for result in ["made", "found", "held", "stopped", "failed"] { metrics.add(0, to: .parts, [result]) }
        for family in [MetricFamily.segmentsMade, .relieved, .claimsLost, .late, .evictions, .evictedBytes] {
            metrics.add(0, to: family)
        }
        self.metrics = Mutex(metrics)
    }

    /// Counts a segment that was served.
    func served(from source: Source) { metrics.withLock { $0.add(to: .segments, [source.rawValue]) } }

    /// Counts a try at making a part.
    func ended(_ outcome: PartOutcome, after duration: Duration) {
        let result =
            switch outcome {
            case .made: "made"
            case .found: "found"
            case .held: "held"
            case .stopped: "stopped"
            case .failed, .full: "failed"
            }
        metrics.withLock {
            $0.add(to: .parts, [result])
            if outcome == .made { $0.observe(duration.inSeconds, in: .partDuration) }
        }
    }

    /// Counts the wait of a viewer who begins, or went elsewhere in the film.
    func began(after duration: Duration, from source: Source) {
        metrics.withLock { $0.observe(duration.inSeconds, in: .firstSegment, [source.rawValue]) }
    }

    /// Counts a segment that was there too late.
    func cameLate() { metrics.withLock { $0.add(to: .late) } }

    /// Counts a part's way into the cache.
    func stored(after duration: Duration) { metrics.withLock { $0.observe(duration.inSeconds, in: .storage) } }

    /// Counts a file that had to go.
    func evicted(bytes: Int64) {
        metrics.withLock {
            $0.add(to: .evictions)
            $0.add(Double(bytes), to: .evictedBytes)
        }
    }

    /// Notes how full the cache is.
    func cached(bytes: Int64, limit: Int64) {
        metrics.withLock {
            $0.set(Double(bytes), of: .cacheBytes)
            $0.set(Double(limit), of: .cacheLimit)
        }
    }

    /// Notes how things stand.
    func stands(sessions: Int, films: Int, making: Int, waited: Int) {
        metrics.withLock {
            $0.set(Double(sessions), of: .sessions)
            $0.set(Double(films), of: .openFilms)
            $0.set(Double(making), of: .making)
            $0.set(Double(waited), of: .waited)
        }
    }

    /// Counts a request that was answered.
    ///
    /// - Parameter kind: one of a few words; strangers must not make new series.
    func answered(_ kind: String, status: Int, after duration: Duration) {
        metrics.withLock {
            $0.add(to: .streamRequests, [kind, "\(status)"])
            $0.observe(duration.inSeconds, in: .streamDuration, [kind])
        }
    }

    /// Counts a problem.
    func refused(_ code: String) { metrics.withLock { $0.add(to: .refusals, [code]) } }

    // MARK: Several nodes

    /// What came of the wish for a file of another node.
    enum Fetch: String { case taken, refused, unreachable }

    /// Counts segments that were made here.
    func made(segments: Int) { metrics.withLock { $0.add(Double(segments), to: .segmentsMade) } }

    /// Counts a file that was asked for from another node.
    func fetched(_ result: Fetch) { metrics.withLock { $0.add(to: .fetches, [result.rawValue]) } }

    /// Counts a request that another node answered.
    func relieved() { metrics.withLock { $0.add(to: .relieved) } }

    /// Counts a claim.
    func claimed(locally: Bool) { metrics.withLock { $0.add(to: .claims, [locally ? "local" : "shared"]) } }

    /// Counts an encode whose claim was lost.
    func lostClaim() { metrics.withLock { $0.add(to: .claimsLost) } }

    /// Notes whether the store is reached that nodes share.
    func shares(_ isReached: Bool) { metrics.withLock { $0.set(isReached ? 1 : 0, of: .sharing) } }

    /// Counts an answer of the shared store.
    func claimsAnswered(_ operation: String, after duration: Duration) {
        metrics.withLock { $0.observe(duration.inSeconds, in: .claimDuration, [operation]) }
    }

    /// Counts an answer that the shared store did not give.
    func claimsFailed(_ operation: String) { metrics.withLock { $0.add(to: .claimFailures, [operation]) } }

    /// The text for Prometheus.
    package var text: String { metrics.withLock { $0.text(of: MetricFamily.streams) } }
}
