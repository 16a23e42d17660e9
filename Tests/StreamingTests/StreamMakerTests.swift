// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import Foundation
import MartletFFmpeg
import MartletHost
import MartletModel
import MartletPlanning
import MartletPorts
import MartletStreaming
import MartletTestKit
import Testing

/// How parts come about, and how they do not.
@Suite struct StreamMakerTests {
    /// ffmpeg on a machine whose graphics device is broken.
    private struct BrokenDevice: EncoderRunner {
        struct Failure: CodedError {
            var codeName: String { "ffmpeg.failed" }
            var message: String { "No device" }
            var advice: String? { nil }
            var isRetryable: Bool { true }
            var exitStatus: MartletModel.ExitStatus { .jobFailed }
        }

        let runner: any EncoderRunner

        func run(_ run: EncoderRun, progress: @escaping @Sendable (RunProgress) -> Void) async throws -> RunReport {
            guard !run.arguments.contains("h264_nvenc") else { throw Failure() }
            return try await runner.run(run, progress: progress)
        }
    }

    /// ffmpeg that never ends, and tells when it was begun and stopped.
    private struct EndlessRunner: EncoderRunner {
        let events: Journal<String>

        func run(_ run: EncoderRun, progress: @escaping @Sendable (RunProgress) -> Void) async throws -> RunReport {
            events.note("begun")
            let (stream, _) = AsyncStream.makeStream(of: Void.self)
            for await _ in stream {}
            events.note("stopped")
            throw CancellationError()
        }
    }

    private func brokenStudio() throws -> Studio {
        let runner = FFmpegRunner(
            program: try FFmpegProgram.locate(), launcher: ProcessRunner(), time: SystemTime())
        return try Studio(encoder: BrokenDevice(runner: runner))
    }

    @Test func softwareTakesOverWhereSegmentsDescribeThemselves() async throws {
        let studio = try brokenStudio()
        let stream = try await studio.stream("h264_closed.mp4") {
            $0.container = .ts
            $0.encoder = "h264_nvenc"
        }
        let report = try await stream.check(only: ["original"])
        #expect(report.faults.isEmpty, "\(report.faults)")
    }

    @Test func softwareDoesNotMixWithHardwareInMP4() async throws {
        let studio = try brokenStudio()
        let stream = try await studio.stream("h264_closed.mp4") { $0.encoder = "h264_nvenc" }
        let error = await #expect(throws: StreamingError.self) { try await stream.part("original", 0) }
        #expect(error?.code == .hardwareFailed)
        // Sound needs no device.
        #expect(try await stream.part("a1", 0).segments.count == 3)
    }

    @Test func aStoppedPartLeavesNothingBehind() async throws {
        let events = Journal<String>()
        let studio = try Studio(encoder: EndlessRunner(events: events))
        let stream = try await studio.stream("h264_closed.mp4")
        let part = try #require(stream.plan.part(of: "original", segment: 0))
        let work = Task { try await studio.maker.make(part, of: stream.plan, at: stream.path) }
        _ = try await events.wait(for: "ffmpeg") { $0.contains("begun") }
        work.cancel()
        await #expect(throws: CancellationError.self) { try await work.value }
        #expect(events.entries.contains("stopped"))
        #expect(try FileManager.default.contentsOfDirectory(atPath: studio.directory.file("scratch")).isEmpty)
    }

    @Test func aFilmThatIsAnotherNowIsRefused() async throws {
        let studio = try Studio()
        let path = studio.directory.file("film.mp4")
        try FileManager.default.copyItem(atPath: try await MediaFixtures.path("h264_closed.mp4"), toPath: path)
        let stream = try await studio.stream(path)
        try FileManager.default.removeItem(atPath: path)
        let missing = await #expect(throws: StreamingError.self) { try await stream.part("original", 0) }
        #expect(missing?.code == .sourceChanged)
        try FileManager.default.copyItem(atPath: try await MediaFixtures.path("vfr.mp4"), toPath: path)
        let other = await #expect(throws: StreamingError.self) { try await stream.part("original", 1) }
        #expect(other?.code == .sourceChanged)
    }

    @Test func aFilmWithoutAPictureIsRefused() async throws {
        let studio = try Studio()
        let error = await #expect(throws: PlanningError.self) { try await studio.stream("only_sound.m4a") }
        #expect(error?.code == .nothingToEncode)
    }

    @Test func subtitlesOfEveryKindAreText() async throws {
        let studio = try Studio()
        for fixture in ["everything.mkv", "everything.mp4", "webvtt.webm"] {
            let stream = try await studio.stream(fixture)
            #expect(!stream.plan.subtitles.isEmpty)
            for track in stream.plan.subtitles {
                let text = try await studio.maker.subtitles(track.name, of: stream.plan, at: stream.path)
                let starts = text.cues.map(\.start)
                #expect(starts.count == 3, "\(fixture) \(track.name): \(text.webVTT)")
                for (start, wanted) in zip(starts, [1_000, 4_000, 8_000] as [Int64]) {
                    #expect(abs(start - wanted) <= 50, "\(fixture) \(track.name): \(starts)")
                }
            }
        }
    }
}
