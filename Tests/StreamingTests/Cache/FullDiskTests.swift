// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletHost
import MartletModel
import MartletPorts
import MartletStreaming
import MartletTestKit
import Testing

@Suite struct FullDiskTests {
    private func name(_ number: Int) -> CacheName {
        CacheName(film: "film", rendition: "720p", segment: number, container: .ts)
    }

    @Test func aFullDiskLosesWhatIsOldAndNeverKeepsHalfAFile() async throws {
        let place = try TemporaryDirectory()
        let (disk, local) = (TightDisk(room: 3000), LocalFiles())
        let clock = ManualClock(wallMilliseconds: SystemTime().wallMilliseconds())
        let cache = SegmentCache(
            .init(directory: place.path, limit: ByteCount(1 << 30), node: "a"),
            with: .init(files: disk, inventory: local, time: clock, metrics: StreamMetrics()))
        try await cache.begin()
        for number in 0..<3 {
            try await cache.store([UInt8](repeating: 1, count: 1000), as: name(number))
            clock.advance(by: .seconds(1))
        }
        // Nothing may go yet: all of it was used just now.
        do {
            try await cache.store([UInt8](repeating: 2, count: 1000), as: name(3))
            Issue.record("It found room")
        } catch let error as StreamingError {
            #expect(error.code == .noSpace && error.exitStatus == .writeFailed && error.advice != nil)
        }
        #expect(await cache.find(name(3)) == nil)
        #expect(try local.list(cache.workplace).sorted() == ["scratch"])
        clock.advance(by: .seconds(600))
        try await cache.store([UInt8](repeating: 2, count: 1000), as: name(3))
        #expect(await cache.find(name(3))?.size.bytes == 1000)
        #expect(await cache.find(name(0)) == nil)
    }
}
