// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import Foundation
import MartletHost
import MartletStreaming
import MartletTestKit
import Testing

@Suite struct FilmLibraryTests {
    private let place: TemporaryDirectory
    private let root: String

    init() throws {
        place = try TemporaryDirectory()
        root = place.file("films")
        for directory in ["films/b/deep", "films/empty", "films/.hidden", "films/cache/segments", "elsewhere"] {
            try FileManager.default.createDirectory(
                atPath: place.file(directory), withIntermediateDirectories: true)
        }
        for name in [
            "films/a.mkv", "films/Z.MP4", "films/notes.txt", "films/.secret.mkv", "films/b/c d.ts",
            "films/b/deep/é.webm", "films/.hidden/x.mkv", "films/cache/segments/0.ts", "elsewhere/out.mkv",
            // No request can name this one.
            "films/two\nlines.mkv",
        ] { _ = try place.write("x", to: name) }
        try Data().write(to: URL(filePath: place.file("films/nothing.mkv")))
        for (link, target) in [
            ("films/inside.mkv", "a.mkv"), ("films/outside.mkv", "../elsewhere/out.mkv"),
            ("films/away", "../elsewhere"), ("films/round", "."), ("films/gone.mkv", "none.mkv"),
        ] { try FileManager.default.createSymbolicLink(atPath: place.file(link), withDestinationPath: target) }
    }

    private func library(_ path: String? = nil) async throws -> FilmLibrary {
        let files = LocalFiles()
        return try await FilmLibrary(
            serving: path ?? root, hiding: root + "/cache", files: files, inventory: files)
    }

    @Test func everyFilmInsideIsListedOnceAndNothingElse() async throws {
        let films = await (try await library()).films()
        #expect(films.map(\.path).sorted() == ["Z.MP4", "a.mkv", "b/c d.ts", "b/deep/é.webm", "inside.mkv"])
        #expect(films.first { $0.path == "b/c d.ts" }?.name == "c d.ts")
    }

    @Test func aDirectoryShowsItsOwn() async throws {
        let library = try await library()
        let top = try #require(await library.listing(of: []))
        #expect(top.directories == ["b", "empty"] && top.films.map(\.path) == ["Z.MP4", "a.mkv", "inside.mkv"])
        let below = try #require(await library.listing(of: ["b"]))
        #expect(below.directories == ["b/deep"] && below.films.map(\.path) == ["b/c d.ts"])
        for parts in [["none"], ["away"], [".hidden"], [".."], ["cache"], ["a.mkv"], ["b", ""]] {
            #expect(await library.listing(of: parts) == nil, "\(parts)")
        }
    }

    @Test func whatLiesInsideIsFoundWithoutLinks() async throws {
        let library = try await library()
        let real = try LocalFiles().canonical(root)
        #expect(await library.path(of: ["inside.mkv"]) == real + "/a.mkv")
        #expect(await library.path(of: ["b", "deep", "é.webm"]) == real + "/b/deep/é.webm")
        // What has no suffix of a film can be asked for all the same.
        #expect(await library.path(of: ["notes.txt"]) != nil)
        for parts in [
            ["outside.mkv"], ["away", "out.mkv"], ["gone.mkv"], [".secret.mkv"], ["..", "elsewhere", "out.mkv"],
            ["b/../a.mkv"], ["b"], [""], [], ["cache", "segments", "0.ts"], ["a.mkv\0"],
        ] { #expect(await library.path(of: parts) == nil, "\(parts)") }
    }

    @Test func aSingleFilmIsKnownByItsName() async throws {
        let library = try await library(root + "/outside.mkv")
        #expect(await library.films().map(\.path) == ["outside.mkv"])
        #expect(await library.path(of: ["outside.mkv"])?.hasSuffix("/elsewhere/out.mkv") == true)
        for parts in [["out.mkv"], ["a.mkv"], []] { #expect(await library.path(of: parts) == nil) }
        #expect(await library.listing(of: [])?.films.count == 1)
        #expect(await library.listing(of: ["b"]) == nil)
    }

    @Test func viewersReadNothingOfWhereFilesLie() async throws {
        let library = try await library()
        let real = try LocalFiles().canonical(root)
        let text = "\(root)/cache/nodes/a is full, \(real)/cache/b too; \(real)/b/c d.ts is damaged"
        #expect(library.publicWording(text) == "nodes/a is full, b too; b/c d.ts is damaged")
    }

    @Test func whatIsNotThereCannotBeServed() async throws {
        await #expect(throws: StreamingError.self) { try await library(root + "/none") }
    }
}
