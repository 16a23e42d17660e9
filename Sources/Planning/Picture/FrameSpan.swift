// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletModel

/// What one encode reads and shows: the frames of a segment, and those beside
/// it that filters need to look at.
package struct FrameSpan: Sendable, Equatable {
    /// The segment.
    package var segment: Segment
    /// The time of the frame before the segment, when it is decoded anyway; for filters that look back.
    package var timeBefore: Int64?
    /// The time of the second frame after the segment (or of nothing); for filters that look ahead.
    package var timeAfterNext: Int64?
    /// The frames of a constant rate that the segment shows, as ordinals of the
    /// film's grid; `nil` when frames keep their own times.
    package var gridFrames: Range<Int64>?

    /// How many frames the encode of the span has.
    package var outputFrames: Int { gridFrames.map { Int($0.count) } ?? segment.frameCount }

    /// The span of a segment in its film.
    ///
    /// - Parameter constantRate: the wanted rate; `nil` keeps every frame at its own time.
    package init(segment: Segment, index: FrameIndex, constantRate: Rational?) {
        self.segment = segment
        let first = segment.firstFrame
        let end = first + segment.frameCount
        let times = index.presentationTimes
        timeBefore = segment.leadInFrames > 0 && first > 0 ? times[first - 1] : nil
        timeAfterNext = end + 1 < times.count ? times[end + 1] : nil
        if let rate = constantRate {
            let from = Self.gridFrame(at: segment.startTime, index.timeBase, rate)
            let through =
                segment.endTime.map { Self.gridFrame(at: $0, index.timeBase, rate) }
                ?? max(
                    from + 1,
                    Self.gridFrame(at: (times.last ?? 0) + index.lastFrameDuration, index.timeBase, rate))
            gridFrames = from..<max(from, through)
        }
    }

    /// The frame of a constant rate that first shows a source frame of this time.
    ///
    /// Times are rounded to the nearest grid frame, halves away from zero, as
    /// the `fps` filter does: grid frame `i` shows the last source frame whose
    /// time rounds to `i` or less. The grid is anchored at the clock's zero, so
    /// it is the same for every segment.
    ///
    /// Source: <https://ffmpeg.org/ffmpeg-filters.html#fps-1>
    package static func gridFrame(at time: Int64, _ timeBase: TimeBase, _ rate: Rational) -> Int64 {
        MediaTime(ticks: time, timeBase: timeBase).rescaled(to: TimeBase(rate.den, rate.num))
    }
}
