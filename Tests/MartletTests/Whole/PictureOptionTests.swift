// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import Foundation
import MartletTestKit
import Testing

/// Each option for the picture, judged by ffprobe on the file that it made.
@Suite struct PictureOptionTests {
    static let film = "bt709.mp4"

    @Test(arguments: [
        ("h264", "h264"), ("hevc", "hevc"), ("av1", "av1"), ("vp9", "vp9"), ("ffv1", "ffv1"), ("libx264", "h264"),
        ("libx265", "hevc"), ("libsvtav1", "av1"), ("libaom-av1", "av1"), ("libvpx-vp9", "vp9"), ("copy", "h264"),
    ])
    func codecIsTheOneAskedFor(_ asked: String, _ codec: String) async throws {
        let result = try await Transcode.succeed(Self.film, ["--codec", asked])
        #expect(try await result.facts().picture?.codec == codec)
        #expect(try await result.difference(pictures: ["ffv1", "copy"].contains(asked)) == nil)
    }

    @Test func codecIsH264WithoutBeingAsked() async throws {
        let result = try await Transcode.succeed(Self.film, to: "out.mp4", Transcode.quick)
        let facts = try await result.facts()
        #expect(facts.picture?.codec == "h264")
        #expect(facts.all("audio").map(\.codec) == ["aac"])
    }

    @Test func copiedPictureHasTheSamePackets() async throws {
        let result = try await Transcode.succeed("h264_open.mkv", ["--codec", "copy", "--audio-codec", "copy"])
        let before = try await PacketList.of(result.source)
        let after = try await PacketList.of(result.output)
        #expect(before.packets.map(\.bytes) == after.packets.map(\.bytes))
    }

    @Test func aCopyThatWouldShowHiddenPicturesIsRefusedBeforeAnyWork() async throws {
        let place = try TemporaryDirectory()
        let whole = try await MediaFixtures.path("bt709.mp4")
        let cut = place.file("cut.mp4")
        // The copy begins at the key frame before, and an edit list hides what is too early.
        try await ffmpeg(["-ss", "1.5", "-i", whole, "-c", "copy", cut])
        let refused = try await Transcode.attempt(cut, ["--codec", "copy"])
        #expect(refused.run.exitCode == 2, "\(refused.run.transcript)")
        #expect(refused.run.outcome.errors.contains("edit list"), "\(refused.run.transcript)")
        #expect(refused.run.outcome.errors.contains("--codec h264"))
        #expect(refused.events("progress").isEmpty)
        // MP4 hides them again.
        let kept = try await Transcode.succeed(cut, to: "out.mp4", ["--codec", "copy", "--audio-codec", "copy"])
        #expect(try await kept.difference(pictures: true) == nil)
    }

    @Test func aCopyOfPicturesWithoutTimesIsRefusedBeforeAnyWork() async throws {
        let place = try TemporaryDirectory()
        let raw = place.file("raw.h264")
        try await ffmpeg(["-i", try await MediaFixtures.path("bt709.mp4"), "-map", "0:v", "-c", "copy", raw])
        let refused = try await Transcode.attempt(raw, ["--codec", "copy"])
        #expect(refused.run.exitCode == 2, "\(refused.run.transcript)")
        #expect(refused.run.outcome.errors.contains("have no times"), "\(refused.run.transcript)")
        #expect(refused.events("progress").isEmpty)
    }

    private func ffmpeg(_ arguments: [String]) async throws {
        let outcome = try await ChildProcess.run("ffmpeg", ["-nostdin", "-v", "error", "-y"] + arguments)
        try #require(outcome.exitCode == 0, "\(outcome.errors)")
    }

    @Test func crfReachesTheEncoder() async throws {
        let result = try await Transcode.succeed(Self.film, Transcode.quick + ["--crf", "33.5"])
        #expect(try result.encoderSays("crf=33.5"))
        let finer = try await Transcode.succeed(Self.film, Transcode.quick + ["--crf", "18"])
        #expect(try result.bytes().count < finer.bytes().count)
    }

    @Test func presetReachesTheEncoder() async throws {
        let fast = try await Transcode.succeed(Self.film, ["--preset", "ultrafast"])
        #expect(try fast.encoderSays("subme=0"))
        let slow = try await Transcode.succeed(Self.film, ["--preset", "slower"])
        #expect(try slow.encoderSays("subme=9"))
    }

    @Test func bitrateIsReached() async throws {
        let film = LongForm.isWanted ? "ten_minutes.mp4" : "minute.mp4"
        let result = try await Transcode.succeed(film, ["--bitrate", "250k", "--preset", "veryfast"])
        let seconds = LongForm.isWanted ? 600.0 : 60.0
        let rate = Double(try await PacketList.of(result.output).bytes) * 8 / seconds
        print("bit rate: 250000 asked for, \(Int(rate)) in the picture of \(film)")
        #expect(abs(rate / 250_000 - 1) < (LongForm.isWanted ? 0.01 : 0.05))
        #expect(try await result.difference(pictures: false) == nil)
    }

    @Test func twoPassesOnlyStateWhatBitrateDoes() async throws {
        let rate = ["--bitrate", "200k", "--preset", "veryfast"]
        let plain = try await Transcode.succeed("scene_cuts.mp4", rate)
        let stated = try await Transcode.succeed("scene_cuts.mp4", rate + ["--two-pass"])
        #expect(try plain.bytes() == stated.bytes())
        let lonely = try await Transcode.attempt(Self.film, ["--two-pass"])
        #expect(lonely.run.exitCode == 2)
    }

    @Test(arguments: [
        (["--resolution", "90p"], 160, 90), (["--resolution", "100x100"], 100, 56),
        (["--resolution", "720p"], 320, 180),
        (["--resolution", "720p", "--allow-upscale"], 1280, 720),
        (["--resolution", "640x640", "--allow-upscale"], 640, 360),
    ])
    func resolutionKeepsTheShape(_ options: [String], _ width: Int, _ height: Int) async throws {
        let result = try await Transcode.succeed(Self.film, Transcode.quick + options)
        let picture = try #require(try await result.facts().picture)
        #expect(picture.fields["width"] == "\(width)")
        #expect(picture.fields["height"] == "\(height)")
        #expect(try await result.difference(pictures: false) == nil)
        let numbers = try await FrameNumbers.read(result.output)
        if width >= 160 { #expect(numbers == Array(0..<75)) }
    }

    @Test func frameRateIsMadeConstant() async throws {
        let result = try await Transcode.succeed("vfr.mkv", to: "out.mp4", Transcode.quick + ["--frame-rate", "12"])
        let picture = try #require(try await result.facts().picture)
        #expect(picture.fields["r_frame_rate"] == "12/1")
        #expect(picture.fields["avg_frame_rate"] == "12/1")
        let before = try await PacketList.of(result.source).packets.compactMap(\.seconds)
        let after = try await PacketList.of(result.output).packets.compactMap(\.seconds)
        let length = (before.max() ?? 0) - (before.min() ?? 0)
        let made = (after.max() ?? 0) - (after.min() ?? 0)
        #expect(abs(length - made) < 0.25)
        let numbers = try await FrameNumbers.read(result.output)
        #expect(numbers == numbers.sorted())
    }

    @Test func pixelFormatIsTheOneAskedFor() async throws {
        let result = try await Transcode.succeed(
            Self.film, Transcode.quick + ["--codec", "hevc", "--pixel-format", "yuv420p10le"])
        #expect(try await result.facts().picture?.fields["pix_fmt"] == "yuv420p10le")
    }

    @Test(arguments: ["h264_10bit.mkv", "h264_422.mkv", "h264_444.mkv"])
    func pixelFormatOfTheSourceIsKept(_ name: String) async throws {
        let result = try await Transcode.succeed(name, Transcode.quick)
        let before = try await result.sourceFacts().picture?.fields["pix_fmt"]
        #expect(try await result.facts().picture?.fields["pix_fmt"] == before)
    }

    @Test func deinterlacingMakesWholeFrames() async throws {
        let result = try await Transcode.succeed("h264_interlaced.mkv", Transcode.quick + ["--deinterlace"])
        #expect(try await result.facts().picture?.fields["field_order"] == "progressive")
        #expect(try await result.difference(pictures: false) == nil)
    }

    @Test(arguments: ["h264_interlaced.mkv", "h264_interlaced_bff.mp4"])
    func fieldsAreKeptWithoutBeingAsked(_ name: String) async throws {
        let result = try await Transcode.succeed(name, Transcode.quick)
        #expect(try await result.facts().picture?.fields["field_order"]?.first == (name.contains("bff") ? "b" : "t"))
        let before = try await Self.fieldFlags(result.source)
        #expect(try await Self.fieldFlags(result.output) == before)
        #expect(before.contains { $0.contains("interlaced_frame=1") })
    }

    /// What the first decoded frames say about their fields.
    private static func fieldFlags(_ path: String) async throws -> [Substring] {
        let outcome = try await ChildProcess.run(
            "ffprobe",
            [
                "-v", "error", "-select_streams", "v:0", "-read_intervals", "%+#8", "-of", "compact", "-show_entries",
                "frame=interlaced_frame,top_field_first", "-i", "file:" + path,
            ])
        return outcome.output.split(separator: "\n").filter { $0.contains("interlaced_frame") }
            .map { $0.split(separator: "|side_data")[0] }
    }

    @Test func encoderOptionsReachTheEncoder() async throws {
        let result = try await Transcode.succeed(
            Self.film, Transcode.quick + ["--ffmpeg-params", "-bf 2 -refs 3", "--video-option", "refs=4"])
        #expect(try result.encoderSays("bframes=2"))
        #expect(try result.encoderSays("ref=4"))
    }

    @Test(arguments: [
        "-i /etc/passwd", "-f null", "-filter_complex nullsrc", "-vf movie=/etc/passwd", "-x264-params log=/etc/x",
    ])
    func optionsThatAreNotTheEncodersAreRefused(_ parameters: String) async throws {
        let result = try await Transcode.attempt(Self.film, ["--ffmpeg-params", parameters])
        #expect(result.run.exitCode == 2, "\(result.run.transcript)")
        #expect(try result.directory.names().isEmpty)
    }

    @Test(
        .enabled(if: !FileManager.default.fileExists(atPath: "/dev/nvidia0"), "this machine has the hardware"),
        arguments: ["nvenc", "qsv", "vaapi"])
    func missingHardwareFallsBackWithAWarning(_ hardware: String) async throws {
        let result = try await Transcode.succeed(Self.film, ["--hw-accel", hardware])
        let warnings = result.events("warning").compactMap { $0.members["message"] }.joined(separator: "\n")
        #expect((warnings + result.run.outcome.errors).contains(hardware))
        #expect((warnings + result.run.outcome.errors).contains("libx264"))
        let none = try await Transcode.succeed(Self.film, ["--hw-accel", "none"])
        #expect(none.events("warning").isEmpty)
    }
}

extension Transcode {
    /// Whether the settings that x264 writes into its stream contain `text`.
    func encoderSays(_ text: String) throws -> Bool { try bytes().range(of: Data(text.utf8)) != nil }
}
