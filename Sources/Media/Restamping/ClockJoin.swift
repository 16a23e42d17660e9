// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

/// How far each clock of a file is moved, so that all follow each other.
///
/// A clock begins where the one before ends. Picture and sound seldom end
/// together: the clock is moved as far as it takes for none of them to overlap
/// itself, so one has a gap of at most the difference. Times are in microseconds.
struct ClockJoin {
    private struct Span {
        var start: Int64
        var end: Int64
    }

    /// By clock, then by stream.
    private var spans: [[Int: Span]] = []

    /// Notes a packet of sound or picture.
    mutating func note(clock: Int, stream: Int, start: Int64, end: Int64) {
        while spans.count <= clock { spans.append([:]) }
        let known = spans[clock][stream] ?? Span(start: start, end: end)
        spans[clock][stream] = Span(start: min(known.start, start), end: max(known.end, end))
    }

    /// What is added to the times of each clock; the first one then starts at zero.
    var offsets: [Int64] {
        var made: [Int64] = []
        var ends: [Int: Int64] = [:]
        for clock in spans {
            let start = clock.values.map(\.start).min() ?? 0
            let moves = clock.compactMap { stream, span in ends[stream].map { $0 - span.start } }
            let offset = moves.max() ?? (ends.values.max() ?? 0) - start
            for (stream, span) in clock { ends[stream] = max(ends[stream] ?? .min, span.end + offset) }
            made.append(offset)
        }
        return made
    }
}
