// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletHost
import MartletModel
import MartletPorts

/// The files of this machine, on a disk that seems to have as much space as a test wants.
struct TightFiles: FileStore, FileParts {
    private let files = LocalFiles()
    private let free: @Sendable () -> ByteCount

    init(free: @escaping @Sendable () -> ByteCount) { self.free = free }

    func makeDirectory(_ path: String) throws { try files.makeDirectory(path) }
    func exists(_ path: String) -> Bool { files.exists(path) }
    func publish(_ temporary: String, as final: String) async throws { try await files.publish(temporary, as: final) }
    func remove(_ path: String) throws { try files.remove(path) }
    func list(_ path: String) throws -> [String] { try files.list(path) }
    func size(of path: String) throws -> ByteCount { try files.size(of: path) }
    func digest(of path: String) async throws -> String { try await files.digest(of: path) }
    func digest(of bytes: [UInt8]) -> String { files.digest(of: bytes) }
    func text(of path: String) async throws -> String { try await files.text(of: path) }
    func fingerprint(of path: String) async throws -> Fingerprint { try await files.fingerprint(of: path) }
    func write(_ bytes: [UInt8], to path: String, at offset: Int64) async throws {
        try await files.write(bytes, to: path, at: offset)
    }
    func canonical(_ path: String) throws -> String { try files.canonical(path) }
    func freeSpace(at path: String) throws -> ByteCount { free() }
    func digest(of path: String, bytes: Range<Int64>) async throws -> String {
        try await files.digest(of: path, bytes: bytes)
    }
    func read(_ path: String, bytes: Range<Int64>) async throws -> [UInt8] { try await files.read(path, bytes: bytes) }
    func makeSparse(_ path: String, size: Int64) throws { try files.makeSparse(path, size: size) }
    func release(_ path: String, bytes: Range<Int64>) throws { try files.release(path, bytes: bytes) }
}
