// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import Foundation
internal import MartletMedia
internal import MartletModel
internal import MartletTestKit
internal import Testing

@Suite("Lists of displayed frames")
struct FrameListTests {
    private let reader = MediaReader(files: PlainFiles(), cacheDirectory: nil)

    @Test("The list of every made film equals what ffmpeg shows", arguments: Fixture.all(.exact))
    func madeFilmsAreListedAsShown(_ fixture: Fixture) async throws {
        let line = try await compare(try await MediaFixtures.path(fixture.name))
        print(line)
    }

    @Test("Damaged films are listed as far as ffmpeg shows them", arguments: Fixture.all(.damaged))
    func damagedFilmsAreListedAsShown(_ fixture: Fixture) async throws {
        let path = try await MediaFixtures.path(fixture.name)
        do {
            print(try await compare(path))
        } catch let error as MediaError {
            #expect(error.exitStatus == .badInput, "\(fixture.name): \(error)")
        }
    }

    @Test(
        "The list of every film of the corpus equals what ffmpeg shows",
        .enabled(if: !Corpus.names.isEmpty, "no corpus of films: set MARTLET_MEDIA to a directory of films"))
    func realFilmsAreListedAsShown() async throws {
        var table: [String] = []
        for name in Corpus.names { table.append(try await compare(Corpus.directory + "/" + name)) }
        print(table.joined(separator: "\n"))
    }

    @Test(
        "Key frames lie in the file in their order, between its head and its end",
        arguments: ["minute.mp4", "tiny.mkv"])
    func keyFramesHavePlaces(name: String) async throws {
        let path = try await MediaFixtures.path(name)
        let source = try await reader.describe(path: path)
        let video = try #require(source.mainVideo)
        let index = try await reader.index(of: source, stream: video.index, method: .packets)
        let offsets = index.keyframes.compactMap(\.offset)
        #expect(offsets.count == index.keyframes.count && !offsets.isEmpty)
        #expect(zip(offsets, offsets.dropFirst()).allSatisfy { $0 < $1 })
        #expect((offsets.first ?? 0) > 0 && (offsets.last ?? 0) < source.fingerprint.size.bytes)
    }

    @Test("Reading that starts at a listed key frame shows the same frames", arguments: Fixture.all(.exact))
    func keyFramesCanBeReadFrom(_ fixture: Fixture) async throws {
        let path = try await MediaFixtures.path(fixture.name)
        let source = try await reader.describe(path: path)
        let video = try #require(source.mainVideo)
        let index = try await reader.index(of: source, stream: video.index, method: .packets)
        guard index.isSeekable, index.keyframes.count > 1 else { return }
        let position = index.keyframes.count / 2
        let keyframe = index.keyframes[position]
        // Two key frames early, unless one is enough.
        let start = index.keyframes[max(0, keyframe.isRandomAccessPoint ? position : position - 2)]
        let micros = MediaTime(ticks: start.time, timeBase: index.timeBase).microseconds - source.startTimeMicroseconds
        let seek = micros > 0 ? ["-ss", "\(micros + 1)us"] : []
        let whole = try await FrameTruth.of(path, track: track(video, of: source)).frames
        let part = try await FrameTruth.of(
            path, filters: "trim=start_pts=\(keyframe.time)", track: track(video, of: source),
            reading: ["-noaccurate_seek"] + seek
        ).frames
        #expect(part.count == index.frameCount - keyframe.frame, "\(fixture.name): seek \(seek) for \(keyframe)")
        #expect(part.elementsEqual(whole.suffix(part.count)), "\(fixture.name): seek \(seek) for \(keyframe)")
    }

    /// How ffmpeg names a picture stream, and how most tests name the first: so they share what ffmpeg shows.
    private func track(_ video: StreamDescription, of source: SourceDescription) -> String {
        let first = source.streams.first { $0.kind == .video && !$0.disposition.contains(.attachedPicture) }
        return first?.index == video.index ? "V:0" : "\(video.index)"
    }

    /// When ffmpeg shows each frame of a film that has about so many.
    private func shown(
        _ video: StreamDescription, of source: SourceDescription, about count: Int
    ) async throws -> [Int64] {
        let (width, height) = (Double(video.video?.width ?? 0), Double(video.video?.height ?? 0))
        // Nobody else looks at the pictures of large films.
        if Corpus.isLarge(width: width, height: height, frames: Double(count)) {
            return try await ShownByFFmpeg.times(of: source.path, stream: video.index)
        }
        return try await FrameTruth.of(source.path, track: track(video, of: source), isWhole: false).frames
            .map(\.ticks)
    }

    /// Expects that the list equals what ffmpeg shows, and gives a line about it.
    ///
    /// Packets of a broken stream can promise frames that no decoder shows: the
    /// list by decoding must then be right.
    private func compare(_ path: String) async throws -> String {
        let name = URL(fileURLWithPath: path).lastPathComponent
        let source = try await reader.describe(path: path)
        guard let video = source.mainVideo else { return "no picture \(name)" }
        var index = try await reader.index(of: source, stream: video.index, method: .packets)
        let shown = try await shown(video, of: source, about: index.frameCount)
        #expect(!shown.isEmpty, "\(name)")
        let packetsSuffice = index.presentationTimes == shown
        if !packetsSuffice { index = try await reader.index(of: source, stream: video.index, method: .decode) }
        let difference = zip(index.presentationTimes, shown).enumerated().first { $0.element.0 != $0.element.1 }
        #expect(
            index.presentationTimes == shown,
            "\(name): \(index.frameCount) listed, \(shown.count) shown, \(difference as Any), \(index.oddities)")
        #expect(
            packetsSuffice || Self.broken.contains(name) || index.clockJumps > 0, "\(name): packets alone mislead")
        return "\(packetsSuffice ? "" : "ONLY BY DECODING ")\(name): \(index.frameCount) frames, "
            + "\(index.keyframes.count { $0.isRandomAccessPoint }) of \(index.keyframes.count) keys exact, "
            + "by \(index.method)\(index.isSeekable ? "" : ", one piece"); \(index.oddities.joined(separator: "; "))"
    }

    /// Films whose packets promise what they do not hold: a picture lost to damage, and times
    /// that contradict the order of pictures.
    private static let broken: Set<String> = ["corrupted_h264_720p10.mp4", "mkv_cover_mjpeg.mkv"]
}
