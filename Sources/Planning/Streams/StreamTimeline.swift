// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletModel

/// Where the segments of a stream begin and end: one list for every quality of
/// a film, known before anything is encoded.
///
/// Each segment begins with the first frame at or after its mark. The first
/// ones are short, so that the play begins early; a rest shorter than a
/// quarter of a segment belongs to the segment before it.
package struct StreamTimeline: Sendable {
    /// Added to every time of every track, in seconds: decode times may lie before the first picture's time, and
    /// containers cannot hold negative ones. Players take the smallest time as their zero.
    package static let offsetSeconds = 10

    /// The lengths of the first segments, in milliseconds; later ones have the wanted length.
    private static let opening: [Int64] = [1_000, 1_000, 2_000]

    /// The frames of the film.
    package let index: FrameIndex
    /// The clock of the stream, `1/n`, which holds the film's times exactly unless they are finer than 0.1 us.
    package let clock: TimeBase
    /// When each frame is shown, in ticks of `clock` after the first one, strictly ascending, with the film's end
    /// behind them.
    package let times: [Int64]
    /// The ordinals of the frames that segments begin with, and the number of frames at the end; at least two elements.
    package let edges: [Int]
    /// The average number of pictures a second, in thousandths; of a single picture, 25,000.
    package let milliframesPerSecond: Int64
    /// The same for the second with the most pictures, which is what playlists say (RFC 8216, 4.3.4.2).
    package let mostMilliframesPerSecond: Int64
    /// The step of decode times before the first frame.
    private let leadStep: Int64
    private let seeks: SeekPlanner

    /// Cuts a film.
    ///
    /// - Parameters:
    ///   - index: its frames, at least one.
    ///   - source: the file that they are in.
    ///   - durationMilliseconds: the wanted length of a segment, positive.
    ///   - heldUntil: when the film ends, in microseconds on the source's clock, if the last picture stands for longer
    ///     than its own length.
    package init(
        index: FrameIndex, source: SourceDescription, durationMilliseconds: Int64, heldUntil: Int64? = nil
    ) {
        self.init(index: index, source: source, heldUntil: heldUntil) { times, clock in
            Self.marks(index, times, clock, durationMilliseconds: durationMilliseconds)
        }
    }

    /// Cuts a film at places where it can be entered without decoding anything before, so that its packets can be taken
    /// as they are: at every first such place after the wanted length.
    ///
    /// - Returns: `nil` when there are too few, or none where the film begins.
    package init?(
        enteredIn index: FrameIndex, source: SourceDescription, durationMilliseconds: Int64, heldUntil: Int64? = nil
    ) {
        let entries = index.keyframes.filter(\.isRandomAccessPoint).map(\.frame)
        guard index.isSeekable, entries.first == 0 else { return nil }
        self.init(index: index, source: source, heldUntil: heldUntil) { times, clock in
            let length = MediaTime(ticks: durationMilliseconds, timeBase: TimeBase(1, 1000)).rescaled(to: clock)
            var edges = [0]
            for entry in entries where times[entry] - times[edges[edges.count - 1]] >= length { edges.append(entry) }
            return edges
        }
        let longest = (0..<count).map(microseconds).max() ?? 0
        guard longest <= Self.longestEntered else { return nil }
    }

    /// The longest segment that is taken as it is, in microseconds: players hold it whole.
    private static let longestEntered: Int64 = 20_000_000

    private init(
        index: FrameIndex, source: SourceDescription, heldUntil: Int64?,
        cut: (_ times: [Int64], _ clock: TimeBase) -> [Int]
    ) {
        self.index = index
        seeks = SeekPlanner(index: index, source: source)
        clock = Self.fineClock(of: index.timeBase)
        times = Self.times(of: index, clock: clock, heldUntil: heldUntil)
        leadStep = max(1, zip(times.dropFirst(), times).prefix(32).map { $0 - $1 }.min() ?? 1)
        edges = cut(times, clock) + [times.count - 1]
        (milliframesPerSecond, mostMilliframesPerSecond) = Self.rates(times, clock: clock)
    }

    /// The first frames of segments, by marks of equal distance.
    private static func marks(
        _ index: FrameIndex, _ times: [Int64], _ clock: TimeBase, durationMilliseconds: Int64
    ) -> [Int] {
        func ticks(_ milliseconds: Int64) -> Int64 {
            MediaTime(ticks: milliseconds, timeBase: TimeBase(1, 1000)).rescaled(to: clock)
        }
        let usual = max(1, ticks(durationMilliseconds))
        let (count, end) = (times.count - 1, times[times.count - 1])
        var edges = [0]
        var (mark, number) = (Int64(0), 0)
        while index.isSeekable, mark < end {
            let length = number < opening.count ? max(1, min(usual, ticks(opening[number]))) : usual
            mark += length
            number += 1
            guard end - mark >= usual / 4 else { break }
            let edge = partitionPoint(times) { $0 < mark }
            guard edge < count else { break }
            // A picture that stands for longer than a segment makes a long one; one behind it so late makes no short one.
            let isLong = times[edge] - times[edges[edges.count - 1]] >= length / 4
            if isLong, end - times[edge] >= length / 4 { edges.append(edge) }
        }
        return edges
    }

    /// The number of segments, at least 1.
    package var count: Int { edges.count - 1 }

    /// The time of the first picture, the zero of the stream, in ticks of the index's clock.
    package var origin: Int64 { index.presentationTimes.first ?? 0 }

    /// The time of the first picture on the source's clock, in microseconds.
    package var originMicroseconds: Int64 { MediaTime(ticks: origin, timeBase: index.timeBase).microseconds }

    /// When a segment begins, in ticks of `clock` after the first picture; of the number behind the last, when the film
    /// ends.
    package func start(of segment: Int) -> Int64 { times[edges[segment]] }

    /// How long a segment is, in microseconds: the differences of rounded starts, so that errors do not add up.
    package func microseconds(of segment: Int) -> Int64 {
        startMicroseconds(of: segment + 1) - startMicroseconds(of: segment)
    }

    /// When a segment begins, in microseconds after the first picture.
    package func startMicroseconds(of segment: Int) -> Int64 {
        MediaTime(ticks: start(of: segment), timeBase: clock).microseconds
    }

    /// How long the film is, in microseconds.
    package var durationMicroseconds: Int64 { startMicroseconds(of: count) }

    /// The segment that shows a moment, counted from the first picture; the last one when the film is over then.
    package func segment(at microseconds: Int64) -> Int {
        var (low, high) = (0, count - 1)
        while low < high {
            let middle = (low + high + 1) / 2
            if startMicroseconds(of: middle) <= microseconds { low = middle } else { high = middle - 1 }
        }
        return low
    }

    /// What an encoder needs to know of a segment.
    package func segment(_ number: Int) -> Segment {
        let (first, end) = (edges[number], edges[number + 1])
        let times = index.presentationTimes
        return Segment(
            index: number, firstFrame: first, frameCount: end - first, startTime: times[first],
            endTime: end < times.count ? times[end] : nil, timesDigest: StableHash.digest(of: times[first..<end]),
            seek: seeks.seek(to: first))
    }

    /// The times of a segment's frames as a packager takes them: with the end at the end, and before them as many
    /// earlier times as the decode order may run ahead.
    package func packagedTimes(of segment: Int, depth: Int) -> [Int64] {
        let offset = Int64(Self.offsetSeconds) * Int64(clock.den)
        let first = edges[segment]
        return (first - depth...edges[segment + 1]).map { frame in
            offset + (frame < 0 ? Int64(frame) * leadStep : times[frame])
        }
    }

    /// The average number of pictures a second, and the largest in any second, in thousandths.
    private static func rates(_ times: [Int64], clock: TimeBase) -> (average: Int64, most: Int64) {
        func rate(_ frames: Int, in ticks: Int64) -> Double {
            max(100, min(Double(frames) * Double(clock.den) / Double(ticks) * 1000, 300_000))
        }
        let last = times.count - 2
        guard last > 0, times[last] > 0 else { return (25_000, 25_000) }
        let average = rate(last, in: times[last])
        var (first, most) = (0, average)
        for frame in 0...last {
            while times[frame] - times[first + 1] >= Int64(clock.den) { first += 1 }
            let length = times[frame] - times[first]
            if length >= Int64(clock.den) { most = max(most, rate(frame - first, in: length)) }
        }
        // Times in whole milliseconds make seconds differ that are meant to be alike.
        if most < average * 1.01 { most = average }
        return (Int64(average.rounded()), Int64(most.rounded()))
    }

    /// A clock `1/n` that holds the ticks of `base`: at least 10,000 ticks a second, as players expect of MP4, and at
    /// most ten million, above which times are rounded to a microsecond.
    private static func fineClock(of base: TimeBase) -> TimeBase {
        guard base.isPositive else { return TimeBase(1, 1_000_000) }
        var (left, right) = (Int64(base.num), Int64(base.den))
        while right != 0 { (left, right) = (right, left % right) }
        var ticks = Int64(base.den) / left
        while ticks < 10_000 { ticks *= 2 }
        return ticks <= 10_000_000 ? TimeBase(1, Int32(ticks)) : TimeBase(1, 1_000_000)
    }

    private static func times(of index: FrameIndex, clock: TimeBase, heldUntil: Int64?) -> [Int64] {
        let origin = index.presentationTimes.first ?? 0
        var times: [Int64] = []
        times.reserveCapacity(index.presentationTimes.count + 1)
        for time in index.presentationTimes {
            let place = MediaTime(ticks: time - origin, timeBase: index.timeBase).rescaled(to: clock)
            // Frames that share a time follow one another as closely as the clock allows.
            times.append(max(place, (times.last ?? -1) + 1))
        }
        let rest = MediaTime(ticks: index.lastFrameDuration, timeBase: index.timeBase).rescaled(to: clock)
        let end = (times.last ?? 0) + max(1, rest)
        let held = heldUntil.map { microseconds in
            MediaTime(ticks: microseconds, timeBase: TimeBase(1, 1_000_000)).rescaled(to: clock)
                - MediaTime(ticks: origin, timeBase: index.timeBase).rescaled(to: clock)
        }
        times.append(max(end, held ?? end))
        return times
    }
}
