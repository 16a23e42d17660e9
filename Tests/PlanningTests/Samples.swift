// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletModel
import MartletPlanning

/// Sources and indexes that the tests start from.
enum Sample {
    static let availability = EncoderAvailability(
        codecMajorVersion: 59,
        compiledIn: [
            "libx264", "libx265", "libsvtav1", "libaom-av1", "libvpx-vp9", "ffv1", "h264_nvenc", "h264_vaapi",
        ],
        failures: ["h264_nvenc": "Cannot load libcuda.so.1"], filters: ["ssim"])

    static func video(
        index: Int = 0, codec: String = "h264", timeBase: TimeBase = TimeBase(1, 1000),
        _ properties: VideoProperties = VideoProperties(width: 1280, height: 720, pixelFormat: "yuv420p")
    ) -> StreamDescription {
        StreamDescription(
            index: index, kind: .video, codec: codec, timeBase: timeBase, disposition: .default, video: properties)
    }

    static func stream(
        _ index: Int, _ kind: StreamKind, _ codec: String, decodable: Bool = true, channels: Int = 2,
        rate: Int = 48_000, layout: String? = "stereo", disposition: Disposition = [], tags: [Tag] = []
    ) -> StreamDescription {
        StreamDescription(
            index: index, kind: kind, codec: codec, timeBase: TimeBase(1, 1000), disposition: disposition, tags: tags,
            isDecodable: decodable,
            audio: kind == .audio ? AudioProperties(sampleRate: rate, channels: channels, layout: layout) : nil)
    }

    static func source(
        format: String = "matroska,webm", start: Int64 = 0, hasArbitraryOrigin: Bool = false,
        _ streams: [StreamDescription]
    ) -> SourceDescription {
        SourceDescription(
            path: "/films/in.mkv", fingerprint: Fingerprint(size: ByteCount(1), modifiedNanoseconds: 0, digest: "0"),
            formatName: format, hasArbitraryOrigin: hasArbitraryOrigin, startTimeMicroseconds: start, streams: streams)
    }

    /// A film at a constant rate, in milliseconds, with a key frame every `gop` frames.
    static func index(
        frames: Int, tick: Int64 = 40, gop: Int? = 50, exact: Bool = true, seekable: Bool = true
    ) -> FrameIndex {
        let times = (0..<frames).map { Int64($0) * tick }
        let keys = gop.map { Array(stride(from: 0, to: frames, by: $0)) } ?? []
        return FrameIndex(
            streamIndex: 0, timeBase: TimeBase(1, 1000), presentationTimes: times, lastFrameDuration: tick,
            keyframes: keys.map { Keyframe(time: times[$0], frame: $0, isRandomAccessPoint: exact) },
            isSeekable: seekable)
    }

    static func segments(
        _ index: FrameIndex, format: String = "matroska,webm", duration: Int64 = 10_000,
        split: SplitMethod = .keyframes, scenes: [Int] = []
    ) -> [Segment] {
        SegmentPlanner(
            index: index, source: source(format: format, [video()]), durationMilliseconds: duration, split: split
        ).segments(sceneFrames: scenes)
    }

    static func plan(
        _ streams: [StreamDescription], index: FrameIndex? = Sample.index(frames: 2400),
        format: String = "matroska,webm", _ change: (inout TranscodeParameters) -> Void = { _ in }
    ) throws -> JobPlan {
        var parameters = TranscodeParameters()
        change(&parameters)
        return try JobPlanner.plan(
            source: source(format: format, streams), index: index, parameters: parameters, availability: availability)
    }

    static func firstTask(
        _ streams: [StreamDescription] = [video()], index: FrameIndex = Sample.index(frames: 2400), segment: Int = 0,
        _ change: (inout TranscodeParameters) -> Void = { _ in }
    ) throws -> TaskSpecification {
        let plan = try plan(streams, index: index, change)
        let tasks = try StagePlanner(plan: plan, index: index, codecMajorVersion: 59).nextTasks(completed: [:])
        return tasks[segment]
    }

    /// A command as text, with words for the paths.
    static func text(_ command: FFmpegCommand) -> String {
        command.resolved(source: "IN", output: "OUT") { $0.text }.joined(separator: " ")
    }
}
