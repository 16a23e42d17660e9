// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletModel
import MartletPorts

@testable import martlet

/// A small film and what could become of it.
enum Samples {
    static let job = JobID("film-0123456789ab")

    static let source = SourceDescription(
        path: "/films/film.mkv",
        fingerprint: Fingerprint(size: ByteCount(48_100_000), modifiedNanoseconds: 1, digest: "ab"),
        formatName: "matroska,webm", durationMicroseconds: 12_345_000, bitRate: BitRate(31_170_000),
        tags: [Tag("title", "A \"film\"")],
        streams: [
            StreamDescription(
                index: 0, kind: .video, codec: "h264", profile: "High", timeBase: Rational(1, 1000), startTime: 0,
                disposition: .default,
                video: VideoProperties(
                    width: 1920, height: 800, sampleAspectRatio: Rational(1, 1), pixelFormat: "yuv420p",
                    averageFrameRate: Rational(24, 1), realFrameRate: Rational(24, 1),
                    color: ColorDescription(primaries: "bt709", transfer: "bt709", matrix: "bt709", range: "tv"))),
            StreamDescription(
                index: 1, kind: .audio, codec: "ac3", timeBase: Rational(1, 1000), tags: [Tag("language", "eng")],
                bitRate: BitRate(448_000), audio: AudioProperties(sampleRate: 48000, channels: 6, layout: "5.1(side)")),
            StreamDescription(
                index: 2, kind: .subtitle, codec: "hdmv_pgs_subtitle", timeBase: Rational(1, 1000),
                tags: [Tag("language", "ger")]),
        ],
        chapters: [
            Chapter(id: 1, start: 0, end: 5000, timeBase: Rational(1, 1000), tags: [Tag("title", "One")]),
            Chapter(id: 2, start: 5000, end: 12345, timeBase: Rational(1, 1000), tags: [Tag("title", "Two")]),
        ])

    static let index = FrameIndex(
        streamIndex: 0, timeBase: Rational(1, 1000), presentationTimes: [0, 42, 83, 125], lastFrameDuration: 42,
        keyframes: [
            Keyframe(time: 0, frame: 0, isRandomAccessPoint: true),
            Keyframe(time: 83, frame: 2, isRandomAccessPoint: false),
        ],
        oddities: ["the first frame is shown late"])

    static let omission = Omission(
        sourceIndex: 2, subject: "subtitle stream 2 (hdmv_pgs_subtitle, ger)",
        reason: "MP4 cannot hold pictures of text",
        advice: "Use --container mkv.")

    static let planned: PlannedJob = {
        let segments = [
            Segment(index: 0, firstFrame: 0, frameCount: 240, startTime: 0, endTime: 10_000, timesDigest: 1, seek: nil),
            Segment(
                index: 1, firstFrame: 240, frameCount: 57, startTime: 10_000, endTime: nil, timesDigest: 2,
                seek: SeekPoint(keyframeTime: 9500, seekMicroseconds: 9_500_000, leadInFrames: 12)),
        ]
        let layout = OutputLayout(
            container: .mp4,
            streams: [
                OutputStream(
                    sourceIndex: 0, kind: .video, origin: .segments, codec: "h264", disposition: .default, tags: []),
                OutputStream(
                    sourceIndex: 1, kind: .audio, origin: .task(TaskID("audio-1")), codec: "aac", disposition: [],
                    tags: [Tag("language", "eng")]),
            ], omissions: [omission])
        let plan = JobPlan(
            parameters: TranscodeParameters(), source: source, encoder: "libx264", segments: segments,
            videoTimeBase: Rational(1, 1000), layout: layout, warnings: ["libx264 stands in for h264_nvenc."])
        let tasks = segments.map { segment in
            TaskSpecification(
                id: TaskID("video-0000\(segment.index)"), kind: .encode(segment: segment.index),
                command: FFmpegCommand([
                    .text("-i"), .source, .text("-vf"), .text("trim=start_pts=0:end_pts=10000"), .text("-metadata"),
                    .text("a=it's b"), .output,
                ]), expectation: .frames(segment), encoder: "libx264", fileExtension: "mkv", cost: 1,
                memory: .mebibytes(100))
        }
        let sound = TaskSpecification(
            id: TaskID("audio-1"), kind: .audio(stream: 1), command: FFmpegCommand([]), expectation: .anything,
            encoder: "aac", fileExtension: "mka", cost: 1, memory: .mebibytes(50))
        return PlannedJob(id: job, plan: plan, tasks: tasks + [sound])
    }()

    static let report = VerificationReport(
        checks: [
            .init(name: "frame count", passed: true, detail: "297 of 297"),
            .init(name: "presentation times", passed: true, detail: "all equal"),
        ], frames: 297)

    static let outcome = TranscodeOutcome(
        job: job, output: "film.mp4", frames: 297, segments: 2, reusedSegments: 1, seconds: 12.5,
        sourceSize: ByteCount(48_100_000), outputSize: ByteCount(12_300_000), verification: report, quality: nil,
        warnings: [], omissions: [omission])
}
