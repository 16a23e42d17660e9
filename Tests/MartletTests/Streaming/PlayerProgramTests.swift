// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import Foundation
import MartletTestKit
import Testing

/// Players that are no browsers, with the same playlists.
@Suite(.serialized) struct PlayerProgramTests {
    private static func has(_ program: String) -> Bool {
        FileManager.default.isExecutableFile(atPath: "/usr/bin/" + program)
    }

    @Test("ffmpeg shows every picture of every quality, once, of the film's own packets, too, and one every 2 s")
    func ffmpeg() async throws {
        let screening = try await Screening(seconds: 12)
        for name in ["original/index.m3u8", "240p/index.m3u8", "remux.m3u8"] {
            let outcome = try await ChildProcess.run(
                "ffmpeg",
                [
                    "-nostdin", "-v", "error", "-i", "\(screening.address)/\(name)", "-map", "0:v:0", "-f", "framemd5",
                    "-",
                ])
            #expect(outcome.isSuccess && outcome.errors.isEmpty, "\(name): \(outcome.errors)")
            #expect(outcome.output.split(separator: "\n").count { $0.hasPrefix("0,") } == 288, "\(name)")
        }
        let pictures = try await ChildProcess.run(
            "ffprobe",
            [
                "-v", "error", "-select_streams", "v", "-show_entries", "packet=pts_time,flags", "-of", "csv=p=0",
                screening.address + "/trick.m3u8",
            ])
        let listed = pictures.output.split(separator: "\n").map { $0.prefix { $0 != "_" } }
        #expect(listed == (0..<6).map { "\(10 + $0 * 2).000000,K" }, "\(pictures.errors)")
        try await screening.end()
    }

    @Test("ffplay plays to the end and complains of nothing", .enabled(if: LongForm.isWanted, "long"))
    func ffplay() async throws {
        let screening = try await Screening(seconds: 12)
        let outcome = try await ChildProcess.run(
            "ffplay",
            ["-nostats", "-v", "error", "-autoexit", screening.address + "/master.m3u8"],
            environment: ["SDL_VIDEODRIVER": "dummy", "SDL_AUDIODRIVER": "dummy"])
        #expect(outcome.isSuccess && outcome.errors.isEmpty, "\(outcome.errors)")
        try await screening.end()
    }

    @Test(
        "mpv plays to the end and complains of nothing",
        .enabled(if: LongForm.isWanted && has("mpv"), "long, and needs mpv"))
    func mpv() async throws {
        let screening = try await Screening(seconds: 12)
        let log = screening.place.file("mpv.log")
        let outcome = try await ChildProcess.run(
            "mpv",
            [
                "--no-config", "--vo=null", "--ao=null", "--ao-null-untimed", "--untimed", "--no-terminal",
                "--log-file=\(log)", screening.address + "/master.m3u8",
            ])
        let text = try String(contentsOfFile: log, encoding: .utf8)
        let complaints = text.split(separator: "\n").filter {
            $0.contains("[e]") || $0.contains("Invalid video timestamp")
        }
        #expect(outcome.isSuccess && complaints.isEmpty, "\(complaints)")
        #expect(text.contains("EOF") || text.contains("finished playback, success"))
        try await screening.end()
    }

    @Test(
        "GStreamer plays to the end and complains of nothing",
        .enabled(if: LongForm.isWanted && has("gst-launch-1.0"), "long, and needs GStreamer"))
    func gstreamer() async throws {
        let screening = try await Screening(seconds: 12)
        let outcome = try await ChildProcess.run(
            "gst-launch-1.0",
            [
                "-q", "playbin", "uri=\(screening.address)/original/index.m3u8",
                "video-sink=fakesink sync=false", "audio-sink=fakesink sync=false",
            ])
        #expect(outcome.isSuccess, "\(outcome.errors)")
        #expect(!outcome.output.contains("ERROR") && !outcome.errors.contains("ERROR"))
        try await screening.end()
    }
}
