// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import Foundation
import MartletMedia
import MartletModel
import MartletPlanning
import MartletPorts
import MartletTestKit
import Testing

/// Plans, run by the installed ffmpeg: what planning believes of it is true.
@Suite struct PlannedEncodeTests {
    private let reader = MediaReader(files: PlainFiles(), cacheDirectory: nil)
    private static let availability = EncoderAvailability(
        codecMajorVersion: 59, compiledIn: ["libx264", "libx265", "libsvtav1", "libaom-av1", "libvpx-vp9", "ffv1"],
        filters: ["ssim"])

    /// The results of a job's tasks, in a directory of their own.
    private struct Results {
        var plan: JobPlan
        var index: FrameIndex
        var segments: [String]
        var payload: Int64
        var scores: [Double]
        var directory: URL
    }

    /// The digests of all pictures in the segments of an encode that loses nothing.
    private func lossless(
        _ fixture: String, _ change: (inout TranscodeParameters) -> Void
    ) async throws -> [String] {
        let result = try await run(fixture) {
            $0.codec = .codec(.ffv1)
            $0.audioCodec = .none
            change(&$0)
        }
        defer { try? FileManager.default.removeItem(at: result.directory) }
        var digests: [String] = []
        for segment in result.segments { digests += try await FrameTruth.of(segment).frames.map(\.digest) }
        return digests
    }

    /// Runs every stage of a job.
    private func run(
        _ fixture: String, skipTracks: Bool = true, _ change: (inout TranscodeParameters) -> Void
    ) async throws -> Results {
        let path = try await MediaFixtures.path(fixture)
        let source = try await reader.describe(path: path)
        let stream = try #require(source.mainVideo)
        let index = try await reader.index(of: source, stream: stream.index, method: .packets)
        var parameters = TranscodeParameters()
        parameters.container = .mkv
        parameters.split = .fixed
        parameters.segmentDurationMilliseconds = 2300
        change(&parameters)
        let plan = try JobPlanner.plan(
            source: source, index: index, parameters: parameters, availability: Self.availability)
        let stages = try StagePlanner(plan: plan, index: index, codecMajorVersion: 59)
        let directory = FileManager.default.temporaryDirectory.appending(path: "martlet-planned-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        var completed: [TaskID: Artifact] = [:]
        while true {
            let tasks = try stages.nextTasks(completed: completed).filter { completed[$0.id] == nil }
            if tasks.isEmpty { break }
            for task in tasks {
                completed[task.id] = try await perform(task, path: path, index: index, in: directory)
            }
        }
        let names = stages.segmentTasks(completed: completed)
        return Results(
            plan: plan, index: index,
            segments: names.map { directory.appending(path: "\($0).mkv").path },
            payload: names.reduce(0) { $0 + (completed[$1]?.payload.bytes ?? 0) },
            scores: completed.values.compactMap(\.score), directory: directory)
    }

    private func perform(
        _ task: TaskSpecification, path: String, index: FrameIndex, in directory: URL
    ) async throws -> Artifact {
        let output = directory.appending(path: "\(task.id).\(task.fileExtension)").path
        let arguments = task.command.resolved(source: path, output: output) { input in
            directory.appending(path: "\(input).mkv").path
        }
        let outcome = try await Turnstile.processors.pass {
            try await ChildProcess.run("ffmpeg", ["-nostdin", "-v", "error", "-y"] + arguments)
        }
        #expect(outcome.isSuccess, "\(task.id): \(outcome.errors.suffix(800))")
        if case .measure = task.kind {
            let scores = try #require(ScoreList(String(contentsOfFile: output, encoding: .utf8)))
            #expect(task.expectation == .frameCount(scores.count), "\(task.id)")
            return Artifact(
                task: task.id, fileName: "", size: ByteCount(0), digest: "", count: scores.count,
                payload: ByteCount(0), score: scores.mean)
        }
        let inspection = try await reader.inspect(path: output)
        switch task.expectation {
        case .frames(let segment):
            let expected = index.presentationTimes[segment.frames].map {
                MediaTime(ticks: $0, timeBase: index.timeBase).microseconds
            }
            let found = inspection.times.map { MediaTime(ticks: $0, timeBase: inspection.timeBase).microseconds }
            #expect(found.count == expected.count, "\(task.id)")
            for (left, right) in zip(found, expected) { #expect(abs(left - right) <= 1_000, "\(task.id)") }
        case .frameCount(let count): #expect(inspection.times.count == count, "\(task.id)")
        case .sound, .anything: #expect(!inspection.times.isEmpty, "\(task.id)")
        }
        return Artifact(
            task: task.id, fileName: "", size: inspection.payload, digest: "", count: inspection.times.count,
            payload: inspection.payload)
    }

    /// ffprobe's digest of a file's codec headers.
    private func headers(_ path: String) async throws -> String {
        try await ChildProcess.run(
            "ffprobe",
            [
                "-v", "error", "-show_entries", "stream=codec_name,profile,level,extradata_hash,pix_fmt",
                "-show_data_hash",
                "md5", "-show_data", "-of", "compact", path,
            ]
        ).output.split(separator: "\n").filter { $0.contains("codec_name") }.joined()
    }

    @Test(arguments: ["libx264", "libx265", "libsvtav1", "libaom-av1", "libvpx-vp9", "ffv1"])
    func segmentsAreExactAndShareTheirHeadersAndComeOutTheSameTwice(encoder: String) async throws {
        let fast = [
            "libx264": "veryfast", "libx265": "ultrafast", "libsvtav1": "12", "libaom-av1": "8", "libvpx-vp9": "8",
        ]
        func encode() async throws -> Results {
            try await run("h264_open.mkv") {
                $0.codec = .encoder(encoder)
                $0.preset = fast[encoder]
                $0.audioCodec = .none
                $0.segmentDurationMilliseconds = 5000
                // It takes ten times as long as the others.
                if encoder == "libaom-av1" { $0.resolution = .height(90) }
            }
        }
        let (first, second) = (try await encode(), try await encode())
        defer { for result in [first, second] { try? FileManager.default.removeItem(at: result.directory) } }
        #expect(first.segments.count == 2)
        let one = try await headers(first.segments[0])
        #expect(!one.isEmpty)
        #expect(try await headers(first.segments[1]) == one)
        for (left, right) in zip(first.segments, second.segments) {
            #expect(FileManager.default.contentsEqual(atPath: left, andPath: right))
        }
    }

    @Test(arguments: ["h264_open.mkv", "h264_open.ts", "h264_23976.mp4", "h264_intrarefresh.mkv", "h264_5994.ts"])
    func losslessSegmentsShowTheSourcesPictures(fixture: String) async throws {
        let digests = try await lossless(fixture) { _ in }
        #expect(digests == (try await FrameTruth.of(MediaFixtures.path(fixture))).frames.map(\.digest))
    }

    @Test(arguments: [Rational(10, 1), Rational(30000, 1001), Rational(60, 1)])
    func aChangedRateHasEveryGridFrameOnce(rate: Rational) async throws {
        func encode(_ milliseconds: Int64) async throws -> [String] {
            try await lossless("h264_23976.mkv") {
                $0.frameRate = rate
                $0.segmentDurationMilliseconds = milliseconds
            }
        }
        let (cut, whole) = (try await encode(1700), try await encode(60_000))
        #expect(cut == whole)
        #expect(abs(Double(whole.count) - 10.01 * rate.value) <= 1)
    }

    @Test func fieldsAreWovenWithoutSeams() async throws {
        func encode(_ milliseconds: Int64) async throws -> [String] {
            try await lossless("h264_interlaced.mkv") {
                $0.deinterlace = true
                $0.segmentDurationMilliseconds = milliseconds
            }
        }
        let (cut, whole) = (try await encode(1700), try await encode(60_000))
        let different = zip(cut, whole).filter { $0 != $1 }.count
        #expect(cut.count == whole.count)
        #expect(different == 0)
    }

    @Test(arguments: [("libx264", "superfast"), ("libsvtav1", "12")])
    func aBitRateIsReached(encoder: String, preset: String) async throws {
        let result = try await run("h264_closed.mp4") {
            $0.codec = .encoder(encoder)
            $0.preset = preset
            $0.bitrate = BitRate(400_000)
            $0.audioCodec = .none
        }
        defer { try? FileManager.default.removeItem(at: result.directory) }
        let wanted = 400_000 / 8 * MediaTime(ticks: result.index.duration, timeBase: result.index.timeBase).seconds
        let miss = Double(result.payload) / wanted - 1
        // Four segments and whole-number steps of 6 % leave a little.
        #expect(abs(miss) < (encoder == "libx264" ? 0.01 : 0.03), "\(miss)")
    }

    /// FFmpeg's own word on how like two films are.
    private func likeness(_ path: String, to source: String, frames: Range<Int>) async throws -> Double {
        let graph =
            "[0:v]settb=1/1000,setpts=N[a];[1:v]trim=start_frame=\(frames.lowerBound):end_frame=\(frames.upperBound),"
            + "settb=1/1000,setpts=N[b];[a][b]ssim"
        let outcome = try await ChildProcess.run(
            "ffmpeg", ["-nostdin", "-i", path, "-i", source, "-lavfi", graph, "-f", "null", "-"])
        let word = outcome.errors.split(whereSeparator: \.isWhitespace).last { $0.hasPrefix("All:") }
        return try #require(word.flatMap { Double($0.dropFirst(4)) })
    }

    @Test(arguments: [0.95, 0.985])
    func everySegmentReachesTheTargetQuality(ssim: Double) async throws {
        let result = try await run("h264_closed.mp4") {
            $0.preset = "superfast"
            $0.targetQuality = TargetQuality(metric: .ssim, value: ssim)
            $0.audioCodec = .none
            $0.segmentDurationMilliseconds = 4000
        }
        defer { try? FileManager.default.removeItem(at: result.directory) }
        #expect(result.segments.count > 1)
        let source = try await MediaFixtures.path("h264_closed.mp4")
        for (segment, path) in zip(result.plan.segments, result.segments) {
            let score = try await likeness(path, to: source, frames: segment.frames)
            // Four encodes reach it; the last may be a little too good, never too bad.
            #expect(score > ssim - 0.0021 && score < ssim + 0.0041, "\(path): \(score)")
        }
    }

    @Test(arguments: [
        ("fullrange.mp4", "libx264", ContainerFormat.mkv), ("h264_interlaced.mkv", "libx265", .mkv),
        ("rotated.mp4", "libx264", .mkv), ("vp9_odd.webm", "libvpx-vp9", .webm), ("hdr10.mp4", "libsvtav1", .mp4),
    ])
    func unusualPicturesAreMeasuredAsTheyWereEncoded(
        fixture: String, encoder: String, container: ContainerFormat
    )
        async throws
    {
        let result = try await run(fixture) {
            $0.codec = .encoder(encoder)
            $0.preset = encoder == "libx264" || encoder == "libx265" ? "ultrafast" : "8"
            $0.container = container
            $0.deinterlace = true
            $0.frameRate = fixture == "rotated.mp4" ? Rational(10, 1) : nil
            $0.audioCodec = .none
            $0.segmentDurationMilliseconds = 3000
            // So low that the first encode misses it only when other pictures were compared.
            $0.targetQuality = TargetQuality(metric: .ssim, value: 0.9)
        }
        defer { try? FileManager.default.removeItem(at: result.directory) }
        #expect(result.scores.allSatisfy { $0 > 0.8 }, "\(result.scores)")
        #expect(result.scores.count >= result.segments.count)
    }

    @Test(arguments: [
        ("vp9_odd.webm", "libx264", ContainerFormat.mp4), ("vp9_odd.webm", "libsvtav1", .mkv),
        ("vp9_odd.webm", "libvpx-vp9", .webm), ("rotated.mp4", "libx264", .mkv), ("rotated.mp4", "libx264", .mp4),
        ("hdr10.mp4", "libx265", .mkv), ("hdr10.mp4", "libsvtav1", .mp4), ("hdr10.mp4", "libx264", .mkv),
        ("fullrange.mp4", "libx265", .mp4), ("h264_interlaced.mkv", "libx264", .mkv),
    ])
    func unusualPicturesAreEncoded(fixture: String, encoder: String, container: ContainerFormat) async throws {
        let result = try await run(fixture) {
            $0.codec = .encoder(encoder)
            $0.preset = encoder == "libx264" || encoder == "libx265" ? "ultrafast" : "8"
            $0.container = container
            $0.audioCodec = .none
            $0.segmentDurationMilliseconds = 3000
        }
        defer { try? FileManager.default.removeItem(at: result.directory) }
        let one = try await headers(result.segments[0])
        for segment in result.segments { #expect(try await headers(segment) == one) }
    }

    @Test(arguments: [AudioCodec.aac, .opus])
    func soundIsEncodedFromItsStartToItsEnd(codec: AudioCodec) async throws {
        let result = try await run("h264_closed.mp4") {
            $0.codec = .codec(.ffv1)
            $0.audioCodec = codec
        }
        defer { try? FileManager.default.removeItem(at: result.directory) }
        let stream = try #require(result.plan.source.streams(of: .audio).first)
        let sound = try await reader.inspect(
            path: result.directory.appending(path: "audio-\(stream.index).mp4").path)
        #expect(abs(sound.durationMicroseconds - 10_000_000) < 100_000)
    }
}
