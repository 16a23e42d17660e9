// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

/// The times in one segment of MPEG-TS with one track.
///
/// Source: ISO/IEC 13818-1, sections 2.4.3
package struct TransportSegment: Sendable {
    /// When what its PES packets begin with is shown, in microseconds.
    package var times: [Int64] = []
    /// What is wrong with it, a phrase each.
    package var faults: [String] = []
    /// What its first PES packet holds.
    package var opening: [UInt8] = []

    /// Reads a segment.
    package init(_ bytes: [UInt8]) {
        guard bytes.count % 188 == 0, !bytes.isEmpty else {
            faults.append("\(bytes.count) bytes are no whole packets")
            return
        }
        var identifiers: [Int] = []
        var counters: [Int: UInt8] = [:]
        var track: Int?
        for start in stride(from: 0, to: bytes.count, by: 188) {
            guard bytes[start] == 0x47 else {
                faults.append("no packet at byte \(start)")
                return
            }
            let identifier = Int(bytes[start + 1] & 0x1f) << 8 | Int(bytes[start + 2])
            if !identifiers.contains(identifier) { identifiers.append(identifier) }
            var payload = start + 4
            if bytes[start + 3] & 0x20 != 0 { payload += 1 + Int(bytes[start + 4]) }
            // Packets with something in them are counted, for each track.
            let counter = bytes[start + 3] & 15
            if bytes[start + 3] & 0x10 != 0 {
                if let last = counters[identifier], (last + 1) & 15 != counter {
                    faults.append("packets are missing before byte \(start)")
                }
                counters[identifier] = counter
            }
            guard bytes[start + 1] & 0x40 != 0 else {
                if identifier == track, times.count == 1 { opening += bytes[payload..<start + 188] }
                continue
            }
            guard payload + 14 <= start + 188, bytes[payload..<payload + 3].elementsEqual([0, 0, 1]),
                bytes[payload + 7] & 0x80 != 0
            else { continue }
            let stamp = (9...13).map { Int64(bytes[payload + $0]) }
            let ticks =
                (stamp[0] >> 1 & 7) << 30 | stamp[1] << 22 | (stamp[2] >> 1) << 15 | stamp[3] << 7 | stamp[4] >> 1
            times.append((ticks * 100 + 4) / 9)
            if times.count == 1 {
                track = identifier
                opening = Array(bytes[(payload + 9 + Int(bytes[payload + 8]))..<start + 188])
            }
        }
        // Service description, programmes, the map, and the track; clocks travel with the track.
        if !identifiers.prefix(3).contains(0) { faults.append("it does not begin with its tables") }
        if times.isEmpty { faults.append("it shows nothing") }
    }

    /// The types of the units that the first picture consists of, in H.264 or HEVC.
    package func openingUnits(isHEVC: Bool) -> [Int] {
        opening.indices.dropLast(3).compactMap { place in
            guard opening[place] == 0, opening[place + 1] == 0, opening[place + 2] == 1 else { return nil }
            return isHEVC ? Int(opening[place + 3] >> 1 & 63) : Int(opening[place + 3] & 31)
        }
    }
}
