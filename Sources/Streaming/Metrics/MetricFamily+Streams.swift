// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletWire

extension MetricFamily {
    /// From a tenth of a second to two minutes.
    private static let waits: [Double] = [0.1, 0.25, 0.5, 0.75, 1, 1.5, 2, 3, 5, 10, 20, 40, 80, 120]

    static let sessions = MetricFamily("stream_sessions", .gauge, "Viewers who asked for something of late.")
    static let openFilms = MetricFamily("stream_films", .gauge, "Films that are held open.")
    static let segments = MetricFamily(
        "stream_segments_total", .counter, by: ["source"],
        "Segments served: found in the cache, or made for who asked.")
    static let parts = MetricFamily(
        "stream_parts_total", .counter, by: ["result"],
        "Tries at making a part, by result: made, found in the cache, held by another node, stopped, or failed.")
    static let segmentsMade = MetricFamily(
        "stream_segments_made_total", .counter, "Segments that this node has made.")
    static let fetches = MetricFamily(
        "stream_fetches_total", .counter, by: ["result"],
        "Files asked for from other nodes: taken, refused, or the node not reached.")
    static let relieved = MetricFamily(
        "stream_relieved_total", .counter, "Requests that another node answered because the disk here is full.")
    static let claims = MetricFamily(
        "stream_claims_total", .counter, by: ["store"],
        "Claims asked for: from the store that nodes share, or locally because that was lost.")
    static let claimsLost = MetricFamily(
        "stream_claims_lost_total", .counter, "Encodes that were stopped because their claim was lost.")
    static let sharing = MetricFamily(
        "stream_claims_shared", .gauge, "1 while the store is reached that nodes share, else 0.")
    static let claimDuration = MetricFamily(
        "stream_claim_seconds", .histogram(latencies), by: ["operation"], "How long the shared store took to answer.")
    static let claimFailures = MetricFamily(
        "stream_claim_failures_total", .counter, by: ["operation"], "Calls that the shared store did not answer.")
    static let making = MetricFamily("stream_parts_making", .gauge, "Parts that this node makes now.")
    static let waited = MetricFamily("stream_parts_waited", .gauge, "Parts that viewers wait for.")
    static let partDuration = MetricFamily(
        "stream_part_duration_seconds", .histogram(waits), "How long parts took that this node made.")
    static let firstSegment = MetricFamily(
        "stream_first_segment_seconds", .histogram(waits), by: ["source"],
        "From a request for picture at a new place to its answer.")
    static let late = MetricFamily(
        "stream_late_segments_total", .counter, "Picture segments that were there after their time to be played.")
    static let storage = MetricFamily(
        "stream_storage_seconds", .histogram(latencies), "How long it took to put a part into the cache.")
    static let cacheBytes = MetricFamily("stream_cache_bytes", .gauge, "Bytes in the cache.")
    static let cacheLimit = MetricFamily("stream_cache_limit_bytes", .gauge, "Bytes that may be in the cache.")
    static let evictions = MetricFamily("stream_evictions_total", .counter, "Files removed from the cache.")
    static let evictedBytes = MetricFamily("stream_evicted_bytes_total", .counter, "Bytes removed from the cache.")
    static let refusals = MetricFamily(
        "stream_refusals_total", .counter, by: ["code"], "Requests answered with a problem, by its code.")
    static let streamRequests = MetricFamily(
        "stream_http_requests_total", .counter, by: ["kind", "status"], "Requests answered, by what was asked for.")
    static let streamDuration = MetricFamily(
        "stream_http_request_duration_seconds", .histogram(latencies), by: ["kind"],
        "From a request's header to its answer's.")

    /// All families of a server of streams, in the order of the text.
    package static let streams: [MetricFamily] = [
        sessions, openFilms, segments, parts, segmentsMade, fetches, relieved, claims, claimsLost,
        sharing, claimDuration, claimFailures, making, waited, partDuration, firstSegment, late, storage, cacheBytes,
        cacheLimit, evictions, evictedBytes, refusals, streamRequests, streamDuration,
    ]
}
