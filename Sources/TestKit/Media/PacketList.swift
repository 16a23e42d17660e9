// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

/// The packets of one track as ffprobe lists them.
package struct PacketList: Sendable {
    /// One packet.
    package struct Packet: Sendable {
        /// When it is shown, in seconds; `nil` when the container does not say.
        package var seconds: Double?
        /// Its length in bytes.
        package var bytes: Int
        /// Whether decoding can begin here.
        package var isKey: Bool
    }

    /// The packets, in the file's order.
    package var packets: [Packet]

    /// All bytes.
    package var bytes: Int { packets.reduce(0) { $0 + $1.bytes } }

    /// The times of the key packets, in seconds.
    package var keySeconds: [Double] { packets.filter(\.isKey).compactMap(\.seconds) }

    /// Lists a track, named as ffprobe does (`v:0`).
    ///
    /// - Throws: ``MediaFacts/CannotRead``.
    package static func of(_ path: String, track: String = "v:0") async throws -> PacketList {
        let outcome = try await KeptAnswers.run(
            "ffprobe",
            [
                "-v", "error", "-select_streams", track, "-show_entries", "packet=pts_time,size,flags", "-of",
                "compact=p=0", "-i", "file:" + path,
            ], about: path)
        guard outcome.isSuccess else { throw MediaFacts.CannotRead(description: "\(path): \(outcome.errors)") }
        return PacketList(
            packets: outcome.output.split(separator: "\n").compactMap { line in
                var fields: [Substring: Substring] = [:]
                for field in line.split(separator: "|") {
                    let parts = field.split(separator: "=", maxSplits: 1)
                    if parts.count == 2 { fields[parts[0]] = parts[1] }
                }
                guard let size = fields["size"].flatMap({ Int($0) }) else { return nil }
                return Packet(
                    seconds: fields["pts_time"].flatMap { Double($0) }, bytes: size,
                    isKey: fields["flags"]?.contains("K") ?? false)
            })
    }
}
