// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletPlanning
import MartletTestKit
import Testing

/// The checker finds what is wrong: each fault is put into a good stream.
@Suite struct StreamCheckerTests {
    /// One stream for all, with the studio that made it.
    private static let good = Task {
        let studio = try Studio()
        return (studio, try await studio.stream("h264_closed.mp4") { $0.segmentMilliseconds = 1_000 })
    }

    /// A stream with something changed in it.
    private func faults(
        _ change: @escaping @Sendable (_ address: String, _ bytes: [UInt8]) -> [UInt8], frames shift: Int64 = 0
    ) async throws -> [String] {
        let stream = try await Self.good.value.1
        let checker = StreamChecker { address in change(address, try await stream.bytes(at: address)) }
        let frames = stream.frames.enumerated().map { $0.offset == 30 ? $0.element + shift : $0.element }
        return try await checker.check(frames: frames).faults
    }

    private static func replaced(_ bytes: [UInt8], _ old: String, _ new: String) -> [UInt8] {
        let (old, new) = (Array(old.utf8), Array(new.utf8))
        guard let place = bytes.indices.first(where: { bytes[$0...].starts(with: old) }) else { return bytes }
        return Array(bytes[..<place]) + new + Array(bytes[(place + old.count)...])
    }

    @Test func aGoodStreamHasNoFault() async throws { #expect(try await faults { $1 } == []) }

    @Test func segmentsThatAreNotAsLongAsThePlaylistSays() async throws {
        let found = try await faults { $0 == "original/index.m3u8" ? Self.replaced($1, "1.000000", "1.040000") : $1 }
        #expect(found.contains { $0.contains("from where the playlist says") }, "\(found)")
    }

    @Test func segmentsThatDoNotFollowOneAnother() async throws {
        let found = try await faults { address, bytes in
            guard address == "original/2.m4s", let place = Self.place(of: "tfdt", in: bytes) else { return bytes }
            var late = bytes
            late[place + 14] &+= 1
            return late
        }
        #expect(found.contains { $0.contains("ticks after the one before ends") }, "\(found)")
    }

    @Test func segmentsThatCannotBePlayedAlone() async throws {
        let found = try await faults { address, bytes in
            guard address == "original/3.m4s", let mdat = Self.place(of: "mdat", in: bytes) else { return bytes }
            var broken = bytes
            // IDR slices of that sample become ordinary ones.
            for place in mdat..<bytes.count where bytes[place] & 31 == 5 { broken[place] = bytes[place] & 0xe0 | 1 }
            return broken
        }
        #expect(found.contains { $0.contains("frame that needs no other") }, "\(found)")
    }

    @Test func codecsThatAreNotAnnounced() async throws {
        let found = try await faults { $0 == "master.m3u8" ? Self.replaced($1, "avc1.64", "avc1.4D") : $1 }
        #expect(found.contains { $0.contains("is announced") }, "\(found)")
    }

    @Test func framesAtOtherTimesThanTheFilmHasThem() async throws {
        let found = try await faults({ $1 }, frames: 10_000)
        #expect(found.contains { $0.contains("shows frame 30") }, "\(found)")
    }

    @Test func bytesThatAreMissing() async throws {
        let found = try await faults { $0.hasSuffix("a1/1.m4s") ? Array($1.dropLast(3)) : $1 }
        #expect(!found.isEmpty)
    }

    @Test func playlistsThatPromiseTooLittle() async throws {
        let short = try await faults {
            $0 == "original/index.m3u8" ? Self.replaced($1, "TARGETDURATION:1", "TARGETDURATION:0") : $1
        }
        #expect(short.contains { $0.contains("target duration") }, "\(short)")
        let thin = try await faults { $0 == "master.m3u8" ? Self.replaced($1, "BANDWIDTH=", "BANDWIDTH=1,X=") : $1 }
        #expect(thin.contains { $0.contains("bits a second") }, "\(thin)")
    }

    /// Where a box begins.
    private static func place(of type: String, in bytes: [UInt8]) -> Int? {
        let type = Array(type.utf8)
        return bytes.indices.first { bytes[$0...].starts(with: type) }.map { $0 - 4 }
    }
}
