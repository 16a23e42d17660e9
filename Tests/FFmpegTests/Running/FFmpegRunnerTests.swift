// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import Foundation
import Glibc
import MartletFFmpeg
import MartletHost
import MartletModel
import MartletPorts
import MartletTestKit
import Testing

/// One after the other: each test keeps the processors busy with ffmpeg.
@Suite(.serialized) struct FFmpegRunnerTests {
    let bench: Bench
    let film = ["-f", "lavfi", "-i", "testsrc2=s=128x96:r=25:d=2"]

    init() throws { bench = try Bench() }

    private func failure(_ arguments: [String]) async throws -> FFmpegError {
        try #require(
            await #expect(throws: FFmpegError.self) {
                try await bench.runner.run(EncoderRun(arguments: arguments)) { _ in }
            })
    }

    @Test func anEncodeReportsItsFramesAndItsCost() async throws {
        let reports = Reports()
        let report = try await bench.runner.run(
            EncoderRun(arguments: film + ["-c:v", "libx264", "file:" + bench.path("a.mp4")]), progress: reports.take)
        #expect(reports.all.last?.frames == 50)
        #expect(reports.all.last?.size == (try LocalFiles().size(of: bench.path("a.mp4"))))
        #expect(report.cpuTime > .zero && report.wallTime > .zero)
        #expect(report.peakMemory > .mebibytes(5))
        #expect(report.output.isEmpty)
    }

    @Test func theFirstReportComesWithTheFirstOutput() async throws {
        let reports = Reports()
        let film = ["-re", "-f", "lavfi", "-i", "testsrc2=s=128x96:r=25:d=1.2"]
        _ = try await bench.runner.run(
            EncoderRun(arguments: film + ["-c:v", "ffv1", "file:" + bench.path("a.mkv")]), progress: reports.take)
        #expect(reports.all.count >= 3)
        #expect(try #require(reports.all.first?.frames) < 12)
    }

    @Test func soundHasTimeAndSizeButNoFrames() async throws {
        let reports = Reports()
        _ = try await bench.runner.run(
            EncoderRun(arguments: ["-f", "lavfi", "-i", "sine=d=2", "-c:a", "aac", "file:" + bench.path("a.mka")]),
            progress: reports.take)
        #expect(reports.all.last?.frames == nil)
        #expect(try #require(reports.all.last?.outputMicroseconds) >= 1_900_000)
    }

    @Test(arguments: ["matroska", "mp4"])
    func aFullDiskIsNamed(muxer: String) async throws {
        // The Matroska muxer writes so little here that only closing the file fails, and ffmpeg then exits with 0.
        let error = try await failure(film + ["-c:v", "libx264", "-f", muxer, "file:/dev/full"])
        #expect(error.code == .noSpace)
        #expect(error.exitStatus == .writeFailed)
        #expect(!error.isRetryable)
    }

    @Test(arguments: [
        ["-c:v", "libnothing"], ["-c:v", "libx264", "-preset", "nothing"], ["-c:v", "libx264", "-nothing", "1"],
        ["-c:v", "libx264", "-vf", "nothing"],
    ])
    func whatTheBuildCannotDoIsNotTriedAgain(options: [String]) async throws {
        let error = try await failure(film + options + ["-f", "null", "-"])
        #expect(error.code == .unsupported)
        #expect(!error.isRetryable)
        #expect(error.message.contains("nothing"))
    }

    @Test func inputsThatAreNoMediaAreNamed() async throws {
        let text = try bench.text("text.mkv", "not a film")
        for path in [text, bench.path("missing.mkv"), bench.directory] {
            let error = try await failure(["-i", "file:" + path, "-f", "null", "-"])
            #expect(error.code == .badInput)
            #expect(error.exitStatus == .badInput)
            #expect(!error.isRetryable)
            #expect(error.message.contains(path))
        }
    }

    @Test func playlistsAndScriptsInDisguiseReachNoOtherFile() async throws {
        try await bench.make("secret.mp4", "-f", "lavfi", "-i", "testsrc2=s=128x96:d=1", "-c:v", "libx264")
        let disguises = [
            try bench.text("concat.mkv", "ffconcat version 1.0\nfile secret.mp4\n"),
            try bench.text(
                "list.mp4", "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nsecret.mp4\n#EXT-X-ENDLIST\n"),
        ]
        for path in disguises {
            let error = try await failure(["-i", "file:" + path, "-f", "null", "-"])
            #expect(error.code == .badInput)
            #expect(error.message.contains("other files"))
        }
        let remote = try await failure(["-i", "http://127.0.0.1:9/film.mp4", "-f", "null", "-"])
        #expect(remote.code == .badInput)
    }

    @Test func anOutputThatCannotBeMadeIsNamed() async throws {
        let error = try await failure(film + ["-c:v", "ffv1", "file:" + bench.path("missing/a.mkv")])
        #expect(error.code == .notWritable)
        #expect(error.exitStatus == .writeFailed)
    }

    @Test func errorsCarryTheCommandAndTheMessages() async throws {
        let error = try await failure(film + ["-c:v", "libnothing", "-f", "null", "it's here"])
        #expect(error.log.hasPrefix(bench.program.path + " -nostdin"))
        #expect(error.log.contains(#"'it'\''s here'"#))
        #expect(error.log.contains("Unknown encoder"))
    }

    @Test func aRunThatGetsNowhereIsEnded() async throws {
        // Nothing ever comes out of a pipe that nobody writes to.
        try #require(mkfifo(bench.path("pipe"), 0o600) == 0)
        let writer = open(bench.path("pipe"), O_RDWR | O_CLOEXEC)
        defer { close(writer) }
        let error = await #expect(throws: FFmpegError.self) {
            try await bench.runner.run(
                EncoderRun(
                    arguments: [
                        "-f", "rawvideo", "-s", "64x64", "-i", "file:" + bench.path("pipe"), "-f", "null", "-",
                    ],
                    stallTimeout: .milliseconds(700))
            ) { _ in }
        }
        #expect(error?.code == .stalled)
        #expect(error?.isRetryable == true)
    }

    @Test func aStoppedProcessIsAStall() async throws {
        let program = try bench.script("frozen", "printf 'frame=3\\nprogress=continue\\n'; kill -STOP $$")
        let clock = ManualClock()
        let runner = FFmpegRunner(program: program, launcher: ProcessRunner(), time: clock)
        let reports = AsyncStream<RunProgress>.makeStream()
        let task = Task {
            try await runner.run(EncoderRun(arguments: [], stallTimeout: .seconds(120))) {
                reports.continuation.yield($0)
            }
        }
        for await _ in reports.stream { break }
        await clock.waitForSleepers()
        clock.advance(by: .seconds(121))
        let error = await #expect(throws: FFmpegError.self) { try await task.value }
        #expect(error?.code == .stalled)
        #expect(error?.message.contains("frame 3") == true)
    }

    @Test(arguments: [(SIGKILL, FFmpegError.Code.killed), (SIGSEGV, .crashed), (SIGXFSZ, .noSpace)])
    func signalsFromOutsideAreToldApart(signal: Int32, code: FFmpegError.Code) async throws {
        let program = try bench.script("dying", "kill -\(signal) $$")
        let runner = FFmpegRunner(program: program, launcher: ProcessRunner(), time: SystemTime())
        let error = await #expect(throws: FFmpegError.self) {
            try await runner.run(EncoderRun(arguments: [])) { _ in }
        }
        #expect(error?.code == code)
        #expect(error?.isRetryable == (code != .noSpace))
    }

    @Test func onlyTheEndOfAFloodOfMessagesIsKept() async throws {
        let program = try bench.script("loud", "seq 1 300000 >&2; echo last >&2; exit 1")
        let runner = FFmpegRunner(program: program, launcher: ProcessRunner(), time: SystemTime())
        let error = try #require(
            await #expect(throws: FFmpegError.self) { try await runner.run(EncoderRun(arguments: [])) { _ in } })
        #expect(error.code == .failed && error.isRetryable)
        #expect(error.log.utf8.count < 36_000)
        #expect(error.message.contains("last"))
        #expect(error.log.hasSuffix("\n299999\n300000\nlast\n"))
    }

    @Test func cancellingEndsTheRun() async throws {
        let reports = AsyncStream<RunProgress>.makeStream()
        let task = Task { [bench] in
            try await bench.runner.run(
                EncoderRun(
                    arguments: ["-re", "-f", "lavfi", "-i", "testsrc2=s=128x96", "-c:v", "ffv1"]
                        + ["file:" + bench.path("endless.mkv")])
            ) { reports.continuation.yield($0) }
        }
        for await _ in reports.stream { break }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
    }
}
