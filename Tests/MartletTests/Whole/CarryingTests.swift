// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import Foundation
import MartletTestKit
import Testing

/// What is neither picture nor sound, and what describes both, arrives too.
@Suite struct CarryingTests {
    @Test func everythingArrivesInMatroska() async throws {
        let result = try await Transcode.succeed("everything.mkv", Transcode.quick + ["--audio-codec", "copy"])
        let before = try await result.sourceFacts()
        let after = try await result.facts()
        #expect(after.all("audio").map(\.codec) == ["aac", "ac3"])
        #expect(after.all("subtitle").map(\.codec) == ["subrip", "ass", "subrip"])
        for kind in ["audio", "subtitle"] {
            #expect(after.all(kind).map { $0.tags["language"] } == before.all(kind).map { $0.tags["language"] })
            #expect(after.all(kind).map { $0.tags["title"] } == before.all(kind).map { $0.tags["title"] })
            #expect(after.all(kind).map(\.roles) == before.all(kind).map(\.roles))
        }
        #expect(after.chapters == before.chapters)
        #expect(after.all("attachment").map { $0.tags["filename"] } == ["note.txt", "letters.ttf"])
        #expect(
            after.all("attachment").map { $0.tags["mimetype"] } == before.all("attachment").map { $0.tags["mimetype"] })
        #expect(try result.bytes().range(of: Data("attached text file\n".utf8)) != nil)
        for tag in ["title", "artist", "comment"] { #expect(after.tags[tag] == before.tags[tag]) }
        #expect(after.picture?.tags["title"] == "Picture")
        for track in 0..<3 {
            #expect(try await Self.subtitles(result.output, track) == Self.subtitles(result.source, track))
        }
        #expect(result.events("omission").isEmpty)
    }

    @Test func everythingPossibleArrivesInMP4AndTheRestIsNamed() async throws {
        let result = try await Transcode.succeed("everything.mkv", to: "out.mp4", Transcode.quick)
        let after = try await result.facts()
        #expect(after.all("audio").map { $0.tags["language"] } == ["eng", "deu"])
        #expect(after.all("subtitle").map(\.codec) == ["mov_text", "mov_text"])
        #expect(after.all("subtitle").map { $0.tags["language"] } == ["eng", "deu"])
        #expect(try await Self.subtitles(result.output, 0) == Self.subtitles(result.source, 0))
        #expect(after.chapters.map(\.title) == ["One", "Two"])
        #expect(after.chapters.map(\.startMilliseconds) == [0, 4000])
        #expect(after.tags["title"] == "Everything at once")
        let omissions = result.events("omission").compactMap { $0.members["subject"] }.joined(separator: "\n")
        #expect(omissions.contains("ass"))
        #expect(omissions.contains("note.txt"))
        #expect(omissions.contains("letters.ttf"))
    }

    @Test func styledSubtitlesAreFlattenedWhenAskedFor() async throws {
        let result = try await Transcode.succeed(
            "everything.mkv", to: "out.mp4", Transcode.quick + ["--flatten-subtitles"])
        let after = try await result.facts()
        #expect(after.all("subtitle").map(\.codec) == ["mov_text", "mov_text", "mov_text"])
        #expect(after.all("subtitle").map { $0.tags["language"] } == ["eng", "fra", "deu"])
    }

    @Test func everythingOfMP4ArrivesInMatroska() async throws {
        let result = try await Transcode.succeed("everything.mp4", Transcode.quick)
        let after = try await result.facts()
        #expect(after.all("subtitle").map(\.codec) == ["subrip", "subrip"])
        #expect(after.all("subtitle").map { $0.tags["language"] } == ["eng", "deu"])
        #expect(after.all("audio").map { $0.tags["language"] } == ["eng", "deu"])
        #expect(after.chapters.map(\.title) == ["One", "Two"])
        #expect(after.all("video").contains { $0.roles.contains("attached_pic") || $0.codec == "mjpeg" })
        #expect(try await Self.subtitles(result.output, 1) == Self.subtitles(result.source, 1))
    }

    @Test(arguments: [("cover.mkv", "out.mkv"), ("cover.mkv", "out.mp4"), ("everything.mp4", "out.mp4")])
    func coverArrives(_ name: String, _ output: String) async throws {
        let result = try await Transcode.succeed(name, to: output, Transcode.quick)
        let covers = try await result.facts().all("video").filter { $0.codec == "mjpeg" }
        #expect(covers.count == 1)
        let cover = try Data(contentsOf: URL(filePath: try await MediaFixtures.path("cover.jpg")))
        #expect(try result.bytes().range(of: cover) != nil)
    }

    @Test func manySubtitlesArrive() async throws {
        let result = try await Transcode.succeed("many_subtitles.mkv", Transcode.quick)
        #expect(try await result.facts().all("subtitle").count == 12)
    }

    @Test func subtitlesOfWebMArriveInWebM() async throws {
        let result = try await Transcode.succeed("webvtt.webm", to: "out.webm")
        let after = try await result.facts()
        #expect(after.all("subtitle").map(\.codec) == ["webvtt"])
        #expect(after.all("audio").map(\.codec) == ["opus"])
        #expect(after.picture?.codec == "vp9")
    }

    @Test(arguments: ["libx265", "libsvtav1"])
    func highDynamicRangeArrives(_ encoder: String) async throws {
        let options = ["--codec", encoder] + (encoder == "libx265" ? Transcode.quick : ["--preset", "12"])
        for name in ["out.mkv", "out.mp4"] {
            let result = try await Transcode.succeed("hdr10.mp4", to: name, options)
            let picture = try #require(try await result.facts().picture)
            #expect(picture.fields["pix_fmt"] == "yuv420p10le")
            #expect(picture.fields["color_transfer"] == "smpte2084")
            #expect(picture.fields["color_primaries"] == "bt2020")
            #expect(picture.fields["color_space"] == "bt2020nc")
            let frames = try await Self.frameSideData(result.output) + picture.sideData
            let display = try #require(
                frames.first { $0["side_data_type"] == "Mastering display metadata" }, "\(encoder) \(name)")
            #expect(display["red_x"].map(Self.value).map { abs($0 - 0.68) < 0.001 } == true)
            #expect(display["max_luminance"].map(Self.value).map { abs($0 - 1000) < 0.1 } == true)
            let light = try #require(
                frames.first { $0["side_data_type"] == "Content light level metadata" }, "\(encoder) \(name)")
            #expect(light["max_content"] == "1000")
            #expect(light["max_average"] == "400")
        }
    }

    @Test(arguments: [("bt709.mp4", "bt709", "tv"), ("hlg.mkv", "arib-std-b67", "tv"), ("fullrange.mp4", nil, "pc")])
    func coloursKeepTheirMeaning(_ name: String, _ transfer: String?, _ range: String) async throws {
        for codec in ["libx264", "libx265"] {
            let result = try await Transcode.succeed(name, Transcode.quick + ["--codec", codec])
            let before = try #require(try await result.sourceFacts().picture)
            let after = try #require(try await result.facts().picture)
            #expect(after.fields["color_transfer"] == before.fields["color_transfer"])
            #expect(after.fields["color_primaries"] == before.fields["color_primaries"])
            #expect(after.fields["color_space"] == before.fields["color_space"])
            #expect(after.fields["color_range"] == range)
            if let transfer { #expect(after.fields["color_transfer"] == transfer) }
        }
    }

    @Test(arguments: ["out.mp4", "out.mkv"])
    func shapeOfThePixelsArrives(_ name: String) async throws {
        let result = try await Transcode.succeed("sar.mp4", to: name, Transcode.quick)
        #expect(try await result.facts().picture?.fields["sample_aspect_ratio"] == "64:45")
        let smaller = try await Transcode.succeed("sar.mp4", to: name, Transcode.quick + ["--resolution", "90p"])
        let picture = try #require(try await smaller.facts().picture)
        let shape = try #require(
            picture.fields["display_aspect_ratio"]?.split(separator: ":").compactMap { Double($0) })
        #expect(abs(shape[0] / shape[1] - 16.0 / 9 * 64 / 45) < 0.03)
    }

    @Test(arguments: ["out.mp4", "out.mkv", "out.mov"])
    func rotationArrivesOnce(_ name: String) async throws {
        let result = try await Transcode.succeed("rotated.mp4", to: name, Transcode.quick)
        let upright = try await Self.displayedSize(result.output)
        #expect(upright == (try await Self.displayedSize(result.source)))
        #expect(upright == "180x320")
    }

    @Test func timecodeArrives() async throws {
        let result = try await Transcode.succeed("timecode.mov", to: "out.mov", Transcode.quick)
        #expect(try await result.facts().streams.contains { $0.tags["timecode"] == "01:00:00:00" })
    }

    @Test(arguments: ["sound_longer.mp4", "sound_shorter.mkv", "one_frame_sound.mkv", "silent.mp4", "vfr_sound.mkv"])
    func lengthsOfPictureAndSoundAreTheirOwn(_ name: String) async throws {
        let result = try await Transcode.succeed(name, to: "out.mp4", Transcode.quick)
        #expect(try await result.difference(pictures: false) == nil)
        guard try await !result.sourceFacts().all("audio").isEmpty else {
            #expect(try await result.facts().all("audio").isEmpty)
            return
        }
        let before = try await SoundTruth.of(result.source)
        let after = try await SoundTruth.of(result.output)
        #expect(abs(before.sampleCount - after.sampleCount) <= 1)
    }

    /// One subtitle track: what is said, without styles, and when, in
    /// milliseconds after the first frame rounded to the nearest five.
    private static func subtitles(_ path: String, _ track: Int) async throws -> [String] {
        let outcome = try await ChildProcess.run(
            "ffmpeg",
            ["-nostdin", "-v", "error", "-copyts", "-i", "file:" + path, "-map", "0:s:\(track)", "-f", "srt", "-"])
        try #require(outcome.isSuccess, "\(outcome.errors)")
        let start = try await FrameTruth.of(path, first: 1).startSeconds * 1000
        return outcome.output.split(separator: "\n").map { line in
            var text = String(line).replacing(#/<[^>]*>/#, with: "").replacing(#/\{[^}]*\}/#, with: "")
            text.replace(#/(\d\d):(\d\d):(\d\d),(\d\d\d)/#) { match in
                let parts = [match.1, match.2, match.3, match.4].map { Double($0) ?? 0 }
                let moment = ((parts[0] * 60 + parts[1]) * 60 + parts[2]) * 1000 + parts[3]
                return "\(Int(((moment - start) / 5).rounded()) * 5)"
            }
            return text
        }
    }

    private static func frameSideData(_ path: String) async throws -> [[String: String]] {
        let outcome = try await ChildProcess.run(
            "ffprobe",
            [
                "-v", "error", "-select_streams", "v:0", "-read_intervals", "%+#1", "-show_frames", "-of", "json",
                "-show_entries", "frame=side_data_list", "-i", "file:" + path,
            ])
        let object = try JSONSerialization.jsonObject(with: Data(outcome.outputBytes)) as? [String: Any]
        let frames = object?["frames"] as? [[String: Any]] ?? []
        return frames.flatMap { $0["side_data_list"] as? [[String: Any]] ?? [] }.map { $0.mapValues { "\($0)" } }
    }

    /// A fraction such as `34000/50000` as a number.
    private static func value(_ fraction: String) -> Double {
        let parts = fraction.split(separator: "/").compactMap { Double($0) }
        return parts.count == 2 ? parts[0] / parts[1] : parts.first ?? .nan
    }

    /// The size of the picture as a player shows it.
    private static func displayedSize(_ path: String) async throws -> String {
        let outcome = try await ChildProcess.run(
            "ffmpeg",
            [
                "-nostdin", "-v", "error", "-i", "file:" + path, "-map", "0:V:0", "-frames:v", "1", "-f", "framehash",
                "-",
            ])
        let line = outcome.output.split(separator: "\n").first { $0.hasPrefix("#dimensions 0: ") }
        return String(line?.dropFirst(15) ?? "")
    }
}
