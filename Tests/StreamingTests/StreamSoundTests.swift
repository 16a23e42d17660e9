// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletModel
import MartletPlanning
import MartletPorts
import MartletStreaming
import MartletTestKit
import Testing

/// Sound that is made in parts which know nothing of each other.
@Suite struct StreamSoundTests {
    /// Seconds of segments: short ones, for many seams.
    private static let milliseconds: Int64 = 1_000

    /// Where parts meet, and the middle between.
    private func places(_ stream: MadeStream, _ audio: AudioRendition) -> [Int] {
        let grid = audio.grid
        let seams = (1..<stream.plan.timeline.count).filter {
            stream.plan.part(of: audio.name, segment: $0) != stream.plan.part(of: audio.name, segment: $0 - 1)
        }
        return seams.flatMap { seam in
            let sample = Int(grid.sample(ofCell: grid.edges[seam]))
            return [sample - 1_024, sample + 20_000]
        }
    }

    private func match(_ stream: MadeStream, _ audio: AudioRendition, in studio: Studio) async throws -> SoundMatch {
        let zero = MediaTime(
            ticks: stream.plan.timeline.originMicroseconds, timeBase: TimeBase(1, 1_000_000)
        ).rescaled(to: TimeBase(1, Int32(audio.grid.sampleRate)))
        return try await SoundMatch(
            of: try await stream.file(audio.name, in: studio.directory), with: stream.path, zero: zero,
            rate: audio.grid.sampleRate, places: places(stream, audio))
    }

    @Test(arguments: [
        "h264_closed.mp4", "start_offset.ts", "late_video.mkv", "sound_flac.mkv", "sound_opus.mkv", "sound_vorbis.mkv",
        "sound_ac3_51.mkv", "sound_mono_44100.mp4",
    ])
    func partsOfSoundFitTogetherToTheSample(_ fixture: String) async throws {
        let studio = try Studio()
        let stream = try await studio.stream(fixture) { $0.segmentMilliseconds = Self.milliseconds }
        let audio = try #require(stream.plan.audio.first { !$0.isCopy })
        let match = try await match(stream, audio, in: studio)
        try #require(match.lags.count >= 3, "\(fixture)")
        // The clock of Matroska counts milliseconds: the film itself says no better where its sound begins.
        let blur = fixture.hasSuffix("mkv") ? 48 : 1
        #expect(match.lags.allSatisfy { abs($0) <= blur }, "\(fixture): \(match.lags)")
        #expect(Set(match.lags).count == 1, "\(fixture): \(match.lags) at \(match.places)")
        #expect(match.difference < 0.1, "\(fixture): \(match.difference)")
        let grid = audio.grid
        #expect(match.sampleCount == grid.edges[grid.edges.count - 1] * grid.cellSamples, "\(fixture)")
    }

    @Test func packetsOfNoCommonSizeAreOffByLessThanTheirClockIs() async throws {
        let studio = try Studio()
        let stream = try await studio.stream("sound_mono_16000.mkv") { $0.segmentMilliseconds = Self.milliseconds }
        let audio = try #require(stream.plan.audio.first)
        #expect(audio.channels == 1)
        let match = try await match(stream, audio, in: studio)
        #expect(match.lags.allSatisfy { abs($0) <= 48 }, "\(match.lags)")
    }

    @Test(arguments: ["h264_closed.mp4", "sound_ac3_51.mkv"])
    func opusFitsToo(_ fixture: String) async throws {
        let studio = try Studio()
        let stream = try await studio.stream(fixture) {
            $0.segmentMilliseconds = Self.milliseconds
            $0.sound = .opus
        }
        let audio = try #require(stream.plan.audio.first { !$0.isCopy })
        let match = try await match(stream, audio, in: studio)
        try #require(match.lags.count >= 3)
        #expect(Set(match.lags).count == 1 && match.lags.allSatisfy { abs($0) <= 48 }, "\(match.lags)")
        #expect(match.difference < 0.2, "\(match.difference)")
    }

    private static let copies: [(String, String)] = [
        ("h264_closed.mp4", "mp4a.40.2"), ("h264_open.ts", "mp4a.40.2"), ("sound_ac3_51.mkv", "ac-3"),
        ("sound_eac3.mp4", "ec-3"), ("sound_mp3.mkv", "mp4a.6B"), ("sound_flac.mkv", "fLaC"),
        ("sound_opus.mkv", "opus"),
    ]

    @Test(arguments: copies)
    func theFilmsOwnSoundIsTakenOverPacketByPacket(_ fixture: String, codec: String) async throws {
        let studio = try Studio()
        let stream = try await studio.stream(fixture) { $0.segmentMilliseconds = Self.milliseconds }
        let audio = try #require(stream.plan.audio.first { $0.isCopy })
        #expect(audio.codecName == codec)
        let report = try await stream.check(only: [audio.name])
        #expect(report.faults.isEmpty, "\(report.faults)")
        let made = try await PacketList.of(try await stream.file(audio.name, in: studio.directory), track: "a:0")
        let source = try await PacketList.of(stream.path, track: "a:0")
        // Not what comes before the first picture or behind the last.
        let sizes = source.packets.map(\.bytes)
        let taken = made.packets.map(\.bytes)
        let isPart = sizes.indices.contains { sizes[$0...].starts(with: taken) }
        // A stream of MPEG-TS has a header in every packet, which MP4 has none of.
        let isBare =
            fixture.hasSuffix("ts") && sizes.indices.contains { sizes[$0...].map { $0 - 7 }.starts(with: taken) }
        #expect(isPart || isBare, "\(taken.prefix(8)) of \(sizes.prefix(8))")
        #expect(taken.count > sizes.count * 9 / 10)
    }

    @Test func aTrackWithAHoleIsSilentThereAndGoesOnInTime() async throws {
        let studio = try Studio()
        let stream = try await studio.stream("late_sound.mkv") { $0.segmentMilliseconds = Self.milliseconds }
        let audio = try #require(stream.plan.audio.first { !$0.isCopy })
        let match = try await match(stream, audio, in: studio)
        #expect(Set(match.lags.dropFirst()).count == 1, "\(match.lags)")
        let report = try await stream.check(only: [audio.name])
        #expect(report.faults.isEmpty, "\(report.faults)")
    }
}
