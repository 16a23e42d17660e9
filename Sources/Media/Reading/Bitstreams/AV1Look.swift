// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

/// Finds the temporal units of AV1 that show nothing. Source: AV1 bitstream specification, 5.3 and 5.9.
final class AV1Look: BitstreamLook {
    private var isReducedStill = false

    /// Reads the sequence header from the stream's configuration.
    init(configuration: UnsafeBufferPointer<UInt8>) {
        guard configuration.count > 4 else { return }
        _ = read(UnsafeBufferPointer(rebasing: configuration[4...]))
    }

    func look(at bytes: UnsafeBufferPointer<UInt8>, traits: PacketTraits) -> PacketTraits {
        let (shown, key, frames) = read(bytes)
        var found: PacketTraits = key ? .randomAccess : []
        if frames > 0, shown == 0 { found.insert(.hidden) }
        return found
    }

    private func read(_ bytes: UnsafeBufferPointer<UInt8>) -> (shown: Int, key: Bool, frames: Int) {
        var (shown, key, frames, position) = (0, false, 0, 0)
        while position < bytes.count {
            let header = bytes[position]
            let type = header >> 3 & 15
            position += header & 4 == 0 ? 1 : 2
            var size = bytes.count - position
            if header & 2 != 0 {
                (size, position) = lengthCode(bytes, position)
            }
            guard position < bytes.count, size >= 0 else { break }
            switch type {
            case 1: isReducedStill = bytes[position] >> 3 & 1 == 1
            case 3, 6:
                let first = bytes[position]
                frames += 1
                if isReducedStill || first & 0x80 != 0 {
                    shown += 1
                    key = key || isReducedStill
                } else if first & 0x10 != 0 {
                    shown += 1
                    key = key || first & 0x60 == 0
                }
            default: break
            }
            position += size
        }
        return (shown, key, frames)
    }

    /// Reads a length in groups of seven bits, and where the bytes after it begin.
    private func lengthCode(_ bytes: UnsafeBufferPointer<UInt8>, _ start: Int) -> (Int, Int) {
        var (value, position) = (0, start)
        for group in 0..<8 where position < bytes.count {
            let byte = bytes[position]
            value |= Int(byte & 0x7f) << (7 * group)
            position += 1
            if byte & 0x80 == 0 { break }
        }
        return (value, position)
    }
}
