// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import MartletModel

/// Finds the key frame that reading starts at for a segment, and the `-ss` that lands there.
///
/// Landing a group of pictures too early only costs time; landing behind the
/// key frame loses frames. Every rounding here goes to the safe side.
struct SeekPlanner: Sendable {
    /// ffmpeg seeks 3/23 s earlier than asked in demuxers that seek by decode
    /// time, when a stream has B-frames; in microseconds.
    ///
    /// Source: `open_input_file` in fftools/ffmpeg_opt.c
    static let decodeTimeAllowance: Int64 = 3 * 1_000_000 / 23

    private let index: FrameIndex
    private let formatStart: Int64
    private let isIndexed: Bool
    private let canCompensate: Bool

    init(index: FrameIndex, source: SourceDescription) {
        self.index = index
        formatStart = source.startTimeMicroseconds
        let names = source.formatName.split(separator: ",")
        let isMatroska = names.contains("matroska") || names.contains("webm")
        isIndexed = isMatroska || names.contains("mov") || names.contains("mp4")
        let pictures = source.streams(of: .video).filter { !$0.disposition.contains(.attachedPicture) }
        // With several picture streams ffmpeg may seek by the key frames of another one.
        canCompensate = isMatroska && pictures.count == 1
    }

    /// Where reading starts for a segment that begins with `frame`; `nil` reads from the beginning.
    func seek(to frame: Int) -> SeekPoint? {
        guard frame > 0, index.isSeekable else { return nil }
        let before = partitionPoint(index.keyframes) { $0.frame <= frame } - 1
        guard before >= 0 else { return nil }
        let isExact = isIndexed && index.keyframes[before].isRandomAccessPoint
        let start = isExact ? before : before - 2
        guard start >= 0 else { return nil }
        let keyframe = index.keyframes[start]
        var target = Self.microsecondsRoundedUp(keyframe.time, index.timeBase)
        if canCompensate, isAlone(start, within: Self.decodeTimeAllowance) { target += Self.decodeTimeAllowance }
        let offset = target - formatStart
        guard offset > 0 else { return nil }
        return SeekPoint(keyframeTime: keyframe.time, seekMicroseconds: offset, leadInFrames: frame - keyframe.frame)
    }

    /// How many frames are decoded before `frame` and thrown away.
    func leadIn(to frame: Int) -> Int { seek(to: frame)?.leadInFrames ?? frame }

    /// Whether no other key frame follows so soon that a seek which is not
    /// shifted by ffmpeg would land on it.
    private func isAlone(_ keyframe: Int, within microseconds: Int64) -> Bool {
        guard keyframe + 1 < index.keyframes.count else { return true }
        let gap = index.keyframes[keyframe + 1].time - index.keyframes[keyframe].time
        // A clock of 1 ms rounds times by half a tick at each end.
        return MediaTime(ticks: gap, timeBase: index.timeBase).microseconds > microseconds + 2_000
    }

    /// A time in microseconds, never before the time itself.
    static func microsecondsRoundedUp(_ ticks: Int64, _ timeBase: TimeBase) -> Int64 {
        guard timeBase.isPositive else { return ticks }
        let numerator = Int128(ticks) * Int128(timeBase.num) * 1_000_000
        let denominator = Int128(timeBase.den)
        let quotient = numerator / denominator
        return Int64(clamping: numerator > 0 && numerator % denominator != 0 ? quotient + 1 : quotient)
    }
}
