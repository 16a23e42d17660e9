// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletModel
package import MartletPlanning
package import MartletPorts
internal import MartletWire

/// Keeps on disk what scans found out about films, by the fingerprints of their content.
///
/// A record that is missing or damaged counts as absent, since a film can be scanned again: nothing here is an error.
package struct FilmRecords: Sendable {
    /// What stands in front of the frames.
    private struct Head: Codable {
        var source: SourceDescription
        var sounds: [AudioRuns]
        /// Of everything behind it.
        var checksum: UInt64
    }

    private let directory: String
    private let files: any FileStore & FileParts
    /// Where records are written before they are published.
    private let workplace: String

    /// The form of the records; another one is not read.
    private static let form = "films-1"

    /// Keeps records below the cache's directory.
    ///
    /// - Parameter workplace: a directory of this process alone, on the same file system.
    package init(in cacheDirectory: String, workplace: String, files: any FileStore & FileParts) {
        directory = "\(cacheDirectory)/\(Self.form)"
        self.workplace = workplace
        self.files = files
    }

    /// What is known of a content that lies at `path`; `nil` when nothing is.
    package func film(of fingerprint: Fingerprint, at path: String) async -> StreamFilm? {
        let record = self.path(of: fingerprint)
        guard let size = try? files.size(of: record),
            let bytes = try? await files.read(record, bytes: 0..<size.bytes)
        else { return nil }
        return Self.film(from: bytes, fingerprint: fingerprint, path: path)
    }

    /// Keeps what is known of a film.
    package func store(_ film: StreamFilm) async {
        let index = IndexCoding.bytes(of: film.index)
        let head = Head(source: film.source, sounds: film.sounds, checksum: Self.checksum(index[...]))
        guard let text = try? JSONText.bytes(head) else { return }
        var writer = ByteWriter()
        writer.write(text)
        let final = path(of: film.source.fingerprint)
        let temporary = "\(workplace)/\(final.split(separator: "/").last ?? "film").part"
        do {
            try files.makeDirectory(directory)
            try await files.write(writer.bytes + index, to: temporary, at: 0)
            try await files.publish(temporary, as: final)
        } catch {
            try? files.remove(temporary)
        }
    }

    private func path(of fingerprint: Fingerprint) -> String {
        var hash = StableHash()
        hash.combine(fingerprint.digest)
        hash.combine(fingerprint.size.bytes)
        hash.combine(fingerprint.modifiedNanoseconds)
        return "\(directory)/\(fingerprint.digest.prefix(16))-\(String(hash.value, radix: 16)).film"
    }

    private static func film(from bytes: [UInt8], fingerprint: Fingerprint, path: String) -> StreamFilm? {
        bytes.withUnsafeBufferPointer { all -> StreamFilm? in
            var reader = ByteReader(all)
            guard let text = reader.raw(), var head = try? JSONText.value(Head.self, from: Array(text)),
                head.source.fingerprint == fingerprint
            else { return nil }
            let rest = UnsafeBufferPointer(rebasing: all[(all.count - reader.remaining)...])
            guard checksum(rest) == head.checksum, let index = IndexCoding.index(from: rest) else { return nil }
            head.source.path = path
            return StreamFilm(source: head.source, index: index, sounds: head.sounds)
        }
    }

    private static func checksum(_ bytes: some Collection<UInt8>) -> UInt64 {
        var hash = StableHash()
        for byte in bytes { hash.combine(byte: byte) }
        return hash.value
    }
}
