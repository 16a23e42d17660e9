// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import Foundation
import MartletMedia
import MartletModel
import MartletPorts
import MartletTestKit
import Testing

/// Files made by ffmpeg alone, right and wrong, checked without a plan.
struct MediaVerifierTests {
    /// The names of the checks that fail for what ffmpeg makes of a fixture.
    private func failures(
        _ fixture: String, _ arguments: String, suffix: String = "mp4"
    ) async throws -> (names: Set<String>, frames: Int) {
        let shop = try await JoinWorkshop(fixture: fixture)
        let output = shop.path("foreign.\(suffix)")
        let words = arguments.split(separator: " ").map { $0 == "{}" ? "file:" + shop.source.path : String($0) }
        try await shop.ffmpeg(words + [output])
        let report = try await MediaVerifier().verify(
            output: output, against: shop.source, index: shop.index, plan: nil)
        return (Set(report.checks.filter { !$0.passed }.map(\.name)), report.frames)
    }

    @Test(
        "a copy passes, whatever container and start it has",
        arguments: [
            ("h264_closed.mp4", "mp4"), ("h264_closed.mp4", "mkv"), ("h264_open.mkv", "mp4"), ("h264_open.ts", "mkv"),
            ("vfr_sound.mkv", "mp4"), ("late_sound.mp4", "mkv"), ("sound_mp3.mkv", "mp4"), ("sound_longer.mp4", "mov"),
        ])
    func copyPasses(fixture: String, suffix: String) async throws {
        let found = try await failures(fixture, "-i {} -map 0 -c copy", suffix: suffix)
        #expect(found.names.isEmpty)
        #expect(found.frames > 0)
    }

    @Test("a lost frame fails the frame count")
    func lostFrameFails() async throws {
        let found = try await failures(
            "h264_closed.mp4",
            "-i {} -map 0 -c:a copy -c:v libx264 -preset ultrafast -vf select='not(eq(n,100))' -fps_mode passthrough")
        #expect(found.names.contains("frame count") && found.names.contains("presentation times"))
        #expect(found.names.isDisjoint(with: ["streams", "sound 1 length", "sound 1 sync at start"]))
    }

    @Test("frames at other times fail, though their number is right")
    func otherTimesFail() async throws {
        let found = try await failures(
            "vfr_sound.mkv",
            "-i {} -map 0 -c:a copy -c:v libx264 -preset ultrafast -vf setpts=N/25/TB -fps_mode passthrough")
        #expect(found.names.contains("presentation times") && !found.names.contains("frame count"))
    }

    @Test("sound moved by a fifth of a second fails the sync, at both ends")
    func movedSoundFails() async throws {
        let found = try await failures(
            "h264_closed.mp4", "-i {} -itsoffset 0.2 -i {} -map 0:v -map 1:a -c copy")
        #expect(found.names == ["sound 1 sync at start", "sound 1 sync at end"])
    }

    @Test("sound cut short fails its length")
    func shortSoundFails() async throws {
        let found = try await failures(
            "h264_closed.mp4", "-i {} -t 9 -i {} -map 0:v -map 1:a -c copy")
        #expect(found.names == ["sound 1 length", "sound 1 sync at end"])
    }

    @Test("lost tracks and chapters fail")
    func lostTracksFail() async throws {
        let found = try await failures(
            "everything.mkv", "-i {} -map 0:v -map 0:a:0 -c copy -map_chapters -1", suffix: "mkv")
        #expect(found.names == ["streams", "chapters"])
    }

    @Test("streams that the container cannot hold may be missing, others not")
    func unheldStreamsMayBeMissing() async throws {
        let shop = try await JoinWorkshop(fixture: "everything.mkv")
        let output = shop.path("foreign.mkv")
        try await shop.ffmpeg(["-i", "file:" + shop.source.path, "-map", "0:v:0", "-map", "0:a", "-c", "copy", output])
        let others = Set(shop.source.streams.filter { $0.kind != .video && $0.kind != .audio }.map(\.index))
        func streams(_ unheld: Set<Int>) async throws -> VerificationReport.Check? {
            let report = try await MediaVerifier().verify(
                output: output, against: shop.source, index: shop.index, unheld: unheld)
            return report.checks.first { $0.name == "streams" }
        }
        let lenient = try await streams(others)
        #expect(lenient?.passed == true, "\(lenient?.detail ?? "")")
        #expect(lenient?.detail.contains("cannot hold") == true)
        #expect(try await streams([])?.passed == false)
        #expect(try await streams(others.subtracting([others.max() ?? 0]))?.passed == false)
    }

    @Test("what is no film is refused with its name")
    func noFilmIsRefused() async throws {
        let shop = try await JoinWorkshop(fixture: "h264_closed.mp4")
        let output = shop.path("text.mp4")
        try Data("text".utf8).write(to: URL(filePath: output))
        let error = await #expect(throws: MediaError.self) {
            try await MediaVerifier().verify(output: output, against: shop.source, index: shop.index, plan: nil)
        }
        #expect(error?.code == .notMedia)
        #expect(error?.message.contains(output) == true && error?.advice != nil)
    }
}
