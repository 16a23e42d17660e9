// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import MartletHost
package import MartletModel
internal import MartletPorts
internal import Synchronization

/// The files of this machine, on a disk that has, or seems to have, as little space as a test wants.
package final class TightDisk: FileStore, FileParts {
    private let files = LocalFiles()
    private let free: (@Sendable () -> ByteCount)?
    private let room: Mutex<Int64>

    /// A disk that takes so many more bytes; what is removed makes room.
    package init(room: Int64) {
        self.room = Mutex(room)
        free = nil
    }

    /// A disk that takes everything, and says that it has so much space.
    package init(free: @escaping @Sendable () -> ByteCount) {
        room = Mutex(.max)
        self.free = free
    }

    package func freeSpace(at path: String) throws -> ByteCount { try free?() ?? files.freeSpace(at: path) }

    package func write(_ bytes: [UInt8], to path: String, at offset: Int64) async throws {
        let fits = room.withLock { room in
            guard room >= Int64(bytes.count) else { return false }
            room -= Int64(bytes.count)
            return true
        }
        guard fits else {
            // A full disk takes a part.
            try await files.write(Array(bytes.prefix(10)), to: path, at: offset)
            throw HostError(.noSpace, .write, path: path, "Cannot write \(path): no space left on device.")
        }
        try await files.write(bytes, to: path, at: offset)
    }

    package func remove(_ path: String) throws {
        let size = (try? files.size(of: path))?.bytes ?? 0
        try files.remove(path)
        room.withLock { $0 += min(size, .max - $0) }
    }

    package func makeDirectory(_ path: String) throws { try files.makeDirectory(path) }
    package func exists(_ path: String) -> Bool { files.exists(path) }
    package func publish(_ temporary: String, as final: String) async throws {
        try await files.publish(temporary, as: final)
    }
    package func list(_ path: String) throws -> [String] { try files.list(path) }
    package func size(of path: String) throws -> ByteCount { try files.size(of: path) }
    package func digest(of path: String) async throws -> String { try await files.digest(of: path) }
    package func digest(of bytes: [UInt8]) -> String { files.digest(of: bytes) }
    package func text(of path: String) async throws -> String { try await files.text(of: path) }
    package func fingerprint(of path: String) async throws -> Fingerprint { try await files.fingerprint(of: path) }
    package func canonical(_ path: String) throws -> String { try files.canonical(path) }
    package func digest(of path: String, bytes: Range<Int64>) async throws -> String {
        try await files.digest(of: path, bytes: bytes)
    }
    package func read(_ path: String, bytes: Range<Int64>) async throws -> [UInt8] {
        try await files.read(path, bytes: bytes)
    }
    package func makeSparse(_ path: String, size: Int64) throws { try files.makeSparse(path, size: size) }
    package func release(_ path: String, bytes: Range<Int64>) throws { try files.release(path, bytes: bytes) }
}
