// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import CFFmpeg
internal import FoundationEssentials
internal import Glibc
internal import MartletModel
internal import MartletPorts

/// Keeps on disk what was found out about sources, by the fingerprint of their content.
///
/// A file that is missing, damaged or of another version counts as absent and
/// is written anew; nothing here is ever an error, since everything can be read
/// from the source again.
struct ScanCache: Sendable {
    /// Where the files are.
    let directory: String
    /// Makes and publishes them.
    let files: any FileStore

    /// The first bytes of every file: name and version of the form, then of libavformat, whose
    /// reading the content is.
    private static let magic: [UInt8] =
        Array("MARTLET4".utf8) + (0..<4).map { UInt8(truncatingIfNeeded: avformat_version() >> ($0 * 8)) }

    /// The description of a known content, as a file at `path`.
    func description(of fingerprint: Fingerprint, path: String) -> SourceDescription? {
        load(name(fingerprint, "description")) { content in
            guard var known = try? JSONDecoder().decode(SourceDescription.self, from: Data(content)),
                known.fingerprint == fingerprint
            else { return nil }
            known.path = path
            return known
        }
    }

    /// Keeps a description.
    func store(_ description: SourceDescription) async {
        guard let content = try? JSONEncoder().encode(description) else { return }
        await store([UInt8](content), as: name(description.fingerprint, "description"))
    }

    /// The frames of one stream of a known content.
    func index(of fingerprint: Fingerprint, stream: Int) -> FrameIndex? {
        load(name(fingerprint, "stream\(stream)")) { content in
            IndexCoding.index(from: content).flatMap { $0.streamIndex == stream ? $0 : nil }
        }
    }

    /// Keeps the frames of one stream, in place of what was known of it.
    func store(_ index: FrameIndex, of fingerprint: Fingerprint) async {
        await store(IndexCoding.bytes(of: index), as: name(fingerprint, "stream\(index.streamIndex)"))
    }

    private func name(_ fingerprint: Fingerprint, _ part: String) -> String {
        var hash = StableHash()
        hash.combine(fingerprint.digest)
        hash.combine(fingerprint.size.bytes)
        hash.combine(fingerprint.modifiedNanoseconds)
        let digits = String(hash.value, radix: 16)
        return "\(directory)/\(fingerprint.digest.prefix(16))-\(digits)-\(part).scan"
    }

    private func store(_ content: [UInt8], as final: String) async {
        let temporary = "\(final).\(getpid())-\(UInt64.random(in: .min ... .max)).part"
        do {
            let isWritten = try await blocking("martlet.scans") { [files, directory] _ in
                try files.makeDirectory(directory)
                return Self.write(Self.head(of: content) + content, to: temporary)
            }
            guard isWritten else { return try files.remove(temporary) }
            try await files.publish(temporary, as: final)
        } catch {
            try? files.remove(temporary)
        }
    }

    private func load<Value>(_ path: String, _ decode: (UnsafeBufferPointer<UInt8>) -> Value?) -> Value? {
        guard let bytes = Self.read(path) else { return nil }
        return bytes.withUnsafeBufferPointer { whole -> Value? in
            let headSize = Self.magic.count + 8
            guard whole.count >= headSize, whole.prefix(Self.magic.count).elementsEqual(Self.magic) else { return nil }
            var sum: UInt64 = 0
            for shift in 0..<8 { sum |= UInt64(whole[Self.magic.count + shift]) << (UInt64(shift) * 8) }
            let content = UnsafeBufferPointer(rebasing: whole[headSize...])
            return Self.checksum(content) == sum ? decode(content) : nil
        }
    }

    private static func head(of content: [UInt8]) -> [UInt8] {
        let sum = checksum(content)
        return magic + (0..<8).map { UInt8(truncatingIfNeeded: sum >> (UInt64($0) * 8)) }
    }

    private static func checksum(_ content: some Collection<UInt8>) -> UInt64 {
        var hash = StableHash()
        for byte in content { hash.combine(byte: byte) }
        return hash.value
    }

    private static func write(_ bytes: [UInt8], to path: String) -> Bool {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        return bytes.withUnsafeBytes { buffer in
            var done = 0
            while done < buffer.count {
                let count = Glibc.write(descriptor, buffer.baseAddress?.advanced(by: done), buffer.count - done)
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { return false }
                done += count
            }
            return true
        }
    }

    private static func read(_ path: String) -> [UInt8]? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_size > 0, status.st_size < 1 << 30 else { return nil }
        let size = Int(status.st_size)
        let bytes = [UInt8](unsafeUninitializedCapacity: size) { buffer, filled in
            while filled < size {
                let count = Glibc.read(descriptor, buffer.baseAddress?.advanced(by: filled), size - filled)
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { return }
                filled += count
            }
        }
        return bytes.count == size ? bytes : nil
    }
}
