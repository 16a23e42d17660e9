// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

/// Finds the frames of VP8 that are references only. Source: RFC 6386, 9.1.
final class VP8Look: BitstreamLook {
    func look(at bytes: UnsafeBufferPointer<UInt8>, traits: PacketTraits) -> PacketTraits {
        guard let first = bytes.first else { return .hidden }
        var found: PacketTraits = first & 1 == 0 ? .randomAccess : []
        if first >> 4 & 1 == 0 { found.insert(.hidden) }
        return found
    }
}

/// Finds the packets of VP9 that show nothing; a packet may hold several frames.
///
/// Source: VP9 bitstream specification, 6.2 and annex B.
final class VP9Look: BitstreamLook {
    func look(at bytes: UnsafeBufferPointer<UInt8>, traits: PacketTraits) -> PacketTraits {
        guard let last = bytes.last else { return .hidden }
        var (shown, key) = (0, false)
        var position = 0
        let frames = Int(last & 7) + 1
        let width = Int(last >> 3 & 3) + 1
        let indexSize = 2 + width * frames
        if last & 0xe0 == 0xc0, bytes.count >= indexSize, bytes[bytes.count - indexSize] == last {
            for frame in 0..<frames {
                var size = 0
                for byte in 0..<width {
                    size |= Int(bytes[bytes.count - indexSize + 1 + frame * width + byte]) << (8 * byte)
                }
                guard size > 0, position + size <= bytes.count else { break }
                read(UnsafeBufferPointer(rebasing: bytes[position..<position + size]), &shown, &key)
                position += size
            }
        } else {
            read(bytes, &shown, &key)
        }
        var found: PacketTraits = key ? .randomAccess : []
        if shown == 0 { found.insert(.hidden) }
        if shown > 1 { found.insert(.undecidable) }
        return found
    }

    private func read(_ frame: UnsafeBufferPointer<UInt8>, _ shown: inout Int, _ key: inout Bool) {
        var reader = BitReader(frame)
        _ = reader.bits(2)
        let profile = reader.bits(1) | reader.bits(1) << 1
        if profile == 3 { _ = reader.flag() }
        if reader.flag() {
            shown += 1
            return
        }
        if !reader.flag() { key = true }
        if reader.flag() { shown += 1 }
    }
}
