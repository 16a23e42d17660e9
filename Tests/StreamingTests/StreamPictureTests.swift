// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import Foundation
import MartletModel
import MartletPlanning
import MartletPorts
import MartletStreaming
import MartletTestKit
import Testing

/// Pictures that are made segment by segment.
@Suite struct StreamPictureTests {
    @Test(arguments: [
        "vfr.mp4", "late_video.mkv", "h264_intrarefresh.mkv", "start_offset.ts", "editlist_midgop.mp4",
    ])
    func everyFrameIsThereOnceAndInOrder(_ fixture: String) async throws {
        let studio = try Studio()
        let stream = try await studio.stream(fixture) { $0.segmentMilliseconds = 1_500 }
        let quality = stream.plan.video[0].name
        let numbers = try await FrameNumbers.read(try await stream.file(quality, in: studio.directory))
        let first = try #require(numbers.first)
        #expect(numbers == Array(first..<first + stream.frames.count), "\(fixture)")
    }

    private static let others: [(VideoCodec, String, String)] = [
        (.hevc, "h264_10bit.mkv", "hvc1.2."), (.hevc, "h264_closed.mp4", "hvc1.1."),
        (.av1, "vfr.mp4", "av01.0."), (.h264, "hdr10.mp4", "avc1.64"),
        (.hevc, "hdr10.mp4", "hvc1.2."), (.av1, "hlg.mkv", "av01.0."),
    ]

    @Test(arguments: others)
    func otherCodecsAreWhatIsAnnounced(_ codec: VideoCodec, fixture: String, name: String) async throws {
        let studio = try Studio()
        let stream = try await studio.stream(fixture, codec: codec)
        let quality = try #require(stream.plan.video.last)
        let report = try await stream.check(only: [quality.name])
        #expect(report.faults.isEmpty, "\(report.faults)")
        #expect(quality.codecName.hasPrefix(name), "\(quality.codecName)")
        let range = fixture.hasPrefix("hdr10") ? "PQ" : fixture.hasPrefix("hlg") ? "HLG" : "SDR"
        #expect(quality.command.videoRange == (codec == .h264 ? "SDR" : range))
        let facts = try await MediaFacts.of(try await stream.file(quality.name, in: studio.directory))
        let transfer = facts.picture?.fields["color_transfer"]
        if codec == .h264 { #expect(transfer == "bt709") }
        if codec == .hevc, fixture == "hdr10.mp4" { #expect(transfer == "smpte2084") }
    }

    @Test func aPartIsTheSameWhoeverMakesItAndBesideWhateverElse() async throws {
        let (one, other) = (try Studio(), try Studio())
        for fixture in ["h264_open.ts", "hdr10.mp4"] {
            let stream = try await one.stream(fixture)
            let again = try await other.stream(fixture)
            #expect(stream.plan.id == again.plan.id)
            let names = [stream.plan.video[0].name] + stream.plan.audio.map(\.name)
            for name in names {
                async let beside = again.part(name, min(1, stream.plan.timeline.count - 1))
                async let second = again.part(name, 0)
                let first = try await stream.part(name, 0)
                #expect(try await first == second, "\(fixture) \(name)")
                #expect(try await beside.initialization == first.initialization)
            }
        }
    }

    @Test func transportStreamsCarryTheSameTimes() async throws {
        let studio = try Studio()
        let stream = try await studio.stream("h264_open.ts") { $0.container = .ts }
        let report = try await stream.check()
        #expect(report.faults.isEmpty, "\(report.faults.joined(separator: "\n"))")
        let path = try await stream.file(stream.plan.video[0].name, in: studio.directory)
        let numbers = try await FrameNumbers.read(path)
        #expect(numbers == Array(0..<stream.frames.count))
    }

    @Test func aFilmThatLosesFramesKeepsTheTimesOfTheOthers() async throws {
        let studio = try Studio()
        let path = try await MediaFixtures.path("h264_closed.mp4")
        var options = try await studio.maker.options().options
        options.segmentMilliseconds = 2_000
        var film = try await studio.maker.film(at: path)
        // A frame that no decoder shows: the list says more than comes.
        var index = film.index
        let between = (index.presentationTimes[60] + index.presentationTimes[61]) / 2
        index.presentationTimes.insert(between, at: 61)
        index.keyframes = index.keyframes.map {
            Keyframe(
                time: $0.time, frame: $0.frame > 60 ? $0.frame + 1 : $0.frame,
                isRandomAccessPoint: $0.isRandomAccessPoint, offset: $0.offset)
        }
        film = StreamFilm(source: film.source, index: index, sounds: film.sounds)
        let stream = MadeStream(plan: try StreamPlan(film: film, options: options), path: path, maker: studio.maker)
        let report = try await stream.check(only: ["original"])
        #expect(report.faults.count == 1 && report.faults[0].contains("250 frames of 251"), "\(report.faults)")
        let times = try #require(report.renditions["original/index.m3u8"]).times
        let promised = stream.frames.enumerated().filter { $0.offset != 61 }.map(\.element)
        #expect(times.map { $0 - times[0] } == promised)
    }
}
