// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import Foundation
import Glibc
import MartletTestKit
import Testing

/// The options about the job as a whole: proof, place, name, and where options come from.
@Suite struct JobOptionTests {
    static let film = "bt709.mp4"

    @Test func levelOfProofIsTheOneAskedFor() async throws {
        let none = try await Transcode.succeed(Self.film, Transcode.quick + ["--verify", "none"])
        let counts = try await Transcode.succeed(Self.film, Transcode.quick + ["--verify", "counts"])
        let full = try await Transcode.succeed(Self.film, Transcode.quick + ["--verify", "full"])
        #expect(none.events("verification").isEmpty)
        #expect(counts.events("verification").first?.members["ssim"] == nil)
        let ssim = try #require(full.events("verification").first?.members["ssim"].flatMap { Double($0) })
        #expect(ssim > 0.9 && ssim < 1)
        #expect(full.events("verification").first?.integer("decoded_frames") == 75)
        #expect(try none.bytes() == full.bytes())
    }

    @Test func aPictureThatIsNotTheFirstStreamIsMeasured() async throws {
        let directory = try TemporaryDirectory()
        let film = directory.file("film.mkv")
        let (other, main) = try await (MediaFixtures.path("tiny.mkv"), MediaFixtures.path("h264_closed.mp4"))
        let made = try await ChildProcess.run(
            "ffmpeg",
            ["-nostdin", "-v", "error", "-i", other, "-i", main, "-map", "0:v", "-map", "1", "-c", "copy"]
                + ["-disposition:v:0", "0", "-disposition:v:1", "default", film])
        #expect(made.isSuccess)
        let result = try await Transcode.succeed(film, to: "out.mkv", ["--codec", "ffv1", "--verify", "full"])
        #expect(result.events("verification").first?.isTrue("lossless") == true)
        let check = try await MartletProgram.run(
            ["verify", result.output, "--against", result.source, "--full", "--json"])
        #expect(check.exitCode == 0)
    }

    @Test func fullProofOfALosslessFilmSaysSo() async throws {
        let full = try await Transcode.succeed(Self.film, ["--codec", "ffv1", "--verify", "full"])
        #expect(full.events("verification").first?.isTrue("lossless") == true)
    }

    @Test func workIsDoneInTheDirectoryAskedFor() async throws {
        let work = try TemporaryDirectory()
        let options = ["--preset", "slow", "--work-directory", work.path]
        let killed = try await Transcode.attempt(
            "small_minute.mp4", options,
            stop: .init(SIGKILL) { _, event in
                event.name == "taskCompleted" && (event.members["task_id"]?.hasPrefix("video") ?? false)
            })
        #expect(killed.run.outcome.ending == .signalled(SIGKILL), "\(killed.run.transcript)")
        #expect(try !work.names().isEmpty)
        #expect(try killed.directory.names().isEmpty)
        let resumed = try await Transcode.succeed("small_minute.mp4", options, in: killed.directory)
        #expect(resumed.run.reusedSegments >= 1)
        #expect(try work.names().isEmpty)
    }

    @Test func oneDirectoryTakesTheWorkOfSeveralFilms() async throws {
        let work = try TemporaryDirectory()
        let options = Transcode.quick + ["--work-directory", work.path, "--keep-work"]
        let first = try await Transcode.succeed(Self.film, to: "first.mkv", options)
        _ = try await Transcode.succeed(Self.film, to: "first.mkv", options)
        let second = try await Transcode.succeed(Self.film, to: "second.mkv", options, in: first.directory)
        #expect(second.run.reusedSegments == 0)
        #expect(try work.names().count == 3)
    }

    @Test(arguments: [("n", 251), ("\u{e9}", 125)])
    func outputsMayHaveTheLongestNames(letter: String, count: Int) async throws {
        let name = String(repeating: letter, count: count) + ".mkv"
        let long = try await Transcode.succeed(Self.film, to: name, Transcode.quick)
        #expect(try long.directory.names() == [name])
    }

    @Test func workIsKeptOnlyWhenAskedFor() async throws {
        let gone = try await Transcode.succeed(Self.film, Transcode.quick)
        #expect(try gone.directory.names() == ["out.mkv"])
        let kept = try await Transcode.succeed(Self.film, Transcode.quick + ["--keep-work"])
        #expect(try kept.directory.names().count > 1)
        #expect(try gone.bytes() == kept.bytes())
    }

    @Test func existingOutputIsOnlyReplacedWhenAskedFor() async throws {
        let directory = try TemporaryDirectory()
        _ = try directory.write("precious", to: "out.mkv")
        let refused = try await Transcode.attempt(Self.film, Transcode.quick, in: directory)
        #expect(refused.run.exitCode == 2)
        #expect(refused.run.outcome.errors.contains("--overwrite"))
        #expect(try directory.bytes("out.mkv") == Array("precious".utf8))
        let replaced = try await Transcode.succeed(Self.film, Transcode.quick + ["--overwrite"], in: directory)
        #expect(try await replaced.facts().picture?.codec == "h264")
    }

    @Test func failedReplacementLeavesTheOldFile() async throws {
        let directory = try TemporaryDirectory()
        _ = try directory.write("precious", to: "out.mkv")
        let failed = try await Transcode.attempt("no_decoder.mkv", ["--overwrite"], in: directory)
        #expect(failed.run.exitCode == 3)
        #expect(try directory.bytes("out.mkv") == Array("precious".utf8))
    }

    @Test func nameDoesNotChangeTheResult() async throws {
        let plain = try await Transcode.succeed(Self.film, Transcode.quick)
        let named = try await Transcode.succeed(Self.film, Transcode.quick + ["--name", "My film"])
        #expect(try plain.bytes() == named.bytes())
    }

    @Test func flagBeatsEnvironmentBeatsFile() async throws {
        let directory = try TemporaryDirectory()
        let file = try directory.write(
            #"{"crf": 31, "preset": "superfast", "video_option": ["refs=2"], "overwrite": true}"#, to: "martlet.json")
        let options = ["--config", file]
        let fromFile = try await Transcode.succeed(Self.film, options, in: directory)
        #expect(try fromFile.encoderSays("crf=31.0"))
        let fromEnvironment = try await Transcode.succeed(
            Self.film, options, in: directory, environment: ["MARTLET_CRF": "32"])
        #expect(try fromEnvironment.encoderSays("crf=32.0"))
        #expect(try fromEnvironment.encoderSays("ref=2"))
        let fromFlag = try await Transcode.succeed(
            Self.film, options + ["--crf=33"], in: directory, environment: ["MARTLET_CRF": "32"])
        #expect(try fromFlag.encoderSays("crf=33.0"))
    }

    @Test func linesForPeopleNameTheOutput() async throws {
        let directory = try TemporaryDirectory()
        let source = try await MediaFixtures.path(Self.film)
        let run = try await MartletProgram.run([
            "transcode", source, directory.file("out.mp4"), "--preset", "ultrafast",
        ])
        #expect(run.exitCode == 0)
        #expect(run.outcome.output.contains(directory.file("out.mp4")))
        #expect(!run.outcome.output.contains("\u{1b}["), "no colours in a pipe")
        let quiet = try await MartletProgram.run(
            ["transcode", source, directory.file("quiet.mp4"), "--preset", "ultrafast", "-q"])
        #expect(quiet.exitCode == 0)
        #expect(quiet.outcome.output.isEmpty)
        #expect(quiet.outcome.errors.isEmpty)
    }

    @Test func verifyFindsWhatIsWrong() async throws {
        let good = try await Transcode.succeed(Self.film, Transcode.quick)
        let proof = try await MartletProgram.run(["verify", good.output, "--against", good.source, "--json"])
        #expect(proof.exitCode == 0, "\(proof.transcript)")
        let other = try await MediaFixtures.path("vfr.mp4")
        let wrong = try await MartletProgram.run(["verify", good.output, "--against", other, "--json"])
        #expect(wrong.exitCode == 4, "\(wrong.transcript)")
        #expect(wrong.last?.name == "failed")
        let short = good.directory.file("short.mkv")
        let cut = try await ChildProcess.run(
            "ffmpeg", ["-v", "error", "-i", good.output, "-map", "0", "-c", "copy", "-frames:v", "74", short])
        #expect(cut.isSuccess)
        let lost = try await MartletProgram.run(["verify", short, "--against", good.source, "--json"])
        #expect(lost.exitCode == 4, "\(lost.transcript)")
    }
}

extension TemporaryDirectory {
    /// The paths of all files in it and below.
    func files() throws -> [String] {
        try FileManager.default.subpathsOfDirectory(atPath: path).filter { name in
            var isDirectory: ObjCBool = false
            return FileManager.default.fileExists(atPath: file(name), isDirectory: &isDirectory)
                && !isDirectory.boolValue
        }
    }
}
