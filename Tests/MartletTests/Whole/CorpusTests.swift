// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import Foundation
import MartletTestKit
import Testing

/// Every film, encoded without loss: each frame must arrive with its picture
/// and at its time.
@Suite struct CorpusTests {
    /// Films that damage makes ambiguous, by what is wrong with them: they must end, not match.
    static let damaged = [
        "corrupted_h264_720p10.mp4": "damaged picture data", "chained_ogv.ogv": "a chained Ogg file",
        "h264_es_resolution_change.h264": "a picture that changes its size",
        "hello_theora_vorbis_ntsc.ogg": "sound that decodes in part only",
    ]

    /// The films of the corpus.
    static let films: [String] = {
        let suffixes: Set = [
            "mp4", "mkv", "webm", "mov", "avi", "ts", "mpg", "mpeg", "ogg", "ogv", "h264", "flv", "wmv", "m4v", "3gp",
        ]
        let films = Corpus.names.filter { suffixes.contains(URL(filePath: $0).pathExtension.lowercased()) }
        if films.isEmpty {
            Self.note(
                "corpus: skipped, there are no films in \(Corpus.directory); set MARTLET_MEDIA to a directory of films")
        }
        return films
    }()

    @Test(.enabled(if: !films.isEmpty, "there are no films to read"), arguments: films)
    func filmOfTheCorpusArrivesExactly(_ name: String) async throws {
        let path = Corpus.directory + "/" + name
        let facts = try await MediaFacts.of(path)
        guard let picture = facts.picture else {
            try await expectSound(path, facts, name)
            return
        }
        let frames = picture.number("nb_frames") ?? 0
        let (width, height) = (picture.number("width") ?? 0, picture.number("height") ?? 0)
        if !LongForm.isWanted, Corpus.isLarge(width: width, height: height, frames: frames) {
            Self.note("corpus: \(name): left to the long form (MARTLET_LONG=1), \(Int(frames)) large frames")
            return
        }
        if let reason = Self.damaged[name] {
            try await expectAnEnd(path, name, reason)
        } else {
            try await expectExact(path, facts, name)
        }
    }

    @Test(arguments: Fixture.all(.exact))
    func generatedFilmArrivesExactly(_ fixture: Fixture) async throws {
        let path = try await MediaFixtures.path(fixture.name)
        try await expectExact(path, try await MediaFacts.of(path), fixture.name)
    }

    @Test(arguments: Fixture.all(.sound))
    func soundAloneArrivesAsSound(_ fixture: Fixture) async throws {
        let path = try await MediaFixtures.path(fixture.name)
        try await expectSound(path, try await MediaFacts.of(path), fixture.name)
    }

    @Test(arguments: Fixture.all(.damaged))
    func damagedFilmEndsOneWayOrTheOther(_ fixture: Fixture) async throws {
        try await expectAnEnd(try await MediaFixtures.path(fixture.name), fixture.name, "damaged")
    }

    private func expectExact(_ path: String, _ facts: MediaFacts, _ name: String) async throws {
        let encoder = Self.lossless(facts.picture)
        let transcode = try await Transcode.succeed(
            path, encoder + ["--audio-codec", "copy"], deadline: .seconds(900))
        let difference = try await transcode.difference(pictures: true)
        report(name, transcode, difference ?? "exact")
        #expect(difference == nil, "\(name)")
        let packets = try await PacketList.of(transcode.output).packets.count
        #expect(transcode.run.last?.integer("frames") == packets, "\(name)")
    }

    /// The cheapest encoder that keeps every sample of a picture: x264 has no loss at 0 with eight bits and even sides,
    /// and costs half of what FFV1 does.
    private static func lossless(_ picture: MediaFacts.Stream?) -> [String] {
        guard let fields = picture?.fields, fields["field_order"] ?? "progressive" == "progressive",
            ["yuv420p", "yuvj420p"].contains(fields["pix_fmt"]),
            [fields["width"], fields["height"]].allSatisfy({ $0.flatMap { Int($0) }?.isMultiple(of: 2) == true })
        else { return ["--codec", "ffv1"] }
        return ["--codec", "h264", "--crf", "0", "--preset", "ultrafast"]
    }

    private func expectSound(_ path: String, _ facts: MediaFacts, _ name: String) async throws {
        let transcode = try await Transcode.succeed(path, ["--audio-codec", "copy"])
        let after = try await transcode.facts()
        #expect(after.all("audio").map(\.codec) == facts.all("audio").map(\.codec))
        #expect(after.picture == nil)
        for track in facts.all("audio").indices {
            // A container without edit lists shows the silence that the first packet begins with.
            let before = try await SoundTruth.of(path, track: track).digests.dropFirst()
            let copied = try await SoundTruth.of(transcode.output, track: track).digests.suffix(before.count)
            #expect(Array(copied) == Array(before), "track \(track)")
        }
        report(name, transcode, "sound only, exact")
    }

    private func expectAnEnd(_ path: String, _ name: String, _ reason: String) async throws {
        let transcode = try await Transcode.attempt(path, ["--codec", "ffv1", "--audio-codec", "copy"])
        let code = try #require(transcode.run.exitCode, "\(name): \(transcode.run.transcript)")
        #expect([0, 1, 3, 4].contains(code), "\(name): \(transcode.run.transcript)")
        guard code == 0 else {
            report(name, transcode, "\(reason): refused with code \(code)")
            #expect(try transcode.directory.names().filter { !$0.hasPrefix(".") }.isEmpty)
            #expect(transcode.run.outcome.errors.contains(name))
            return
        }
        let difference = try? await transcode.difference(pictures: true)
        report(name, transcode, "\(reason): \(difference ?? "exact")")
        let packets = try await PacketList.of(transcode.output).packets.count
        #expect(transcode.run.last?.integer("frames") == packets, "\(name)")
    }

    /// Prints a line at once, so that an aborted run has its rows too.
    private static func note(_ line: String) { FileHandle.standardError.write(Data((line + "\n").utf8)) }

    /// One row of the table.
    private func report(_ name: String, _ transcode: Transcode, _ verdict: String) {
        let frames = transcode.run.last?.integer("frames") ?? 0
        let segments = transcode.run.last?.integer("segments") ?? 0
        let seconds = (transcode.run.outcome.wallSeconds * 10).rounded() / 10
        Self.note("corpus: | \(name) | \(frames) frames | \(segments) segments | \(seconds) s | \(verdict) |")
    }
}
