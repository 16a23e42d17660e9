// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import MartletMedia
internal import MartletModel
internal import MartletTestKit
internal import Testing

@Suite("Descriptions of films")
struct DescriptionTests {
    private let reader = MediaReader(files: PlainFiles(), cacheDirectory: nil)

    private func describe(_ name: String) async throws -> SourceDescription {
        try await reader.describe(path: try await MediaFixtures.path(name))
    }

    @Test("Every kind of stream, chapters, tags and dispositions are listed")
    func everything() async throws {
        let source = try await describe("everything.mkv")
        #expect(source.formatName == "matroska,webm")
        #expect(!source.hasArbitraryOrigin)
        #expect(Set(source.streams.map(\.kind)).isSuperset(of: [.video, .audio, .subtitle, .attachment]))
        #expect(source.streams.map(\.index) == Array(source.streams.indices))
        #expect(source.chapters.count >= 2)
        #expect(source.chapters.allSatisfy { $0.end > $0.start && $0.timeBase.isPositive })
        let attachment = try #require(source.streams(of: .attachment).first)
        #expect(attachment.tag("filename") != nil && attachment.tag("mimetype") != nil)
        #expect(source.streams(of: .audio).allSatisfy { ($0.audio?.sampleRate ?? 0) > 0 && $0.isDecodable })
        #expect(source.streams(of: .subtitle).contains { $0.tag("LANGUAGE") != nil })
    }

    @Test("HDR10 metadata that is in the first frames only is found")
    func hdr10() async throws {
        let video = try #require(try await describe("hdr10.mp4").mainVideo?.video)
        #expect(video.bitDepth == 10)
        #expect(video.color.transfer == "smpte2084" && video.color.primaries == "bt2020")
        let display = try #require(video.masteringDisplay)
        #expect(abs(display.maxLuminance.value - 1000) < 0.01)
        #expect(abs(display.primaries[0].value - 0.68) < 0.001)
        #expect(video.contentLight == ContentLight(maxContentLevel: 1000, maxFrameAverageLevel: 400))
    }

    @Test("Rotation, pixel shape and fields are told")
    func geometry() async throws {
        let rotated = try #require(try await describe("rotated.mp4").mainVideo?.video)
        #expect(rotated.displayMatrix?.swapsSides == true)
        let anamorphic = try #require(try await describe("sar.mp4").mainVideo?.video)
        #expect(anamorphic.sampleAspectRatio.isPositive && anamorphic.sampleAspectRatio != Rational(1, 1))
        let interlaced = try #require(try await describe("h264_interlaced.mkv").mainVideo?.video)
        #expect(interlaced.fieldOrder.isInterlaced && interlaced.fieldOrder.isTopFirst)
        let plain = try #require(try await describe("h264_closed.mp4").mainVideo?.video)
        #expect(!plain.fieldOrder.isInterlaced && plain.displayMatrix == nil)
    }

    @Test("Broadcast containers have an arbitrary origin")
    func origin() async throws {
        #expect(try await describe("h264_open.ts").hasArbitraryOrigin)
        #expect(try await describe("mpeg2_ps.mpg").hasArbitraryOrigin)
        #expect(try await describe("start_offset.ts").startTimeMicroseconds > 30_000_000)
        #expect(try await !describe("h264_closed.mp4").hasArbitraryOrigin)
    }

    @Test("Sound without moving pictures has no main video", arguments: Fixture.all(.sound))
    func soundOnly(_ fixture: Fixture) async throws {
        let source = try await describe(fixture.name)
        #expect(source.mainVideo == nil)
        #expect(!source.streams(of: .audio).isEmpty)
    }
}
