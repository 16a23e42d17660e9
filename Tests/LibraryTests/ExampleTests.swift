// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import Foundation
import MartletTestKit
import Testing

/// Every program in Examples is run as its first lines say.
@Suite struct ExampleTests {
    private func run(_ name: String, _ arguments: [String]) async throws -> ChildProcess.Outcome {
        let program = URL(filePath: MartletProgram.path).deletingLastPathComponent().appending(path: name).path
        return try await ChildProcess.run(program, arguments)
    }

    @Test func oneFilm() async throws {
        let place = try TemporaryDirectory()
        let film = try await MediaFixtures.path("bt709.mp4")
        let outcome = try await run("OneFilm", [film, place.file("film.mp4")])
        #expect(outcome.isSuccess, "\(outcome.output)\(outcome.errors)")
        #expect(outcome.output.hasPrefix("75 frames in "))
        #expect(try await MediaFacts.of(place.file("film.mp4")).picture?.codec == "hevc")
        let refused = try await run("OneFilm", ["/none.mkv", place.file("other.mp4")])
        #expect(refused.exitCode == 1)
        #expect(try await run("OneFilm", []).exitCode == 2)
    }

    @Test func watch() async throws {
        let place = try TemporaryDirectory()
        let outcome = try await run("Watch", [try await MediaFixtures.path("bt709.mp4"), place.file("film.mkv")])
        #expect(outcome.isSuccess, "\(outcome.output)\(outcome.errors)")
        for words in ["state: processing", "state: combining", "state: completed", "progress: 100 %", " 75 frames"] {
            #expect(outcome.output.contains(words), "\(outcome.output)")
        }
        #expect(try await MediaFacts.of(place.file("film.mkv")).picture?.codec == "h264")
    }

    @Test func stream() async throws {
        let place = try TemporaryDirectory()
        let film = try await MediaFixtures.path("bt709.mp4")
        let outcome = try await run("Stream", [film, place.file("cache")])
        #expect(outcome.isSuccess, "\(outcome.output)\(outcome.errors)")
        let lines = outcome.output.split(separator: "\n")
        #expect(lines.count == 3 && lines[0].hasPrefix("/hls/bt709.mp4/master.m3u8: "), "\(outcome.output)")
        #expect(lines.allSatisfy { $0.hasSuffix(" bytes") && !$0.hasSuffix(": 0 bytes") }, "\(outcome.output)")
        #expect(FileManager.default.fileExists(atPath: place.file("cache/segments")))
        let refused = try await run("Stream", ["/none.mkv", place.file("other")])
        #expect(refused.exitCode == 1 && refused.output.contains("There is no file"))
        #expect(try await run("Stream", []).exitCode == 2)
    }

    @Test func queue() async throws {
        let place = try TemporaryDirectory()
        let (inputs, outputs) = (place.file("inputs"), place.file("outputs"))
        for directory in [inputs, outputs] {
            try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        }
        for name in ["bt709.mp4", "fullrange.mp4"] {
            try FileManager.default.copyItem(
                atPath: try await MediaFixtures.path(name), toPath: inputs + "/" + name)
        }
        try Data("words\n".utf8).write(to: URL(filePath: inputs + "/notes.txt"))
        for _ in 1...2 {
            let outcome = try await run("Queue", [place.file("state"), inputs, outputs])
            #expect(outcome.isSuccess, "\(outcome.output)\(outcome.errors)")
            let lines = Set(outcome.output.split(separator: "\n"))
            #expect(lines.contains("bt709.mp4: completed") && lines.contains("fullrange.mp4: completed"))
            #expect(lines.contains { $0.hasPrefix("notes.txt: ") && !$0.hasSuffix("completed") })
            #expect(lines.count == 3)
        }
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: outputs).sorted() == [
                "bt709.mp4.mkv", "fullrange.mp4.mkv",
            ])
    }
}
