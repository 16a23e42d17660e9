// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import Foundation
import MartletHost
import MartletModel
import MartletPorts
import MartletStreaming
import MartletTestKit
import Testing

@Suite struct SegmentCacheTests {
    private let place: TemporaryDirectory
    private let clock = ManualClock(wallMilliseconds: SystemTime().wallMilliseconds())

    init() throws { place = try TemporaryDirectory() }

    private func cache(
        limit: Int64 = 1 << 30, node: String = "a", files: (any FileStore & FileParts)? = nil
    ) -> SegmentCache {
        let local = LocalFiles()
        return SegmentCache(
            .init(directory: place.path, limit: ByteCount(limit), node: node),
            with: .init(files: files ?? local, inventory: local, time: clock, metrics: StreamMetrics()))
    }

    private func name(_ file: String, rendition: String = "720p") -> CacheName {
        CacheName(film: "film", rendition: rendition, file: file)
    }

    private func packaged(_ numbers: Range<Int>, bytes: Int = 1000) -> PackagedPart {
        PackagedPart(
            initialization: Array("head".utf8),
            segments: numbers.map { (number: $0, bytes: [UInt8](repeating: UInt8($0), count: bytes)) }, codecName: nil)
    }

    private let part = StreamPart(film: "film", rendition: "720p", number: 0)

    @Test func whatIsPublishedIsThereWithItsBytes() async throws {
        let cache = cache()
        try await cache.begin()
        try await cache.publish(packaged(4..<6), of: part, container: .mp4)
        let file = try #require(await cache.find(name("5.m4s")))
        #expect([UInt8](try Data(contentsOf: URL(filePath: file.path))) == [UInt8](repeating: 5, count: 1000))
        #expect(await cache.find(name("init.mp4"))?.size.bytes == 4)
        #expect(await cache.find(name("6.m4s")) == nil)
        #expect(await cache.bytes.bytes == 2004)
    }

    @Test func theSameBytesAgainChangeNothingAndOthersAreRefused() async throws {
        let cache = cache()
        try await cache.begin()
        try await cache.publish(packaged(0..<1), of: part, container: .mp4)
        try await cache.publish(packaged(0..<1), of: part, container: .mp4)
        do {
            try await cache.publish(packaged(0..<1, bytes: 999), of: part, container: .mp4)
            Issue.record("Other bytes were taken")
        } catch let error as StreamingError { #expect(error.code == .differs) }
        #expect(await cache.find(name("0.m4s"))?.size.bytes == 1000)
    }

    @Test func whatWasNotUsedForLongestGoesFirst() async throws {
        let cache = cache(limit: 3500)
        try await cache.begin()
        for number in 0..<3 {
            try await cache.publish(packaged(number..<number + 1), of: part, container: .mp4)
            clock.advance(by: .seconds(600))
        }
        _ = await cache.find(name("0.m4s"))
        clock.advance(by: .seconds(600))
        try await cache.publish(packaged(3..<4), of: part, container: .mp4)
        #expect(await cache.find(name("1.m4s")) == nil)
        for file in ["init.mp4", "0.m4s", "2.m4s", "3.m4s"] { #expect(await cache.find(name(file)) != nil, "\(file)") }
        #expect(await cache.bytes.bytes == 3004)
    }

    @Test func whatIsBeingUsedOrWantedNextStays() async throws {
        let cache = cache(limit: 1500)
        try await cache.begin()
        await cache.stays { [CacheName(film: "film", rendition: "720p", file: "0.m4s")] }
        for number in 0..<3 {
            try await cache.publish(packaged(number..<number + 1), of: part, container: .mp4)
        }
        // All of it was used just now.
        for number in 0..<3 { #expect(await cache.find(name("\(number).m4s")) != nil) }
        clock.advance(by: .seconds(600))
        try await cache.publish(packaged(3..<4), of: part, container: .mp4)
        #expect(await cache.find(name("0.m4s")) != nil, "it is wanted")
        #expect(await cache.find(name("3.m4s")) != nil, "it is new")
        #expect(await cache.find(name("1.m4s")) == nil)
        #expect(await cache.find(name("2.m4s")) == nil)
    }

    @Test func theNextProcessKnowsWhatIsThereAndRemovesWhatWasLeft() async throws {
        let first = cache()
        try await first.begin()
        try await first.publish(packaged(0..<2), of: part, container: .mp4)
        let left = first.workplace + "/17.part"
        try Data("half a segm".utf8).write(to: URL(filePath: left))
        try Data("half a film".utf8).write(to: URL(filePath: first.scratch + "/part-1.mkv"))
        let other = cache(node: "b")
        try await other.begin()
        #expect(FileManager.default.fileExists(atPath: left), "another node may still be writing it")
        let second = cache()
        try await second.begin()
        #expect(!FileManager.default.fileExists(atPath: left))
        #expect(try FileManager.default.contentsOfDirectory(atPath: second.scratch) == [])
        #expect(await second.bytes.bytes == 2004)
        #expect(await second.unknown([name("0.m4s"), name("7.m4s")]) == [name("7.m4s")])
        clock.advance(by: .seconds(86_400))
        try await other.begin()
        let third = cache(limit: 1100, node: "c")
        try await third.begin()
        #expect(await third.bytes.bytes == 1004)
    }

    @Test func whatADeadNodeLeftGoesInTime() async throws {
        let dead = cache(node: "dead")
        try await dead.begin()
        let left = dead.workplace + "/1.part"
        try Data("half".utf8).write(to: URL(filePath: left))
        clock.advance(by: .seconds(86_400))
        try await cache().begin()
        #expect(!FileManager.default.fileExists(atPath: left))
    }

    @Test func whatAnotherNodeRemovedIsNotThere() async throws {
        let (one, other) = (cache(), cache(node: "b"))
        try await one.begin()
        try await other.begin()
        try await one.publish(packaged(0..<1), of: part, container: .mp4)
        let file = try #require(await other.find(name("0.m4s")))
        try FileManager.default.removeItem(atPath: file.path)
        #expect(await one.find(name("0.m4s")) == nil)
        #expect(await one.unknown([name("0.m4s")]).count == 1)
        try await one.publish(packaged(0..<1), of: part, container: .mp4)
        #expect(await other.find(name("0.m4s")) != nil)
    }

    @Test(arguments: [
        "", "a", "a/b", "a/b/c/d", "a/../c", "a//c", "/a/b", "a/b/.hidden", "a/b/c d", "a/b/ü", "../b/c", "a/b/",
    ])
    func pathsThatCouldLeadElsewhereAreNoNames(path: String) { #expect(CacheName(path: path) == nil) }

    @Test func aNameIsItsPath() {
        let name = CacheName(film: "0f", rendition: "a1-copy", segment: 12, container: .ts)
        #expect(name.description == "0f/a1-copy/12.ts" && CacheName(path: name.description) == name)
    }
}
