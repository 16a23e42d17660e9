// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import Foundation
import MartletTestKit
import Testing

/// Containers and sound, judged by ffprobe.
@Suite struct SoundOptionTests {
    static let film = "bt709.mp4"

    @Test(arguments: [("mp4", "isom"), ("mov", "qt  "), ("mkv", "matroska"), ("webm", "webm")])
    func containerGoesByTheSuffix(_ suffix: String, _ mark: String) async throws {
        let options = suffix == "webm" ? [] : Transcode.quick
        let result = try await Transcode.succeed(Self.film, to: "out.\(suffix)", options)
        #expect(try result.bytes().prefix(64).range(of: Data(mark.utf8)) != nil)
        #expect(try await result.difference(pictures: false) == nil)
    }

    @Test func containerCanBeNamed() async throws {
        let result = try await Transcode.succeed(Self.film, to: "out.film", Transcode.quick + ["--container", "mkv"])
        #expect(try await result.facts().format["format_name"]?.contains("matroska") == true)
    }

    @Test func indexOfMP4StandsInFront() async throws {
        let result = try await Transcode.succeed(Self.film, to: "out.mp4", Transcode.quick)
        let bytes = try result.bytes()
        let index = try #require(bytes.range(of: Data("moov".utf8)))
        let samples = try #require(bytes.range(of: Data("mdat".utf8)))
        #expect(index.lowerBound < samples.lowerBound)
    }

    @Test(arguments: [("aac", ["aac"]), ("opus", ["opus"]), ("copy", ["aac"]), ("none", [])])
    func soundIsTheOneAskedFor(_ asked: String, _ codecs: [String]) async throws {
        let result = try await Transcode.succeed(Self.film, Transcode.quick + ["--audio-codec", asked])
        #expect(try await result.facts().all("audio").map(\.codec) == codecs)
    }

    @Test func audioBitrateIsReached() async throws {
        let options = Transcode.quick + ["--audio-codec", "opus", "--audio-bitrate"]
        let small = try await Transcode.succeed("sound_longer.mp4", options + ["48k"])
        let large = try await Transcode.succeed("sound_longer.mp4", options + ["128k"])
        let few = try await PacketList.of(small.output, track: "a:0").bytes
        let many = try await PacketList.of(large.output, track: "a:0").bytes
        let rate: Double = Double(few) * 8 / 7
        #expect(rate > 24_000)
        #expect(rate < 72_000)
        #expect(many * 10 > few * 18)
    }

    @Test(arguments: [
        "h264_closed.mp4", "minute.mp4", "sound_mono_44100.mp4", "sound_flac.mkv", "sound_pcm24.mov", "late_sound.mkv",
        "ts_wrap.ts", "wmv2.wmv", "sound_tta.mkv", "sound_mono_16000.mkv",
    ])
    func encodedSoundHasEverySampleAndIsInStep(_ name: String) async throws {
        for (suffix, codec) in [("mp4", "aac"), ("mkv", "aac"), ("mkv", "opus")] {
            let result = try await Transcode.succeed(
                name, to: "out.\(suffix)", Transcode.quick + ["--audio-codec", codec])
            let before = try await SoundTruth.of(result.source)
            let after = try await SoundTruth.of(result.output)
            let expected = Double(before.sampleCount) / Double(before.sampleRate) * Double(after.sampleRate)
            let surplus = Double(after.sampleCount) - expected
            // Opus says where it ends; AAC comes in packets of 1,024 samples, and Matroska shows its first one too.
            let allowed = codec == "opus" ? 1.0 : suffix == "mp4" ? 1_024 : 2_048
            #expect(surplus > -1.5, "\(name) \(suffix) \(codec): \(-surplus) samples lost")
            #expect(surplus <= allowed, "\(name) \(suffix) \(codec): \(surplus) samples too many")
            try await expectInStep(result, before, after, "\(name) \(suffix) \(codec)")
        }
    }

    @Test(arguments: ["truncated_faststart.mp4", "truncated_fragmented.mp4", "truncated.mkv", "truncated.ts"])
    func soundThatBreaksOffIsKeptAsFarAsItGoes(_ name: String) async throws {
        for codec in ["aac", "copy"] {
            let result = try await Transcode.succeed(
                name, to: "out.mkv", Transcode.quick + ["--audio-codec", codec])
            let (before, after) = try await (SoundTruth.of(result.source), SoundTruth.of(result.output))
            #expect(abs(after.sampleCount - before.sampleCount) <= 2_048, "\(name) \(codec)")
        }
    }

    @Test(arguments: [
        "h264_closed.mp4", "h264_open.ts", "late_video.mkv", "late_video.mp4", "late_sound.mkv", "late_sound.mp4",
        "late_sound.ts", "start_offset.ts", "editlist_midgop.mp4", "mpeg4_bframes.avi", "vp9.webm", "ts_wrap.ts",
    ])
    func copiedSoundIsTheSameAndInStep(_ name: String) async throws {
        let result = try await Transcode.succeed(name, Transcode.quick + ["--audio-codec", "copy"])
        let before = try await SoundTruth.of(result.source)
        let after = try await SoundTruth.of(result.output)
        #expect(after.digests.suffix(20) == before.digests.suffix(20), "\(name)")
        // Matroska shows the hidden part of the first packet, and the packet that leads in to it.
        #expect(
            abs(after.sampleCount - before.sampleCount) <= 2 * 1_024,
            "\(name): \(before.sampleCount) samples, \(after.sampleCount)")
        try await expectInStep(result, before, after, name)
    }

    /// What is heard keeps its place against the picture, whatever silence an encoder or a container puts first.
    private func expectInStep(
        _ result: Transcode, _ before: SoundTruth, _ after: SoundTruth, _ what: String
    ) async throws {
        let source = try await FrameTruth.of(result.source, first: 1).startSeconds
        let output = try await FrameTruth.of(result.output, first: 1).startSeconds
        let inside = try await SoundTruth.delay(of: result.output, against: result.source) / 1000
        let shift = (after.startSeconds + inside - output) - (before.startSeconds - source)
        #expect(abs(shift) < 0.0022, "\(what): the sound moved by \(shift * 1000) ms against the picture")
    }
}
