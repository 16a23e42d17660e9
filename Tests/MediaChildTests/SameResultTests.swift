// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import Foundation
import MartletHost
import MartletMedia
import MartletMediaChild
import MartletModel
import MartletPorts
import MartletTestKit
import Synchronization
import Testing

@Suite("What a child process finds is what this process finds")
struct SameResultTests {
    @Test(arguments: ["everything.mkv", "h264_open.mp4", "vfr.mkv", "mpeg2.ts", "h264_raw.h264", "sound_longer.mp4"])
    func sourcesReadTheSame(name: String) async throws {
        let film = try await ChildFilm()
        let path = try await MediaFixtures.path(name)
        let source = try await film.children.describe(path: path)
        #expect(source == (try await film.here.describe(path: path)))
        let picture = try #require(source.mainVideo)
        for method in [FrameIndex.Method.packets, .decode] {
            let index = try await film.children.index(of: source, stream: picture.index, method: method)
            #expect(index == (try await film.here.index(of: source, stream: picture.index, method: method)))
            #expect(index.frameCount > 0)
        }
        let sounds = try await film.children.sounds(of: source)
        #expect(sounds == (try await film.here.sounds(of: source)))
        #expect(sounds.map(\.streamIndex) == source.streams(of: .audio).map(\.index))
        let inspection = try await film.children.inspect(path: path)
        #expect(inspection == (try await film.here.inspect(path: path)))
        #expect(inspection.times.isEmpty == (name == "h264_raw.h264"))
    }

    @Test func joinsAndChecksComeOutTheSame() async throws {
        let film = try await ChildFilm()
        let shares = Mutex<[Double]>([])
        let request = try await film.copying("everything.mkv", to: "child.mkv")
        let report = try await film.children.assemble(request) { share in shares.withLock { $0.append(share) } }
        var own = request
        own.output = film.directory.file("own.mkv")
        #expect(report == (try await MediaAssembler().assemble(own) { _ in }))
        #expect(try film.directory.bytes("child.mkv") == film.directory.bytes("own.mkv"))
        #expect(shares.withLock { $0 } == shares.withLock { $0.sorted() })
        #expect(shares.withLock(\.last) == 1)
        let check = try await film.children.verify(
            output: request.output, against: request.plan.source, index: request.index, plan: request.plan)
        #expect(check.passed)
        let ownCheck = try await MediaVerifier().verify(
            output: own.output, against: request.plan.source, index: request.index, plan: request.plan)
        #expect(check == ownCheck)
    }

    @Test func aFilmWhoseClockJumpsIsRestampedTheSame() async throws {
        let film = try await ChildFilm()
        let source = try await film.here.describe(path: try await MediaFixtures.path("jump_forward.ts"))
        let (child, own) = (film.directory.file("child.mkv"), film.directory.file("own.mkv"))
        let report = try #require(try await film.children.restamp(source, to: child) { _ in })
        #expect(report == (try await MediaRestamper(files: LocalFiles()).restamp(source, to: own) { _ in }))
        #expect(try film.directory.bytes("child.mkv") == film.directory.bytes("own.mkv"))
        let steady = try await film.here.describe(path: try await MediaFixtures.path("h264_closed.mp4"))
        #expect(try await film.children.restamp(steady, to: film.directory.file("none.mkv")) { _ in } == nil)
    }

    @Test(arguments: ["missing", "empty", "text", "playlist"])
    func refusalsAreTheSame(kind: String) async throws {
        let film = try await ChildFilm()
        let content = [
            "empty": "", "text": String(repeating: "words and words\n", count: 500),
            "playlist": "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\n/etc/passwd\n#EXT-X-ENDLIST\n",
        ]
        let path = film.directory.file("film.mp4")
        if let content = content[kind] { try Data(content.utf8).write(to: URL(filePath: path)) }
        let own = try #require(await #expect(throws: (any Error).self) { try await film.here.describe(path: path) })
        let child = await #expect(throws: AttemptFailure.self) { try await film.children.describe(path: path) }
        #expect(child == AttemptFailure(own))
        #expect(child?.exitStatus == .badInput)
    }

    @Test func scansAreKeptWhereTheParentWantsThem() async throws {
        let film = try await ChildFilm()
        let scans = film.directory.file("scans")
        let children = ChildMedia(
            executable: MartletProgram.path, launcher: ProcessRunner(), time: SystemTime(), files: LocalFiles(),
            cacheDirectory: scans)
        _ = try await children.describe(path: try await MediaFixtures.path("vfr.mkv"))
        #expect(try FileManager.default.contentsOfDirectory(atPath: scans).count == 1)
    }
}
