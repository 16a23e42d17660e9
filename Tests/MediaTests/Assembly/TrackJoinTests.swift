// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import Foundation
import MartletMedia
import MartletModel
import MartletPorts
import MartletTestKit
import Testing

/// Everything beside picture and sound, read back from the joined file by other programs.
struct TrackJoinTests {
    /// Joins `fixture` into `container`: the picture encoded, sound and files
    /// taken over, subtitles taken over or converted to `subtitles`.
    private func join(
        _ shop: JoinWorkshop, _ container: ContainerFormat, subtitles: String? = nil, video: String = "h264"
    ) async throws -> (path: String, plan: JobPlan) {
        let segments = shop.segments(2)
        let encoder =
            video == "h264" ? "-c:v libx264 -preset ultrafast" : "-c:v libvpx-vp9 -deadline realtime -cpu-used 8"
        let paths = try await shop.encode(segments, encoder)
        var artifacts: [TaskID: String] = [:]
        var streams = [shop.picture(video)]
        for stream in shop.source.streams where stream.index != shop.index.streamIndex {
            switch stream.kind {
            case .subtitle:
                guard let subtitles, subtitles != stream.codec else {
                    streams.append(shop.stream(stream.index, .source))
                    continue
                }
                let task = TaskID("subtitle-\(stream.index)")
                let path = shop.path("\(task).\(subtitles == "mov_text" ? "mp4" : "mkv")")
                try await shop.ffmpeg(
                    ["-copyts", "-i", "file:" + shop.source.path, "-map", "0:\(stream.index)"]
                        + ["-c:s", subtitles == "subrip" ? "srt" : subtitles, path])
                artifacts[task] = path
                streams.append(shop.stream(stream.index, .task(task), codec: subtitles))
            case .attachment:
                if container == .mkv { streams.append(shop.stream(stream.index, .attachment)) }
            case .video where stream.disposition.contains(.attachedPicture):
                if container != .webm { streams.append(shop.stream(stream.index, .attachment)) }
            case .audio:
                if container != .webm { streams.append(shop.stream(stream.index, .source)) }
            case .video, .data: break
            }
        }
        let plan = shop.plan(container, segments, streams)
        let output = shop.path("joined.\(container.rawValue)")
        let report = try await shop.join(plan, paths, artifacts: artifacts, to: output)
        #expect(report.omissions.isEmpty)
        return (output, plan)
    }

    /// A subtitle track as SubRip text, words and times, the first frame of the picture being at one second.
    private func lines(_ path: String, _ number: Int) async throws -> String {
        let picture = try await Probe.streams(path).first { $0["codec_type"] as? String == "video" }
        let start = Double(picture?["start_time"] as? String ?? "") ?? 0
        let outcome = try await ChildProcess.run(
            "ffmpeg",
            ["-nostdin", "-v", "error", "-copyts", "-itsoffset", "\(1 - start)", "-i", "file:" + path]
                + ["-map", "0:s:\(number)", "-f", "srt", "-"])
        try #require(outcome.isSuccess, "\(outcome.errors)")
        return outcome.output
    }

    private func expectDecodes(_ path: String) async throws {
        let outcome = try await ChildProcess.run(
            "ffmpeg",
            ["-nostdin", "-v", "error", "-xerror", "-i", "file:" + path, "-map", "0", "-map", "-0:t?"]
                + ["-map", "-0:d?", "-c:s", "copy", "-f", "null", "-"])
        #expect(outcome.isSuccess && outcome.errors.isEmpty, "\(outcome.errors)")
    }

    private func expectVerified(_ shop: JoinWorkshop, _ result: (path: String, plan: JobPlan)) async throws {
        let report = try await MediaVerifier().verify(
            output: result.path, against: shop.source, index: shop.index, plan: result.plan)
        #expect(report.passed, "\(report.checks.filter { !$0.passed })")
    }

    @Test("Matroska carries every track, attachment, chapter, tag and role")
    func matroskaCarriesEverything() async throws {
        let shop = try await JoinWorkshop(fixture: "everything.mkv")
        let result = try await join(shop, .mkv)
        let before = try await Probe.describe(shop.source.path)
        let after = try await Probe.describe(result.path)
        #expect(after.streams.map(\.kind) == before.streams.map(\.kind))
        #expect(after.streams.dropFirst().map(\.codec) == before.streams.dropFirst().map(\.codec))
        #expect(after.streams.map { $0.tag("language") } == before.streams.map { $0.tag("language") })
        #expect(after.streams.map { $0.tag("filename") } == before.streams.map { $0.tag("filename") })
        #expect(after.streams.dropFirst().map(\.disposition) == before.streams.dropFirst().map(\.disposition))
        #expect(after.chapters.map(\.tags) == before.chapters.map(\.tags))
        #expect(after.chapters.map(\.start) == before.chapters.map(\.start))
        for key in ["title", "ARTIST", "COMMENT"] {
            #expect(
                after.tags.first { $0.key.lowercased() == key.lowercased() }?.value
                    == before.tags.first { $0.key.lowercased() == key.lowercased() }?.value)
        }
        for number in 0..<3 {
            #expect(try await lines(result.path, number) == lines(shop.source.path, number))
        }
        for (place, name) in ["note.txt", "letters.ttf"].enumerated() {
            let copy = shop.path(name)
            let outcome = try await ChildProcess.run(
                "ffmpeg", ["-nostdin", "-v", "quiet", "-dump_attachment:t:\(place)", copy, "-i", "file:" + result.path])
            _ = outcome
            let original = try await MediaFixtures.path(name)
            #expect(try Data(contentsOf: URL(filePath: copy)) == Data(contentsOf: URL(filePath: original)))
        }
        try await expectDecodes(result.path)
        try await expectVerified(shop, result)
    }

    @Test("mkvmerge reads the joined Matroska without a warning")
    func mkvmergeReadsIt() async throws {
        let shop = try await JoinWorkshop(fixture: "everything.mkv")
        let result = try await join(shop, .mkv)
        let outcome = try await ChildProcess.run("mkvmerge", ["-J", result.path])
        #expect(outcome.isSuccess)
        let facts = try #require(
            try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any])
        #expect((facts["errors"] as? [Any])?.isEmpty == true && (facts["warnings"] as? [Any])?.isEmpty == true)
        #expect((facts["tracks"] as? [Any])?.count == 6 && (facts["attachments"] as? [Any])?.count == 2)
    }

    @Test("MP4 and MOV carry subtitles as mov_text, chapters and tags", arguments: [ContainerFormat.mp4, .mov])
    func mp4CarriesConvertedSubtitles(container: ContainerFormat) async throws {
        let shop = try await JoinWorkshop(fixture: "everything.mkv")
        let result = try await join(shop, container, subtitles: "mov_text")
        for number in [0, 2] {
            #expect(try await lines(result.path, number) == lines(shop.source.path, number))
        }
        let chapters = try await Probe.describe(result.path).chapters
        #expect(chapters.compactMap { $0.tags.first { $0.key == "title" }?.value } == ["One", "Two"])
        let streams = try await Probe.describe(result.path).streams
        let languages = streams.filter { $0.kind == .subtitle }.map { $0.tag("language") }
        #expect(languages == ["eng", "fra", container == .mov ? "ger" : "deu"])
        try await expectDecodes(result.path)
        try await expectVerified(shop, result)
    }

    @Test(
        "mov_text subtitles and the cover picture pass from MP4 to MP4 and Matroska",
        arguments: [(ContainerFormat.mp4, nil), (.mkv, "subrip")] as [(ContainerFormat, String?)])
    func coverAndSubtitlesPass(container: ContainerFormat, subtitles: String?) async throws {
        let shop = try await JoinWorkshop(fixture: "everything.mp4")
        let result = try await join(shop, container, subtitles: subtitles)
        for number in 0..<2 {
            #expect(try await lines(result.path, number) == lines(shop.source.path, number))
        }
        func cover(_ path: String) async throws -> [UInt8] {
            try await ChildProcess.run(
                "ffmpeg",
                [
                    "-nostdin", "-v", "error", "-i", "file:" + path, "-map", "0:v:1", "-c", "copy", "-f", "image2pipe",
                    "-",
                ]
            ).outputBytes
        }
        let (before, after) = try await (cover(shop.source.path), cover(result.path))
        #expect(before == after && !before.isEmpty)
        let pictures = try await Probe.describe(result.path).streams.filter {
            $0.disposition.contains(.attachedPicture)
        }
        #expect(pictures.count == 1)
        try await expectDecodes(result.path)
        try await expectVerified(shop, result)
    }

    @Test("WebM carries WebVTT")
    func webmCarriesWebVTT() async throws {
        let shop = try await JoinWorkshop(fixture: "everything.mp4")
        let result = try await join(shop, .webm, subtitles: "webvtt", video: "vp9")
        for number in 0..<2 {
            #expect(try await lines(result.path, number) == lines(shop.source.path, number))
        }
        try await expectDecodes(result.path)
        try await expectVerified(shop, result)
    }

    @Test("two joins of the same parts are equal byte for byte", arguments: [ContainerFormat.mp4, .mkv])
    func twoJoinsAreEqual(container: ContainerFormat) async throws {
        let shop = try await JoinWorkshop(fixture: "everything.mp4")
        let first = try await join(shop, container, subtitles: container == .mkv ? "subrip" : nil)
        let bytes = try Data(contentsOf: URL(filePath: first.path))
        let second = try await join(shop, container, subtitles: container == .mkv ? "subrip" : nil)
        #expect(try Data(contentsOf: URL(filePath: second.path)) == bytes)
    }

    @Test("a copied picture keeps its packets and times", arguments: [ContainerFormat.mp4, .mov, .mkv])
    func copiedPictureKeepsItsTimes(container: ContainerFormat) async throws {
        for fixture in ["h264_open.mkv", "h264_open.mp4", "vfr_sound.mkv", "h264_open.ts"] {
            let shop = try await JoinWorkshop(fixture: fixture)
            let streams = [shop.stream(0, .source), shop.stream(1, .source)]
            var plan = shop.plan(container, [], streams)
            plan.parameters.codec = .copy
            plan.encoder = nil
            let start = MediaTime(ticks: shop.index.presentationTimes[0], timeBase: shop.index.timeBase).microseconds
            plan.layout.originMicroseconds = fixture.hasSuffix(".ts") ? start : 0
            let output = shop.path("copied.\(container.rawValue)")
            let report = try await shop.join(plan, [], to: output)
            #expect(report.frames == shop.index.frameCount)
            let joined = try await FrameTruth.of(output)
            #expect(shop.truth.difference(from: joined) == nil, "\(fixture)")
            let checked = try await MediaVerifier().verify(
                output: output, against: shop.source, index: shop.index, plan: plan)
            #expect(checked.passed, "\(fixture) \(checked.checks.filter { !$0.passed })")
        }
    }
}
