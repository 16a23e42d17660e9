// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import Foundation
internal import MartletModel
internal import MartletPorts

/// A directory for one test, removed with it.
final class Scratch: Sendable {
    /// Its path.
    let path: String

    /// Makes the directory.
    init() throws {
        path = NSTemporaryDirectory() + "martlet-reading-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// Writes a file of this content and gives its path.
    func file(_ name: String, _ content: some Sequence<UInt8>) throws -> String {
        try Data(content).write(to: URL(fileURLWithPath: path + "/" + name))
        return path + "/" + name
    }
}

/// Just enough of a `FileStore` to read media and keep scans, without durability.
struct PlainFiles: FileStore {
    func makeDirectory(_ path: String) throws {
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }
    func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path) }
    func publish(_ temporary: String, as final: String) throws {
        guard rename(temporary, final) == 0 else { throw CocoaError(.fileWriteUnknown) }
    }
    func remove(_ path: String) throws { if exists(path) { try FileManager.default.removeItem(atPath: path) } }
    func list(_ path: String) throws -> [String] {
        exists(path) ? try FileManager.default.contentsOfDirectory(atPath: path) : []
    }
    func size(of path: String) throws -> ByteCount {
        let attributes = try FileManager.default.attributesOfItem(atPath: path)
        return ByteCount((attributes[.size] as? NSNumber)?.int64Value ?? 0)
    }
    func text(of path: String) async throws -> String { try String(contentsOfFile: path, encoding: .utf8) }
    func digest(of path: String) async throws -> String { try fingerprint(of: path).digest }
    func fingerprint(of path: String) throws -> Fingerprint {
        let handle = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
        let attributes = try FileManager.default.attributesOfItem(atPath: path)
        let modified = (attributes[.modificationDate] as? Date)?.timeIntervalSince1970 ?? 0
        var hash = StableHash()
        for byte in try handle.read(upToCount: 1 << 16) ?? Data() { hash.combine(byte: byte) }
        let digits = String(hash.value, radix: 16)
        return Fingerprint(
            size: try size(of: path), modifiedNanoseconds: Int64(modified * 1e9),
            digest: String(repeating: "0", count: 64 - digits.count) + digits)
    }
    func write(_ bytes: [UInt8], to path: String, at offset: Int64) async throws {
        let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
        try handle.seek(toOffset: UInt64(offset))
        try handle.write(contentsOf: Data(bytes))
    }
    func digest(of bytes: [UInt8]) -> String { "" }
    func canonical(_ path: String) throws -> String { path }
    func freeSpace(at path: String) throws -> ByteCount { .mebibytes(1 << 20) }
}
