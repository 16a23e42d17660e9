// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

/// What an initialization says of its track.
///
/// Source: ISO/IEC 14496-12 and -15; RFC 6381
package struct StreamHead: Sendable, Equatable {
    /// Ticks a second.
    package var timescale: Int64
    /// `vide` or `soun`.
    package var handler: String
    /// The codec's name; `nil` when it is none that streams have.
    package var codec: String?
    /// The type of the sample entry, such as `avc1`.
    package var entry: String
    /// Whether there is an edit list.
    package var hasEdits: Bool
    /// The duration of samples that fragments leave out.
    package var defaultDuration: Int64

    /// Reads an initialization; `nil` for anything else.
    package init?(_ bytes: [UInt8]) {
        let file = BoxReading(bytes[...])
        guard let track = file.box("moov", "trak"), let header = track.box("mdia", "mdhd"),
            let handler = track.box("mdia", "hdlr"), let description = track.box("mdia", "minf", "stbl", "stsd"),
            let entry = description.boxes(from: 8).first
        else { return nil }
        timescale = header.number(at: header.number(at: 0, bytes: 1) == 1 ? 20 : 12, bytes: 4)
        self.handler = Self.text(handler, 8)
        hasEdits = track.box("edts") != nil
        self.entry = entry.type
        codec = Self.codec(entry.type, entry.content)
        defaultDuration = file.box("moov", "mvex", "trex")?.number(at: 12, bytes: 4) ?? 0
    }

    private static func text(_ box: BoxReading, _ offset: Int) -> String {
        String(decoding: (0..<4).map { UInt8(box.number(at: offset + $0, bytes: 1)) }, as: UTF8.self)
    }

    private static func codec(_ type: String, _ entry: BoxReading) -> String? {
        // Visual entries have 78 bytes before their boxes, sound entries 28.
        func box(_ name: String) -> BoxReading? { entry.box(name, from: 78) }
        func hex(_ number: Int64) -> String { String(number, radix: 16, uppercase: true) }
        switch type {
        case "avc1":
            guard let avcC = box("avcC") else { return nil }
            let digits = (1...3).map { (hex(avcC.number(at: $0, bytes: 1)), $0) }.map {
                $0.0.count < 2 ? "0" + $0.0 : $0.0
            }
            return "avc1." + digits.joined()
        case "hvc1":
            guard let hvcC = box("hvcC") else { return nil }
            let first = hvcC.number(at: 1, bytes: 1)
            let flags = hvcC.number(at: 2, bytes: 4)
            let reversed = (0..<32).reduce(Int64(0)) { $0 | (flags >> $1 & 1) << (31 - $1) }
            var constraints = (6...11).map { hvcC.number(at: $0, bytes: 1) }
            while constraints.last == 0 { constraints.removeLast() }
            let tail = constraints.map { "." + hex($0) }.joined()
            return
                "hvc1.\(first & 31).\(hex(reversed)).\(first & 32 == 0 ? "L" : "H")\(hvcC.number(at: 12, bytes: 1))\(tail)"
        case "av01":
            guard let av1C = box("av1C") else { return nil }
            let (level, flags) = (av1C.number(at: 1, bytes: 1), av1C.number(at: 2, bytes: 1))
            let number = level & 31
            return
                "av01.\(level >> 5).\(number < 10 ? "0" : "")\(number)\(flags & 128 == 0 ? "M" : "H").\(flags & 64 == 0 ? "08" : "10")"
        case "mp4a":
            guard let esds = entry.box("esds", from: 28) else { return nil }
            return object(esds)
        case "Opus": return "opus"
        case "fLaC", "ac-3", "ec-3": return type
        default: return nil
        }
    }

    /// The object type of an `esds`, and of AAC the kind: found by the tags of its descriptors.
    private static func object(_ esds: BoxReading) -> String? {
        var offset = 4
        func descriptor(_ tag: Int64) -> Bool {
            guard esds.number(at: offset, bytes: 1) == tag else { return false }
            offset += 1
            while esds.number(at: offset, bytes: 1) & 128 != 0 { offset += 1 }
            offset += 1
            return true
        }
        guard descriptor(3) else { return nil }
        offset += 3
        guard descriptor(4) else { return nil }
        let type = esds.number(at: offset, bytes: 1)
        guard type == 0x40 else { return "mp4a.\(String(type, radix: 16, uppercase: true))" }
        offset += 13
        guard descriptor(5) else { return nil }
        return "mp4a.40.\(esds.number(at: offset, bytes: 1) >> 3)"
    }
}
