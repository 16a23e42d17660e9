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
    /// The ordinals of the frames that segments begin with, and the number of frames at the end; at least two elements.
    package let edges: [Int]
    private let seeks: SeekPlanner

    /// Cuts a film.
    ///
    /// - Parameters:
    ///   - index: its frames, at least one.
    ///   - source: the file that they are in.
    ///   - durationMilliseconds: the wanted length of a segment, positive.
    package init(index: FrameIndex, source: SourceDescription, durationMilliseconds: Int64) {
        self.index = index
        seeks = SeekPlanner(index: index, source: source)
        let times = index.presentationTimes
        let origin = times.first ?? 0
        func ticks(_ milliseconds: Int64) -> Int64 {
            MediaTime(ticks: milliseconds, timeBase: TimeBase(1, 1000)).rescaled(to: index.timeBase)
        }
        let length = max(1, ticks(durationMilliseconds))
        let end = (times.last ?? 0) + index.lastFrameDuration
        var edges = [0]
        var (mark, number) = (origin, 0)
        while index.isSeekable, mark < end {
            mark += number < Self.opening.count ? min(length, ticks(Self.opening[number])) : length
            number += 1
            guard end - mark >= length / 4 else { break }
            let edge = partitionPoint(times) { $0 < mark }
            guard edge < times.count else { break }
            // A picture that stands for longer than a segment makes a long one.
            if edge > (edges.last ?? 0) { edges.append(edge) }
        }
        self.edges = edges + [times.count]
    }

    /// The number of segments, at least 1.
    package var count: Int { edges.count - 1 }

    /// The time of the first picture, the zero of the stream, in ticks of the index's clock.
    package var origin: Int64 { index.presentationTimes.first ?? 0 }

    /// When a segment begins, in ticks after the first picture; of the number behind the last, when the film ends.
    package func start(of segment: Int) -> Int64 {
        segment < count ? index.presentationTimes[edges[segment]] - origin : index.duration
    }

    /// How long a segment is, in microseconds: the differences of rounded starts, so that errors do not add up.
    package func microseconds(of segment: Int) -> Int64 {
        startMicroseconds(of: segment + 1) - startMicroseconds(of: segment)
    }

    /// When a segment begins, in microseconds after the first picture.
    package func startMicroseconds(of segment: Int) -> Int64 {
        MediaTime(ticks: start(of: segment), timeBase: index.timeBase).microseconds
    }

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
}
