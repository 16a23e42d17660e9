// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import Foundation
import MartletMedia
import MartletModel
import MartletPorts
import MartletTestKit
import Testing

/// The joined sound, compared with ffmpeg's decode of what went in.
struct SoundJoinTests {
    /// A file's first sound track as ffmpeg decodes it.
    private struct Sound {
        /// How many samples there are.
        var count: Int
        /// Where the tone sets in, in seconds on the file's clock.
        var onset: Double
        /// Where the first frame of the picture is, in seconds on the file's clock.
        var picture: Double
    }

    private func sound(_ path: String) async throws -> Sound {
        let outcome = try await ChildProcess.run(
            "ffmpeg",
            ["-nostdin", "-v", "error", "-i", "file:" + path, "-map", "0:a:0", "-f", "s16le", "-ac", "1", "-"])
        let samples = stride(from: 0, to: outcome.outputBytes.count - 1, by: 2).map { place in
            Int16(bitPattern: UInt16(outcome.outputBytes[place]) | UInt16(outcome.outputBytes[place + 1]) << 8)
        }
        let loudest = samples.map { abs(Int($0)) }.max() ?? 0
        let onset = samples.firstIndex { abs(Int($0)) * 4 > loudest } ?? 0
        return Sound(
            count: samples.count, onset: try await firstTime(path, "a:0") + Double(onset) / 48_000,
            picture: try await firstTime(path, "V:0"))
    }

    private func firstTime(_ path: String, _ stream: String) async throws -> Double {
        let answer = try await Probe.json(
            path,
            ["-select_streams", stream, "-show_frames", "-read_intervals", "%+3", "-show_entries", "frame=pts_time"])
        let frames = try #require(answer["frames"] as? [[String: Any]])
        let time = try #require(frames.first?["pts_time"] as? String)
        return try #require(Double(time))
    }

    @Test(
        "encoded sound keeps every sample and its place",
        arguments: ["h264_closed.mp4", "late_sound.mp4", "late_sound.mkv", "late_sound.ts"],
        [
            (ContainerFormat.mp4, "aac"), (.mkv, "aac"), (.mp4, "libopus"), (.mkv, "libopus"), (.mov, "aac"),
            (.webm, "libopus"),
        ])
    func encodedSoundKeepsEverySample(
        fixture: String, _ form: (container: ContainerFormat, encoder: String)
    ) async throws {
        let shop = try await JoinWorkshop(fixture: fixture)
        let sound = try #require(shop.source.streams.first { $0.kind == .audio })
        let artifact = shop.path("sound.mp4")
        // In the movie's clock of milliseconds the edit list would cut the last samples off.
        try await shop.ffmpeg(
            ["-copyts", "-i", "file:" + shop.source.path, "-map", "0:a:0", "-c:a", form.encoder, "-b:a", "96k"]
                + ["-fflags", "+bitexact", "-movie_timescale", "48000", artifact])
        let segments = shop.segments(2)
        let isWebM = form.container == .webm
        let paths = try await shop.encode(
            segments, isWebM ? "-c:v libvpx-vp9 -deadline realtime -cpu-used 8" : "-c:v libx264 -preset ultrafast")
        let output = shop.path("joined.\(form.container.rawValue)")
        let task = TaskID("audio-\(sound.index)")
        let codec = form.encoder == "libopus" ? "opus" : "aac"
        let first = MediaTime(ticks: shop.index.presentationTimes[0], timeBase: shop.index.timeBase).microseconds
        let origin = fixture.hasSuffix(".ts") ? first : 0
        let plan = shop.plan(
            form.container, segments,
            [shop.picture(isWebM ? "vp9" : "h264"), shop.stream(sound.index, .task(task), codec: codec)],
            origin: origin)
        _ = try await shop.join(plan, paths, artifacts: [task: artifact], to: output)

        let original = try await self.sound(shop.source.path)
        let joined = try await self.sound(output)
        // Matroska of libavformat 59 keeps no delay of AAC, and the end of the
        // last packet is marked only in MP4: a decoder plays them.
        let slack = form.container == .mkv && codec == "aac" ? 2_048 : codec == "opus" ? 960 : 1_024
        #expect(joined.count >= original.count, "lost samples")
        #expect(joined.count < original.count + slack, "added samples")
        // Between the encoder's softening of the edge and a container's millisecond.
        let drift = (joined.onset - joined.picture) - (original.onset - original.picture)
        #expect(abs(drift) < 0.0025, "the tone sets in \(drift * 1_000) ms late")
        let report = try await MediaVerifier().verify(
            output: output, against: shop.source, index: shop.index, plan: plan)
        #expect(report.passed, "\(report.checks.filter { !$0.passed })")
    }
}
