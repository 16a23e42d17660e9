// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import CMemory
internal import Glibc
internal import MartletPorts

extension LocalFiles: FileParts {
    package func digest(of path: String, bytes: Range<Int64>) async throws -> String {
        try await Self.blocking {
            let digest = SHA256Digest()
            try Self.eachBlock(of: path, bytes) { digest.update($0) }
            return digest.finish()
        }
    }

    package func read(_ path: String, bytes: Range<Int64>) async throws -> [UInt8] {
        try await Self.blocking {
            let file = try OpenFile(reading: path)
            return try [UInt8](unsafeUninitializedCapacity: bytes.count) { buffer, count in
                count = try file.read(into: UnsafeMutableRawBufferPointer(buffer), at: bytes.lowerBound)
            }
        }
    }

    package func makeSparse(_ path: String, size: Int64) throws {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw HostError(errno: errno, .write, path: path) }
        defer { close(descriptor) }
        guard ftruncate(descriptor, off_t(size)) == 0 else { throw HostError(errno: errno, .write, path: path) }
    }

    package func release(_ path: String, bytes: Range<Int64>) throws {
        let descriptor = open(path, O_WRONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw HostError(errno: errno, .write, path: path) }
        defer { close(descriptor) }
        let number = martlet_release_file_part(descriptor, bytes.lowerBound, Int64(bytes.count))
        guard number == 0 || number == EOPNOTSUPP else { throw HostError(errno: number, .write, path: path) }
    }

    private static func eachBlock(
        of path: String, _ bytes: Range<Int64>, _ body: (UnsafeRawBufferPointer) -> Void
    ) throws {
        let file = try OpenFile(reading: path)
        let buffer = UnsafeMutableRawBufferPointer.allocate(
            byteCount: max(1, min(bytes.count, 1 << 20)), alignment: 4096)
        defer { buffer.deallocate() }
        var offset = bytes.lowerBound
        while offset < bytes.upperBound {
            let block = UnsafeMutableRawBufferPointer(
                rebasing: buffer[..<min(buffer.count, Int(bytes.upperBound - offset))])
            let count = try file.read(into: block, at: offset)
            guard count == block.count else { throw HostError(errno: EIO, .read, path: path) }
            body(UnsafeRawBufferPointer(block))
            offset += Int64(count)
        }
    }
}
