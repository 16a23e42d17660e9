// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletModel
internal import MartletPorts

/// A film as a node of a mesh reads it, for as long as one part takes.
package struct MeshSource: Sendable {
    /// What ffmpeg reads: a path, or the address of this machine's proxy.
    package var input: String
    /// What the film holds, where the input is no file.
    package var content: Fingerprint?
    /// Ends the reading; throws why the film could not be read, where it could not.
    package var close: @Sendable () async throws -> Void

    /// Makes a source.
    package init(input: String, content: Fingerprint?, close: @escaping @Sendable () async throws -> Void) {
        self.input = input
        self.content = content
        self.close = close
    }
}

/// The files of this machine, and one that is read from elsewhere.
struct FilesWithSource: FileStore {
    let files: any FileStore
    let input: String
    let content: Fingerprint

    func exists(_ path: String) -> Bool { path == input || files.exists(path) }

    func fingerprint(of path: String) async throws -> Fingerprint {
        path == input ? content : try await files.fingerprint(of: path)
    }

    func makeDirectory(_ path: String) throws { try files.makeDirectory(path) }
    func publish(_ temporary: String, as final: String) async throws {
        try await files.publish(temporary, as: final)
    }
    func remove(_ path: String) throws { try files.remove(path) }
    func list(_ path: String) throws -> [String] { try files.list(path) }
    func size(of path: String) throws -> ByteCount { try files.size(of: path) }
    func digest(of path: String) async throws -> String { try await files.digest(of: path) }
    func digest(of bytes: [UInt8]) -> String { files.digest(of: bytes) }
    func text(of path: String) async throws -> String { try await files.text(of: path) }
    func write(_ bytes: [UInt8], to path: String, at offset: Int64) async throws {
        try await files.write(bytes, to: path, at: offset)
    }
    func canonical(_ path: String) throws -> String { try files.canonical(path) }
    func freeSpace(at path: String) throws -> ByteCount { try files.freeSpace(at: path) }
}
