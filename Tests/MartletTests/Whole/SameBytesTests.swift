// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import Foundation
import Glibc
import MartletTestKit
import Testing

/// The same source and parameters give the same bytes, whoever encodes and however often it is cut short.
@Suite struct SameBytesTests {
    static let film = "small_minute.mp4"
    static let options = ["--preset", "veryfast", "--crf", "24"]

    /// The output of one undisturbed run, made once.
    private static let undisturbed = Task { try await Transcode.succeed(film, to: "out.mp4", options) }

    @Test func secondRunGivesTheSameBytes() async throws {
        let first = try await Self.undisturbed.value
        let second = try await Transcode.succeed(Self.film, to: "out.mp4", Self.options)
        #expect(try first.bytes() == second.bytes())
    }

    @Test(arguments: [1, 4])
    func bytesDoNotDependOnTheNumberOfWorkers(_ workers: Int) async throws {
        let reference = try await Self.undisturbed.value
        let other = try await Transcode.succeed(Self.film, to: "out.mp4", Self.options + ["--workers", "\(workers)"])
        #expect(try reference.bytes() == other.bytes())
    }

    @Test(arguments: ["libx265", "libsvtav1", "libvpx-vp9", "ffv1"])
    func everyEncoderRepeatsItself(_ encoder: String) async throws {
        let options = ["--codec", encoder] + (encoder == "libx265" ? Transcode.quick : [])
        let one = try await Transcode.succeed("h264_closed.mp4", options + ["--workers", "1"])
        let two = try await Transcode.succeed("h264_closed.mp4", options + ["--workers", "2"])
        #expect(try one.bytes() == two.bytes())
    }

    @Test(arguments: 0..<(LongForm.isWanted ? 20 : 4))
    func killedJobIsTakenUpAndGivesTheSameBytes(_ seed: UInt64) async throws {
        let reference = try await Self.undisturbed.value
        var random = SplitMix64(seed: seed)
        let moment = Int.random(in: 0..<max(1, reference.run.events.count - 1), using: &random)
        let killed = try await Transcode.attempt(
            Self.film, to: "out.mp4", Self.options, stop: .init(SIGKILL) { number, _ in number >= moment })
        #expect(await RunningPrograms.areGone(mentioning: killed.directory.path), "encoders outlived the program")
        guard killed.run.outcome.ending == .signalled(SIGKILL) else {
            #expect(killed.run.exitCode == 0, "\(killed.run.transcript)")
            return
        }
        let finished = killed.events("taskCompleted").filter { $0.members["task_id"]?.hasPrefix("video") ?? false }
            .count
        let resumed = try await Transcode.succeed(
            Self.film, to: "out.mp4", Self.options + (killed.hasOutput ? ["--overwrite"] : []), in: killed.directory)
        #expect(try resumed.bytes() == reference.bytes(), "seed \(seed), killed at line \(moment)")
        if !killed.hasOutput {
            #expect(resumed.run.reusedSegments >= finished, "seed \(seed), killed at line \(moment)")
        }
        #expect(try resumed.directory.names() == ["out.mp4"])
    }

    @Test func jobKilledAgainAndAgainEndsWithTheSameBytes() async throws {
        let reference = try await Self.undisturbed.value
        let directory = try TemporaryDirectory()
        var reused = 0
        for round in 0..<3 {
            let killed = try await Transcode.attempt(
                Self.film, to: "out.mp4", Self.options + ["--workers", "1"], in: directory,
                stop: .init(SIGKILL) { _, event in
                    event.name == "taskCompleted" && !event.isTrue("reused")
                        && (event.members["task_id"]?.hasPrefix("video") ?? false)
                })
            #expect(killed.run.outcome.ending == .signalled(SIGKILL), "round \(round): \(killed.run.transcript)")
        }
        let last = try await Transcode.succeed(Self.film, to: "out.mp4", Self.options, in: directory)
        reused = last.run.reusedSegments
        #expect(reused >= 3)
        #expect(try last.bytes() == reference.bytes())
    }

    @Test func interruptedJobSaysSoAndIsTakenUp() async throws {
        let reference = try await Self.undisturbed.value
        let stopped = try await Transcode.attempt(
            Self.film, to: "out.mp4", Self.options,
            stop: .init(SIGINT, toGroup: true) { _, event in event.name == "taskCompleted" })
        #expect(stopped.run.exitCode == 130, "\(stopped.run.transcript)")
        #expect(stopped.run.last?.name == "failed")
        #expect(!stopped.hasOutput)
        #expect(await RunningPrograms.areGone(mentioning: stopped.directory.path))
        let resumed = try await Transcode.succeed(Self.film, to: "out.mp4", Self.options, in: stopped.directory)
        #expect(try resumed.bytes() == reference.bytes())
    }

    @Test func changedSourceIsNotMixedWithOldSegments() async throws {
        let directory = try TemporaryDirectory()
        let source = directory.file("film.mp4")
        try FileManager.default.copyItem(atPath: try await MediaFixtures.path(Self.film), toPath: source)
        _ = try await Transcode.attempt(
            source, to: "out.mp4", Self.options, in: directory,
            stop: .init(SIGKILL) { _, event in event.name == "taskCompleted" })
        try FileManager.default.removeItem(atPath: source)
        try FileManager.default.copyItem(atPath: try await MediaFixtures.path("scene_cuts.mp4"), toPath: source)
        let other = try await Transcode.succeed(source, to: "out.mp4", Self.options, in: directory)
        #expect(other.run.reusedSegments == 0)
        #expect(try await other.difference(pictures: false) == nil)
    }
}

extension Transcode {
    /// Whether there is a file at the output's path.
    var hasOutput: Bool { FileManager.default.fileExists(atPath: output) }
}
