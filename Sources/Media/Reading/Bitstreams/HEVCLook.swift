// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

/// Reads the NAL unit type of each picture. Source: ITU-T H.265, table 7-1.
final class HEVCLook: BitstreamLook {
    private let units: NALUnits

    /// Reads the framing from the stream's configuration.
    init(configuration: UnsafeBufferPointer<UInt8>) {
        units = NALUnits(configuration: configuration, lengthSizeOffset: 21)
    }

    func look(at bytes: UnsafeBufferPointer<UInt8>, traits: PacketTraits) -> PacketTraits {
        var found: PacketTraits = []
        units.forEach(in: bytes) { unit in
            let type = unit[0] >> 1 & 63
            switch type {
            case 6, 7: found.insert(.decodableLeading)
            case 8, 9: found.insert(.skippedLeading)
            case 16...18: found.formUnion([.randomAccess, .startsSequence])
            case 19...23: found.insert(.randomAccess)
            default: break
            }
            return type > 31
        }
        if endsSequence(bytes) { found.insert(.endsSequence) }
        return found
    }

    /// An end-of-sequence or end-of-bitstream unit is two bytes at the very end.
    private func endsSequence(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        guard bytes.count > 5 else { return false }
        let type = bytes[bytes.count - 2] >> 1
        guard type == 36 || type == 37, bytes[bytes.count - 1] == 1 else { return false }
        let last = bytes[bytes.count - 3]
        return bytes[bytes.count - 5] == 0 && bytes[bytes.count - 4] == 0 && last == (units.lengthSize == nil ? 1 : 2)
    }
}
