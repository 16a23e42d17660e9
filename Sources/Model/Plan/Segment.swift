// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

/// A run of consecutive source frames.
package struct Segment: Codable, Sendable, Hashable {
    /// The segment's number in its film, from 0.
    package var index: Int
    /// The ordinal of its first frame in the source's frame list.
    package var firstFrame: Int
    /// How many frames it has, at least 1.
    package var frameCount: Int
    /// The time of its first frame, in ticks of the source stream's clock.
    package var startTime: Int64
    /// The time of the next segment's first frame; `nil` for the last segment.
    package var endTime: Int64?
    /// `StableHash` digest of the times of its frames.
    package var timesDigest: UInt64
    /// The key frame that reading starts at; `nil` reads from the beginning.
    package var seek: SeekPoint?

    /// Makes a segment from its parts.
    package init(
        index: Int, firstFrame: Int, frameCount: Int, startTime: Int64, endTime: Int64?, timesDigest: UInt64,
        seek: SeekPoint?
    ) {
        self.index = index
        self.firstFrame = firstFrame
        self.frameCount = frameCount
        self.startTime = startTime
        self.endTime = endTime
        self.timesDigest = timesDigest
        self.seek = seek
    }

    /// How many frames are decoded before its first and thrown away.
    package var leadInFrames: Int { seek?.leadInFrames ?? firstFrame }

    /// The ordinals of its frames.
    package var frames: Range<Int> { firstFrame..<(firstFrame + frameCount) }
}

/// Where reading starts for a segment.
package struct SeekPoint: Codable, Sendable, Hashable {
    /// The key frame's time, in ticks of the source stream's clock.
    package var keyframeTime: Int64
    /// The value of ffmpeg's `-ss` that lands there: microseconds after the format's start time.
    package var seekMicroseconds: Int64
    /// How many frames are decoded and dropped before the segment's first: the cost of the cut.
    package var leadInFrames: Int

    /// Makes a seek point from its parts.
    package init(keyframeTime: Int64, seekMicroseconds: Int64, leadInFrames: Int) {
        self.keyframeTime = keyframeTime
        self.seekMicroseconds = seekMicroseconds
        self.leadInFrames = leadInFrames
    }
}
