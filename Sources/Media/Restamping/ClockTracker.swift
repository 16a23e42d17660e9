// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

/// Tells which clock the packets of a file are on, where it is set anew in the middle.
///
/// A stretch of the file on one clock has a number, from 0. The streams of a
/// file pass from one to the next each in its own packet, so for a while both
/// clocks are in use: a packet belongs to the clock that it fits best. All times
/// are in microseconds.
///
/// Source: the limits are those of the ffmpeg program for formats whose clock
/// may break, <https://ffmpeg.org/ffmpeg.html> (`-dts_delta_threshold`).
struct ClockTracker {
    /// A step forward that is longer is a new clock.
    static let longestStep: Int64 = 10_000_000
    /// A step back that is longer is a new clock.
    static let longestReturn: Int64 = 100_000
    /// What is farther from zero is no time; some 36,000 years.
    private static let farthestTime: Int64 = 1 << 60

    /// Where a stream is.
    private struct Place {
        var clock: Int
        var last: Int64
        var next: Int64
    }

    /// The latest time on each clock.
    private var latest: [Int64] = []
    private var places: [Int: Place] = [:]

    /// How many clocks there were so far.
    var count: Int { latest.count }

    /// The clock of a stream's next packet.
    ///
    /// - Parameters:
    ///   - stream: the stream's number.
    ///   - isSteady: whether the stream's packets follow each other closely, as
    ///     pictures and sound do: only these can tell of a new clock.
    ///   - time: the packet's decoding time; `nil` when it has none.
    ///   - duration: its length.
    mutating func clock(of stream: Int, isSteady: Bool, time: Int64?, duration: Int64) -> Int {
        let place = places[stream]
        // Times that no clock reaches count as none.
        guard let time, (-Self.farthestTime...Self.farthestTime).contains(time) else {
            return place?.clock ?? max(0, latest.count - 1)
        }
        var chosen = place?.clock
        var distance = Int64.max
        if let place, !isSteady || time >= place.last - Self.longestReturn {
            // A stream that paused goes on where the others are.
            distance = min(abs(time - place.next), abs(time - latest[place.clock]))
        }
        for clock in latest.indices where clock > place?.clock ?? -1 && abs(time - latest[clock]) < distance {
            (chosen, distance) = (clock, abs(time - latest[clock]))
        }
        if isSteady, distance > Self.longestStep {
            chosen = latest.count
            latest.append(time)
        }
        let clock = chosen ?? 0
        guard latest.indices.contains(clock) else { return clock }
        places[stream] = Place(clock: clock, last: time, next: time + min(max(duration, 0), Self.longestStep))
        if isSteady { latest[clock] = max(latest[clock], time) }
        return clock
    }
}
