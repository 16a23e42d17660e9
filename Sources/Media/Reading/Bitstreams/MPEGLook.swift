// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

/// Reads the picture headers of MPEG-1 and MPEG-2. Source: ITU-T H.262, 6.2.2 and 6.2.3.
final class MPEG2Look: BitstreamLook {
    func look(at bytes: UnsafeBufferPointer<UInt8>, traits: PacketTraits) -> PacketTraits {
        var found: PacketTraits = []
        var isClosed = false
        var position = NALUnits.startCode(in: bytes, from: 0)
        while position + 4 < bytes.count {
            let code = bytes[position]
            if code == 0xb8 { isClosed = bytes[position + 4] >> 6 & 1 == 1 }
            if code == 0 {
                switch bytes[position + 2] >> 3 & 7 {
                case 1 where isClosed: found.insert(.randomAccess)
                case 3: found.insert(.bidirectional)
                default: break
                }
                return found
            }
            position = NALUnits.startCode(in: bytes, from: position)
        }
        return .undecidable
    }
}

/// Finds what MPEG-4 part 2 packets show: encoders put two pictures into one
/// packet and none into the next, or say "not coded".
///
/// Source: ISO/IEC 14496-2, 6.2.3 and 6.2.5.
final class MPEG4Look: BitstreamLook {
    private var clockBits: Int?

    /// Reads the layer header from the stream's configuration.
    init(configuration: UnsafeBufferPointer<UInt8>) { _ = read(configuration) }

    func look(at bytes: UnsafeBufferPointer<UInt8>, traits: PacketTraits) -> PacketTraits { read(bytes) }

    private func read(_ bytes: UnsafeBufferPointer<UInt8>) -> PacketTraits {
        var found: PacketTraits = []
        var pictures = 0
        var position = NALUnits.startCode(in: bytes, from: 0)
        while position < bytes.count {
            let code = bytes[position]
            if code >= 0x20, code <= 0x2f { clockBits = layerClockBits(bytes, position + 1) }
            if code == 0xb6, position + 1 < bytes.count {
                pictures += 1
                let type = bytes[position + 1] >> 6
                if type == 0 { found.insert(.randomAccess) }
                if type == 2 { found.insert(.bidirectional) }
                if let isCoded = isCoded(bytes, position + 1) {
                    if !isCoded { found.insert(.hidden) }
                } else {
                    found.insert(.undecidable)
                }
            }
            position = NALUnits.startCode(in: bytes, from: position)
        }
        if pictures != 1 { found.insert(.undecidable) }
        return found
    }

    private func isCoded(_ bytes: UnsafeBufferPointer<UInt8>, _ start: Int) -> Bool? {
        guard let clockBits else { return nil }
        var reader = BitReader(bytes, from: start)
        _ = reader.bits(2)
        while reader.flag() {}
        _ = (reader.flag(), reader.bits(clockBits), reader.flag())
        let isCoded = reader.flag()
        return reader.isPastEnd ? nil : isCoded
    }

    /// How many bits a time increment has; `nil` for layers with shapes, which are not read.
    private func layerClockBits(_ bytes: UnsafeBufferPointer<UInt8>, _ start: Int) -> Int? {
        var reader = BitReader(bytes, from: start)
        _ = reader.bits(9)
        if reader.flag() { _ = reader.bits(7) }
        if reader.bits(4) == 15 { _ = reader.bits(16) }
        if reader.flag() {
            _ = reader.bits(3)
            if reader.flag() { for _ in 0..<79 { _ = reader.flag() } }
        }
        guard reader.bits(2) == 0, reader.flag() else { return nil }
        let resolution = reader.bits(16)
        guard !reader.isPastEnd, resolution > 0 else { return nil }
        return max(1, 32 - (resolution - 1).leadingZeroBitCount)
    }
}

/// Finds headers in the middle of a Theora stream, as chained files have them.
final class TheoraLook: BitstreamLook {
    func look(at bytes: UnsafeBufferPointer<UInt8>, traits: PacketTraits) -> PacketTraits {
        guard let first = bytes.first else { return .hidden }
        if first & 0x80 != 0 { return [.undecidable, .hidden] }
        return first & 0x40 == 0 ? .randomAccess : []
    }
}
