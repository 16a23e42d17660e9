// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletHost
import MartletModel
import MartletPorts
import MartletStreaming
import MartletTestKit
import Synchronization
import Testing

@Suite struct FullDiskTests {
    /// Files on a disk that takes so many more bytes.
    private final class SmallDisk: FileStore, FileParts {
        private let local = LocalFiles()
        let room: Mutex<Int64>

        init(room: Int64) { self.room = Mutex(room) }

        func write(_ bytes: [UInt8], to path: String, at offset: Int64) async throws {
            let fits = room.withLock { room in
                guard room >= Int64(bytes.count) else { return false }
                room -= Int64(bytes.count)
                return true
            }
            guard fits else {
                // A full disk takes a part.
                try await local.write(Array(bytes.prefix(10)), to: path, at: offset)
                throw HostError(.noSpace, .write, path: path, "Cannot write \(path): no space left on device.")
            }
            try await local.write(bytes, to: path, at: offset)
        }

        func remove(_ path: String) throws {
            let size = (try? local.size(of: path))?.bytes ?? 0
            try local.remove(path)
            room.withLock { $0 += size }
        }

        func makeDirectory(_ path: String) throws { try local.makeDirectory(path) }
        func exists(_ path: String) -> Bool { local.exists(path) }
        func publish(_ temporary: String, as final: String) async throws {
            try await local.publish(temporary, as: final)
        }
        func list(_ path: String) throws -> [String] { try local.list(path) }
        func size(of path: String) throws -> ByteCount { try local.size(of: path) }
        func digest(of path: String) async throws -> String { try await local.digest(of: path) }
        func digest(of bytes: [UInt8]) -> String { local.digest(of: bytes) }
        func text(of path: String) async throws -> String { try await local.text(of: path) }
        func fingerprint(of path: String) async throws -> Fingerprint { try await local.fingerprint(of: path) }
        func canonical(_ path: String) throws -> String { try local.canonical(path) }
        func freeSpace(at path: String) throws -> ByteCount { try local.freeSpace(at: path) }
        func digest(of path: String, bytes: Range<Int64>) async throws -> String {
            try await local.digest(of: path, bytes: bytes)
        }
        func read(_ path: String, bytes: Range<Int64>) async throws -> [UInt8] {
            try await local.read(path, bytes: bytes)
        }
        func makeSparse(_ path: String, size: Int64) throws { try local.makeSparse(path, size: size) }
        func release(_ path: String, bytes: Range<Int64>) throws { try local.release(path, bytes: bytes) }
    }

    private func name(_ number: Int) -> CacheName {
        CacheName(film: "film", rendition: "720p", segment: number, container: .ts)
    }

    @Test func aFullDiskLosesWhatIsOldAndNeverKeepsHalfAFile() async throws {
        let place = try TemporaryDirectory()
        let (disk, local) = (SmallDisk(room: 3000), LocalFiles())
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
