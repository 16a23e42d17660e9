// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import Dispatch
internal import Glibc
package import MartletModel
internal import MartletPorts
internal import Synchronization

/// The files of this machine.
///
/// Every error is a `HostError` that names the path.
package struct LocalFiles: FileStore {
    /// Whatever may wait for a disk happens here, and not on the tasks' threads.
    private static let workers = DispatchQueue(label: "martlet.files", attributes: .concurrent)

    /// Makes an accessor.
    package init() {}

    package func makeDirectory(_ path: String) throws {
        if mkdir(path, 0o755) == 0 { return }
        switch errno {
        case EEXIST:
            guard isDirectory(path) else { throw HostError(errno: ENOTDIR, .write, path: path) }
        case ENOENT:
            let parent = directory(of: path)
            guard parent != path else { throw HostError(errno: ENOENT, .write, path: path) }
            try makeDirectory(parent)
            guard mkdir(path, 0o755) == 0 || errno == EEXIST else {
                throw HostError(errno: errno, .write, path: path)
            }
        default: throw HostError(errno: errno, .write, path: path)
        }
    }

    package func exists(_ path: String) -> Bool {
        var status = stat()
        return lstat(path, &status) == 0
    }

    package func publish(_ temporary: String, as final: String) async throws {
        try await Self.blocking {
            try OpenFile(reading: temporary, for: .write).synchronize()
            guard rename(temporary, final) == 0 else { throw HostError(errno: errno, .rename, path: final) }
            try OpenFile(reading: directory(of: final), for: .write).synchronize()
        }
    }

    package func remove(_ path: String) throws {
        if unlink(path) == 0 || errno == ENOENT || errno == ENOTDIR { return }
        guard errno == EISDIR || errno == EPERM, isDirectory(path) else {
            throw HostError(errno: errno, .remove, path: path)
        }
        for name in try list(path) { try remove(path + "/" + name) }
        guard rmdir(path) == 0 || errno == ENOENT else { throw HostError(errno: errno, .remove, path: path) }
    }

    package func list(_ path: String) throws -> [String] {
        guard let stream = opendir(path) else {
            if errno == ENOENT { return [] }
            throw HostError(errno: errno, .list, path: path)
        }
        defer { closedir(stream) }
        var names: [String] = []
        while true {
            errno = 0
            guard let entry = readdir(stream) else {
                guard errno == 0 else { throw HostError(errno: errno, .list, path: path) }
                return names
            }
            // The name is longer than its declared field on some file systems, so it is read in place.
            let offset = MemoryLayout<dirent>.offset(of: \.d_name) ?? 0
            let name = String(cString: UnsafeRawPointer(entry).advanced(by: offset).assumingMemoryBound(to: CChar.self))
            if name != "." && name != ".." { names.append(name) }
        }
    }

    package func size(of path: String) throws -> ByteCount {
        var status = stat()
        guard stat(path, &status) == 0 else { throw HostError(errno: errno, .read, path: path) }
        return ByteCount(Int64(status.st_size))
    }

    package func digest(of path: String) async throws -> String {
        let reading = DigestReading(path: path)
        return try await withTaskCancellationHandler {
            try await Self.blocking { try reading.run() }
        } onCancel: {
            reading.cancel()
        }
    }

    package func digest(of bytes: [UInt8]) -> String {
        let digest = SHA256Digest()
        bytes.withUnsafeBytes { digest.update($0) }
        return digest.finish()
    }

    package func text(of path: String) async throws -> String {
        try await Self.blocking { try Self.wholeText(of: path) }
    }

    package func fingerprint(of path: String) async throws -> Fingerprint {
        try await Self.blocking { try Self.contentMark(of: path) }
    }

    package func write(_ bytes: [UInt8], to path: String, at offset: Int64) async throws {
        try await Self.blocking { try OpenFile(writing: path).write(bytes, at: offset) }
    }

    package func canonical(_ path: String) throws -> String {
        if let found = Self.real(path) { return found }
        let number = errno
        let parent = directory(of: path)
        guard number == ENOENT, parent != path, let found = Self.real(parent) else {
            throw HostError(errno: number, .read, path: path)
        }
        let name = path.split(separator: "/").last.map(String.init) ?? ""
        guard !name.isEmpty, name != ".", name != ".." else { throw HostError(errno: number, .read, path: path) }
        // A link to what is not there would lead whoever writes to it elsewhere.
        guard !exists(path) else { throw HostError(errno: number, .read, path: path) }
        return (found == "/" ? "" : found) + "/" + name
    }

    /// The path that the system knows it by; `nil`, and `errno` set, when there is none.
    private static func real(_ path: String) -> String? {
        guard let text = realpath(path, nil) else { return nil }
        defer { free(text) }
        return String(cString: text)
    }

    private static func contentMark(of path: String) throws -> Fingerprint {
        let file = try OpenFile(reading: path)
        let status = try file.status()
        guard status.st_mode & S_IFMT != S_IFDIR else { throw HostError(errno: EISDIR, .read, path: path) }
        let size = Int64(status.st_size)
        let span = min(size, 65_536)
        let digest = SHA256Digest()
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: Int(span), alignment: 16)
        defer { buffer.deallocate() }
        for offset in [0, size - span] {
            let count = try file.read(into: buffer, at: offset)
            digest.update(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        }
        let modified = status.st_mtim
        return Fingerprint(
            size: ByteCount(size),
            modifiedNanoseconds: Int64(modified.tv_sec) * 1_000_000_000 + Int64(modified.tv_nsec),
            digest: digest.finish())
    }

    package func freeSpace(at path: String) throws -> ByteCount {
        var place = path
        var status = statvfs()
        while statvfs(place, &status) != 0 {
            // What is not made yet will be on its parent's file system.
            let parent = directory(of: place)
            guard errno == ENOENT, parent != place else { throw HostError(errno: errno, .read, path: path) }
            place = parent
        }
        // File systems without a limit may state more than can be counted.
        let (bytes, isMore) = UInt64(status.f_bavail).multipliedReportingOverflow(by: UInt64(status.f_frsize))
        return ByteCount(isMore ? .max : Int64(clamping: bytes))
    }

    /// Runs a call that blocks on a thread of its own.
    static func blocking<Value: Sendable>(_ call: @escaping @Sendable () throws -> Value) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            workers.async { continuation.resume(with: Result { try call() }) }
        }
    }

    private static func wholeText(of path: String) throws -> String {
        let file = try OpenFile(reading: path)
        let size = Int(try file.status().st_size)
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 16)
        defer { buffer.deallocate() }
        let count = try file.read(into: buffer, at: 0)
        return String(decoding: buffer[..<count], as: UTF8.self)
    }

    private func isDirectory(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    /// The path without its last part; `.` for a bare name, `/` for the root.
    private func directory(of path: String) -> String {
        var rest = Substring(path)
        while rest.count > 1, rest.last == "/" { rest.removeLast() }
        guard let slash = rest.lastIndex(of: "/") else { return "." }
        return slash == rest.startIndex ? "/" : String(rest[..<slash])
    }
}

/// One read of a whole file, which can be called off.
private final class DigestReading: Sendable {
    private let path: String
    private let isCancelled = Atomic(false)

    init(path: String) { self.path = path }

    func cancel() { isCancelled.store(true, ordering: .relaxed) }

    func run() throws -> String {
        let file = try OpenFile(reading: path)
        let digest = SHA256Digest()
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 4096)
        defer { buffer.deallocate() }
        var offset: Int64 = 0
        while true {
            if isCancelled.load(ordering: .relaxed) { throw CancellationError() }
            let count = try file.read(into: buffer, at: offset)
            digest.update(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
            if count < buffer.count { return digest.finish() }
            offset += Int64(count)
        }
    }
}
