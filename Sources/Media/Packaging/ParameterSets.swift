// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import CFFmpeg

/// The parameter sets in the head of an H.264 or HEVC track, which its packets must not repeat.
///
/// Tracks of MP4 that are named `avc1` and `hvc1` have them in the head alone. Some encoders and some sources put them
/// before every key frame, too. Sets that differ from those of the head stay: without them nothing could be decoded.
///
/// Source: ISO/IEC 14496-15, sections 5.3.3 and 8.3.3
struct ParameterSets {
    private let units: Set<[UInt8]>
    /// How many bytes the length before each unit of a packet has.
    private let lengthSize: Int
    private let isHEVC: Bool

    /// Reads the head; `nil` for other codecs and for packets with start codes.
    init?(_ parameters: UnsafePointer<AVCodecParameters>) {
        let value = parameters.pointee
        let head = UnsafeBufferPointer(start: UnsafePointer(value.extradata), count: Int(max(0, value.extradata_size)))
        var reading = HeadReading(bytes: Array(head))
        isHEVC = value.codec_id == AV_CODEC_ID_HEVC
        guard let size = NALUnits(configuration: head, lengthSizeOffset: isHEVC ? 21 : 4).lengthSize else { return nil }
        lengthSize = size
        var units: Set<[UInt8]> = []
        switch value.codec_id {
        case AV_CODEC_ID_H264:
            reading.position = 5
            for mask in [31, 255] {
                for _ in 0..<(reading.number(1) & mask) { units.insert(reading.unit()) }
            }
        case AV_CODEC_ID_HEVC:
            reading.position = 22
            for _ in 0..<reading.number(1) {
                let type = reading.number(1) & 63
                for _ in 0..<reading.number(2) {
                    let unit = reading.unit()
                    if (32...34).contains(type) { units.insert(unit) }
                }
            }
        default: return nil
        }
        units.remove([])
        guard !units.isEmpty else { return nil }
        self.units = units
    }

    /// Whether a unit that begins with this byte is a parameter set.
    private func isSet(_ first: UInt8) -> Bool {
        isHEVC ? (32...34).contains(first >> 1 & 63) : (7...8).contains(first & 31)
    }

    /// Takes the sets out of a packet that repeats them.
    ///
    /// - Throws: `AVFailure` when there is no memory.
    func remove(from packet: Packet) throws {
        let (packet, size) = (packet.pointer, Int(packet.pointer.pointee.size))
        guard let bytes = packet.pointee.data.map({ UnsafeBufferPointer(start: $0, count: size) }) else { return }
        var kept: [Range<Int>] = []
        var position = 0
        while position + lengthSize <= size {
            let length = bytes[position..<position + lengthSize].reduce(0) { $0 << 8 | Int($1) }
            let end = position + lengthSize + length
            // What is no list of units is left alone.
            guard end <= size else { return }
            let unit = bytes[position + lengthSize..<end]
            if !isSet(unit.first ?? 0) || !units.contains(Array(unit)) { kept.append(position..<end) }
            position = end
        }
        let left = kept.reduce(0) { $0 + $1.count }
        guard position == size, left < size, left > 0 else { return }
        try checked(av_packet_make_writable(packet), "change a packet")
        guard let data = packet.pointee.data else { return }
        var place = 0
        for range in kept {
            if place != range.lowerBound { (data + place).update(from: data + range.lowerBound, count: range.count) }
            place += range.count
        }
        av_shrink_packet(packet, Int32(left))
    }
}

/// Reads the head of a track from its begin to its end; behind the end there is nothing but zeros.
private struct HeadReading {
    let bytes: [UInt8]
    var position = 0

    mutating func number(_ count: Int) -> Int {
        defer { position += count }
        guard position + count <= bytes.count else { return 0 }
        return bytes[position..<position + count].reduce(0) { $0 << 8 | Int($1) }
    }

    /// A unit with two bytes of length before it; empty when it is cut off.
    mutating func unit() -> [UInt8] {
        let length = number(2)
        defer { position += length }
        guard position + length <= bytes.count else { return [] }
        return Array(bytes[position..<position + length])
    }
}
