// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletModel

/// When what a job's segments show is shown, to watch them before they are joined.
package struct PreviewTimeline: Sendable, Equatable {
    /// A segment of the job as players see it.
    package struct Piece: Sendable, Equatable {
        /// The segment's number in the plan.
        package var segment: Int
        /// The frames of the result that it has, at least one.
        package var frames: Range<Int>
    }

    /// Ticks of `1/n` that hold every frame's time.
    package let timeBase: TimeBase
    /// The segments that show anything, in order.
    package let pieces: [Piece]
    /// The zero of the stream on the source's clock, in microseconds.
    package let originMicroseconds: Int64
    /// When each frame of the result is shown, in ticks after the first one's, and when the last ends.
    private let times: [Int64]
    /// By how many frames packets may be decoded ahead of being shown.
    package let depth: Int

    /// Lays a plan's segments out; `nil` when no picture is encoded, or no player takes what it is encoded in.
    ///
    /// - Parameter index: the frames that the plan was made from.
    package init?(plan: JobPlan, index: FrameIndex) {
        guard let encoder = plan.encoder.flatMap({ EncoderProfile.named($0) }), encoder.codec != .ffv1 else {
            return nil
        }
        // Hierarchies of B-frames are at most this deep; the other codecs' packets hold what comes out of order.
        depth = encoder.codec == .h264 || encoder.codec == .hevc ? 4 : 0
        var (pieces, next) = ([Piece](), 0)
        for segment in plan.segments {
            let count = FrameSpan(segment: segment, index: index, constantRate: plan.constantRate).outputFrames
            if count > 0 { pieces.append(Piece(segment: segment.index, frames: next..<next + count)) }
            next += count
        }
        guard !pieces.isEmpty, next > 0 else { return nil }
        self.pieces = pieces
        if let rate = plan.constantRate {
            timeBase = TimeBase(1, rate.num)
            times = (0...next).map { Int64($0) * Int64(rate.den) }
        } else {
            guard next == index.frameCount, let first = index.presentationTimes.first,
                let last = index.presentationTimes.last
            else { return nil }
            timeBase = TimeBase(1, index.timeBase.den)
            let ticks = Int64(index.timeBase.num)
            times = (index.presentationTimes + [last + index.lastFrameDuration]).map { ($0 - first) * ticks }
        }
        originMicroseconds = MediaTime(ticks: index.presentationTimes.first ?? 0, timeBase: index.timeBase).microseconds
    }

    /// When a piece begins, in microseconds after the first picture; of the number behind the last, when the film ends.
    package func startMicroseconds(of piece: Int) -> Int64 {
        let frame = piece < pieces.count ? pieces[piece].frames.lowerBound : times.count - 1
        return MediaTime(ticks: times[frame], timeBase: timeBase).microseconds
    }

    /// How long a piece is, in microseconds: differences of rounded starts, so that errors do not add up.
    package func microseconds(of piece: Int) -> Int64 {
        startMicroseconds(of: piece + 1) - startMicroseconds(of: piece)
    }

    /// The times of a piece's frames, `StreamTimeline.offsetSeconds` added, and the end of the last; before them those
    /// of `depth` earlier frames.
    package func times(of piece: Int) -> [Int64] {
        let frames = pieces[piece].frames
        let offset = ticks(ofSeconds: Int64(StreamTimeline.offsetSeconds))
        return (frames.lowerBound - depth...frames.upperBound).map { offset + time(of: $0) }
    }

    /// When a frame is shown; before the first one, frames as long as that, of a second at most.
    private func time(of frame: Int) -> Int64 {
        frame < 0 ? Int64(frame) * min(times[1] - times[0], ticks(ofSeconds: 1)) : times[frame]
    }

    private func ticks(ofSeconds seconds: Int64) -> Int64 {
        MediaTime(ticks: seconds, timeBase: TimeBase(1, 1)).rescaled(to: timeBase)
    }
}
