// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import Foundation
internal import MartletModel
internal import MartletTestKit
internal import Testing

@testable internal import MartletMedia

@Suite("Kept scans")
struct ScanCacheTests {
    private let scratch: Scratch

    init() throws { scratch = try Scratch() }

    private func film() async throws -> String {
        let bytes = try Data(contentsOf: URL(fileURLWithPath: try await MediaFixtures.path("h264_open.mkv")))
        return try scratch.file("film.mkv", bytes)
    }

    private func scans() throws -> [String] {
        try PlainFiles().list(scratch.path + "/scans").map { scratch.path + "/scans/" + $0 }.sorted()
    }

    private var reader: MediaReader { MediaReader(files: PlainFiles(), cacheDirectory: scratch.path + "/scans") }

    @Test("A second reader gets the same description and frames from disk")
    func scansAreKept() async throws {
        let path = try await film()
        let source = try await reader.describe(path: path)
        let index = try await reader.index(of: source, stream: 0, method: .packets)
        #expect(try scans().count == 2)
        let cache = ScanCache(directory: scratch.path + "/scans", files: PlainFiles())
        #expect(cache.description(of: source.fingerprint, path: path) == source)
        #expect(cache.index(of: source.fingerprint, stream: 0) == index)
        #expect(cache.index(of: source.fingerprint, stream: 1) == nil)
        #expect(cache.description(of: source.fingerprint, path: "/elsewhere")?.path == "/elsewhere")
    }

    @Test("Every damage to a kept scan makes it absent, and it is written anew")
    func damageIsIgnored() async throws {
        let path = try await film()
        let source = try await reader.describe(path: path)
        let index = try await reader.index(of: source, stream: 0, method: .packets)
        for scan in try scans() {
            let whole = try Data(contentsOf: URL(fileURLWithPath: scan))
            var flipped = whole
            flipped[whole.count / 2] ^= 1
            let noise = Data(repeating: 0xff, count: whole.count)
            let damages: [Data] = [Data(), whole.prefix(5), whole.dropLast(), whole + [0], noise, flipped]
            for damaged in damages {
                try damaged.write(to: URL(fileURLWithPath: scan))
                #expect(try await reader.describe(path: path) == source)
                #expect(try await reader.index(of: source, stream: 0, method: .packets) == index)
                #expect(try Data(contentsOf: URL(fileURLWithPath: scan)).count == whole.count)
            }
        }
    }

    @Test("A list by decoding replaces one from packets, and is not replaced by it")
    func decodingWins() async throws {
        let source = try await reader.describe(path: try await film())
        #expect(try await reader.index(of: source, stream: 0, method: .packets).method == .packets)
        let decoded = try await reader.index(of: source, stream: 0, method: .decode)
        #expect(decoded.method == .decode)
        #expect(try await reader.index(of: source, stream: 0, method: .packets) == decoded)
    }

    @Test("Any index survives being kept", arguments: 0..<20)
    func indexesSurvive(_ seed: Int) throws {
        var state = UInt64(seed + 1)
        func random(_ bound: UInt64) -> Int64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int64((state >> 20) % bound)
        }
        var times: [Int64] = []
        var time = random(1 << 40) - (1 << 39)
        for _ in 0..<random(500) {
            times.append(time)
            time += random(seed.isMultiple(of: 2) ? 2 : 1 << 30)
        }
        let keyframes = times.indices.filter { $0 % 7 == 0 }.map {
            Keyframe(time: times[$0], frame: $0, isRandomAccessPoint: $0 % 2 == 0)
        }
        let index = FrameIndex(
            streamIndex: seed, timeBase: TimeBase(1001, 24000), presentationTimes: times,
            lastFrameDuration: 1 + random(99),
            keyframes: keyframes, method: seed % 3 == 0 ? .decode : .packets, isSeekable: seed % 5 != 0,
            oddities: ["one", "zwei — три"], clockJumps: seed % 4,
            hidden: FrameIndex.HiddenPictures(before: seed % 6, later: seed))
        let bytes = IndexCoding.bytes(of: index)
        #expect(bytes.withUnsafeBufferPointer { IndexCoding.index(from: $0) } == index)
        for length in 0..<min(bytes.count, 60) {
            #expect(bytes.prefix(length).withUnsafeBufferPointer { IndexCoding.index(from: $0) } == nil)
        }
    }

    @Test("A source that changed since it was described is refused")
    func changedSource() async throws {
        let path = try await film()
        let source = try await reader.describe(path: path)
        try (try Data(contentsOf: URL(fileURLWithPath: path)) + [0]).write(to: URL(fileURLWithPath: path))
        let error = await #expect(throws: MediaError.self) {
            try await reader.index(of: source, stream: 0, method: .packets)
        }
        #expect(error?.code == .sourceChanged)
    }
}
