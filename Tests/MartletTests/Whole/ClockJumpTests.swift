// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import Foundation
import Glibc
import MartletModel
import MartletTestKit
import Testing

/// Recordings whose clock is set anew in the middle come out on one time line.
@Suite struct ClockJumpTests {
    /// A recording in one file, of pieces whose clocks start at these seconds, one after the other.
    private static func recording(
        _ piece: String, _ starts: [Int], in directory: TemporaryDirectory
    ) async throws
        -> String
    {
        let path = piece.contains("/") ? piece : try await MediaFixtures.path(piece)
        var bytes = Data()
        for start in starts {
            let part = directory.file("part.ts")
            try await ffmpeg(["-i", path, "-map", "0", "-c", "copy", "-output_ts_offset", "\(start)", part])
            bytes += try Data(contentsOf: URL(filePath: part))
        }
        let film = directory.file("recording.ts")
        try bytes.write(to: URL(filePath: film))
        return film
    }

    private static func ffmpeg(_ arguments: [String]) async throws {
        let outcome = try await ChildProcess.run("ffmpeg", ["-v", "error", "-nostdin", "-y"] + arguments)
        try #require(outcome.isSuccess, "\(outcome.errors)")
    }

    /// The digests of all pictures, decoded as ffmpeg does without being told anything.
    private func pictures(_ path: String) async throws -> [Substring] {
        let outcome = try await ChildProcess.run(
            "ffmpeg", ["-v", "error", "-nostdin", "-i", path, "-map", "0:V:0", "-f", "framemd5", "-"])
        try #require(outcome.isSuccess, "\(outcome.errors)")
        return outcome.output.split(separator: "\n").filter { !$0.hasPrefix("#") }.compactMap {
            $0.split(separator: ",").last
        }
    }

    private static let lossless = ["--codec", "ffv1", "--segment-duration", "2"]

    @Test(arguments: ["mpeg2.ts", "h264_open.ts"], [[1000, 5], [5, 1000], [5, 1000, 5]])
    func everyPictureArrivesOnce(_ piece: String, _ starts: [Int]) async throws {
        let inputs = try TemporaryDirectory()
        let source = try await Self.recording(piece, starts, in: inputs)
        let transcode = try await Transcode.succeed(source, Self.lossless)
        #expect(transcode.run.outcome.output.contains("clock of the source jumps"))
        #expect(try transcode.directory.names() == ["out.mkv"])

        let expected = try await pictures(source)
        let truth = try await FrameTruth.of(transcode.output)
        #expect(expected.count == truth.frames.count)
        #expect(expected == (try await pictures(transcode.output)))
        let length = try await FrameTruth.of(MediaFixtures.path(piece)).frames.count
        for number in truth.frames.indices.dropFirst() {
            let step = Double(truth.frames[number].ticks - truth.frames[number - 1].ticks) * truth.timeBase.value
            // Where pieces meet, the picture waits for the end of the sound.
            let longest = number % length == 0 ? 0.15 : 0.0415
            #expect((0.0385...longest).contains(step), "frame \(number) of \(truth.frames.count)")
        }
    }

    @Test func progressNamesEachStageAndNeverFalls() async throws {
        let inputs = try TemporaryDirectory()
        let source = try await Self.recording("h264_open.ts", [1000, 5], in: inputs)
        let options = ["--bitrate", "300k", "--preset", "ultrafast", "--segment-duration", "2", "--verify", "full"]
        let transcode = try await Transcode.succeed(source, options)
        let lines = transcode.events("progress")
        let shares = lines.compactMap { $0.members["progress"].flatMap(Double.init) }
        #expect(shares.count == lines.count && shares == shares.sorted(), "\(shares)")
        #expect(shares.last == 1)
        var stages: [String] = []
        for line in lines where line.members["stage"] != stages.last { stages.append(line.members["stage"] ?? "") }
        #expect(stages == ["restamping", "analysing", "encoding", "joining", "checking"])
    }

    @Test func thePlanSaysThatACopyComesFirst() async throws {
        let inputs = try TemporaryDirectory()
        let source = try await Self.recording("h264_open.ts", [1000, 5], in: inputs)
        let plan = try await MartletProgram.run(["plan", source, inputs.file("out.mkv"), "--json"])
        let copy = try #require(plan.events.first?.members["restamped_copy"])
        #expect(copy.hasPrefix(inputs.file(".out.mkv.martlet/")))
        #expect(plan.events.first?.members["first_command"]?.replacing("\\/", with: "/").contains(copy) == true)
        let text = try await MartletProgram.run(["plan", source, inputs.file("out.mkv")])
        #expect(text.outcome.output.contains("a copy of the source with one clock is made: \(copy)"))
    }

    @Test func soundStaysInTimeWithThePicture() async throws {
        let inputs = try TemporaryDirectory()
        let piece = inputs.file("flash.ts")
        try await Self.ffmpeg([
            "-f", "lavfi", "-i", "color=black:s=320x180:r=25:d=5,drawbox=c=white:t=fill:enable='lt(mod(t,1),0.04)'",
            "-f", "lavfi", "-i", "aevalsrc='sin(2*PI*1000*t)*lt(mod(t,1),0.04)':s=48000:d=5", "-c:v", "libx264",
            "-bf", "2", "-g", "25", "-c:a", "aac", "-b:a", "128k", piece,
        ])
        let source = try await Self.recording(piece, [2000, 7, 2000], in: inputs)
        let transcode = try await Transcode.succeed(source, ["--segment-duration", "2"])
        let flashes = try await ChildProcess.run(
            "ffmpeg",
            [
                "-v", "error", "-nostdin", "-copyts", "-i", transcode.output, "-map", "0:v", "-fps_mode",
                "passthrough", "-vf", "select='gt(scene,0.3)',showinfo", "-f", "null", "-", "-v", "info",
            ])
        let beeps = try await ChildProcess.run(
            "ffmpeg",
            [
                "-nostdin", "-copyts", "-i", transcode.output, "-map", "0:a", "-af", "silencedetect=n=-30dB:d=0.2",
                "-f", "null", "-",
            ])
        let seen = flashes.errors.matches(of: /pts_time:([0-9.]+)/).compactMap { Double($0.1) }
        let heard = beeps.errors.matches(of: /silence_end: ([0-9.]+)/).compactMap { Double($0.1) }
        var differences: [Double] = []
        for beep in heard {
            guard let flash = seen.min(by: { abs($0 - beep) < abs($1 - beep) }), abs(flash - beep) < 0.5 else {
                continue
            }
            differences.append(beep - flash)
        }
        let (least, most) = (try #require(differences.min()), try #require(differences.max()))
        #expect(differences.count >= 14)
        #expect(most - least < 0.01 && abs(least) < 0.03, "\(seen) \(heard)")
    }

    @Test func killedJobTakesItsCopyUpAndGivesTheSameBytes() async throws {
        let inputs = try TemporaryDirectory()
        let source = try await Self.recording("h264_open.ts", [1000, 5], in: inputs)
        let options = Transcode.quick + ["--segment-duration", "2", "--workers", "1"]
        let reference = try await Transcode.succeed(source, options)
        let killed = try await Transcode.attempt(
            source, options,
            stop: .init(SIGKILL) { _, event in
                event.name == "taskCompleted" && (event.members["task_id"]?.hasPrefix("video") ?? false)
            })
        #expect(killed.run.outcome.ending == .signalled(SIGKILL))
        let resumed = try await Transcode.succeed(source, options, in: killed.directory)
        #expect(resumed.run.reusedSegments >= 1)
        #expect(try resumed.bytes() == reference.bytes())
        #expect(try resumed.directory.names() == ["out.mkv"])
    }

    @Test func lostStretchStaysAGap() async throws {
        let inputs = try TemporaryDirectory()
        let bytes = try Data(contentsOf: URL(filePath: try await MediaFixtures.path("mpeg2.ts")))
        let packets = bytes.count / 188
        let source = inputs.file("lost.ts")
        try (bytes.prefix(packets * 3 / 10 * 188) + bytes.dropFirst(packets * 7 / 10 * 188))
            .write(to: URL(filePath: source))
        let transcode = try await Transcode.succeed(source, Self.lossless)
        #expect(!transcode.run.outcome.output.contains("clock of the source jumps"))
        #expect(try await transcode.difference(pictures: false) == nil)
        let truth = try await FrameTruth.of(transcode.output)
        let steps = zip(truth.frames, truth.frames.dropFirst()).map {
            Double($1.ticks - $0.ticks) * truth.timeBase.value
        }
        #expect((steps.max() ?? 0) > 2)
    }

    @Test func planningLeavesNothingBehind() async throws {
        let inputs = try TemporaryDirectory()
        let source = try await Self.recording("mpeg2.ts", [1000, 5], in: inputs)
        let place = try TemporaryDirectory()
        let run = try await MartletProgram.run(["plan", source], environment: ["TMPDIR": place.path])
        #expect(run.exitCode == 0, "\(run.transcript)")
        #expect(run.outcome.output.contains("clock of the source jumps"))
        #expect(run.outcome.output.contains("500 frames"))
        #expect(try place.names().isEmpty)
        #expect(try inputs.names() == ["part.ts", "recording.ts"])
    }
}
