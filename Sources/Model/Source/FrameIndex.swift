// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

/// Every frame that a decoder shows of one picture stream, and where reading can start.
///
/// This is the truth that segments are cut by and results are checked against.
/// About 8 bytes a frame: 1.4 MB for a film of two hours.
package struct FrameIndex: Codable, Sendable, Equatable {
    /// How the list of frames was found.
    package enum Method: String, Codable, Sendable {
        /// From packets alone: exact for sound files, and cheap.
        case packets
        /// By decoding everything: exact for every file, and dear.
        case decode
    }

    /// The stream's number in its file.
    package var streamIndex: Int
    /// The clock of all times here.
    package var timeBase: TimeBase
    /// The presentation time of each displayed frame, ascending, as ffmpeg shows
    /// them under `-copyts`.
    package var presentationTimes: [Int64]
    /// How long the last frame is shown, in ticks, at least 1.
    package var lastFrameDuration: Int64
    /// The packets at which decoding can start, ascending by time.
    package var keyframes: [Keyframe]
    /// How the list was found.
    package var method: Method
    /// Whether reading can start in the middle. When not (raw streams without
    /// timestamps, chained files), the film is one segment.
    package var isSeekable: Bool
    /// What was unusual and how it was treated, a phrase each: for people.
    package var oddities: [String]

    /// How often the stream's clock is set anew, in formats whose clock may be:
    /// when it is, the times here are no time line, and the source must be
    /// restamped first.
    package var clockJumps: Int

    /// How many pictures the container itself hides (edit lists of MP4 and MOV): a copy may show them.
    package var hidden: HiddenPictures

    /// Pictures that are in the file and are not to be shown.
    package struct HiddenPictures: Codable, Sendable, Hashable {
        /// Those before the first displayed frame.
        package var before = 0
        /// All others.
        package var later = 0

        /// Counts none, or these.
        package init(before: Int = 0, later: Int = 0) {
            self.before = before
            self.later = later
        }
    }

    /// Makes an index from its parts.
    package init(
        streamIndex: Int, timeBase: TimeBase, presentationTimes: [Int64], lastFrameDuration: Int64,
        keyframes: [Keyframe], method: Method = .packets, isSeekable: Bool = true, oddities: [String] = [],
        clockJumps: Int = 0, hidden: HiddenPictures = HiddenPictures()
    ) {
        self.streamIndex = streamIndex
        self.timeBase = timeBase
        self.presentationTimes = presentationTimes
        self.lastFrameDuration = lastFrameDuration
        self.keyframes = keyframes
        self.method = method
        self.isSeekable = isSeekable
        self.oddities = oddities
        self.clockJumps = clockJumps
        self.hidden = hidden
    }

    /// The number of displayed frames.
    package var frameCount: Int { presentationTimes.count }

    /// The bytes of the file that a segment's pictures lie in, from the key frame that reading starts at to the one that
    /// comes behind the segment, or to the end; `nil` when the format does not say. Costs O(log key frames).
    package func bytes(of segment: Segment, fileSize: Int64) -> Range<Int64>? {
        var start: Int64 = 0
        if let seek = segment.seek {
            let first = keyframes[place { $0.time >= seek.keyframeTime }...].first
            guard let offset = first?.offset else { return nil }
            start = offset
        }
        var end = fileSize
        let behind = keyframes[place { $0.frame >= segment.frames.upperBound }...].first
        if let behind {
            guard let offset = behind.offset else { return nil }
            end = offset
        }
        return start < min(end, fileSize) ? start..<min(end, fileSize) : nil
    }

    /// The first key frame that satisfies `predicate`, where all behind it do too.
    private func place(_ predicate: (Keyframe) -> Bool) -> Int {
        var (low, high) = (0, keyframes.count)
        while low < high {
            let middle = (low + high) / 2
            if predicate(keyframes[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }

    /// The time from the first frame's start to the last frame's end, in ticks; `0` without frames.
    package var duration: Int64 {
        guard let first = presentationTimes.first, let last = presentationTimes.last else { return 0 }
        return last - first + lastFrameDuration
    }
}

/// A packet at which decoding can start.
package struct Keyframe: Codable, Sendable, Hashable {
    /// Its presentation time, in ticks of the index's clock.
    package var time: Int64
    /// The ordinal of its frame in `FrameIndex.presentationTimes`.
    package var frame: Int
    /// Whether everything from its time on decodes exactly when reading starts
    /// here: H.264 IDR, HEVC IRAP, VP8, VP9 and AV1 key frames, MPEG-4 I-VOPs and
    /// all-intra codecs; not recovery points of intra refresh or open H.264 GOPs.
    package var isRandomAccessPoint: Bool
    /// The byte of the file that its packet begins at; `nil` when the format does not say.
    package var offset: Int64?

    /// Makes a key frame from its parts.
    package init(time: Int64, frame: Int, isRandomAccessPoint: Bool, offset: Int64? = nil) {
        self.time = time
        self.frame = frame
        self.isRandomAccessPoint = isRandomAccessPoint
        self.offset = offset
    }
}
