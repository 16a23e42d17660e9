// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

/// Walks the NAL units of an H.264 or HEVC packet.
struct NALUnits {
    /// How many bytes of length stand before each unit; `nil` for start codes (Annex B).
    let lengthSize: Int?

    /// Reads the framing from a stream's configuration record.
    init(configuration: UnsafeBufferPointer<UInt8>, lengthSizeOffset: Int) {
        let isRecord = configuration.count > lengthSizeOffset && configuration[0] == 1
        lengthSize = isRecord ? Int(configuration[lengthSizeOffset] & 3) + 1 : nil
    }

    /// Hands each unit, without framing, to `visit` until it answers `false`.
    @inline(__always)
    func forEach(in bytes: UnsafeBufferPointer<UInt8>, _ visit: (UnsafeBufferPointer<UInt8>) -> Bool) {
        if let lengthSize {
            var position = 0
            while position + lengthSize < bytes.count {
                var length = 0
                for offset in 0..<lengthSize { length = length << 8 | Int(bytes[position + offset]) }
                position += lengthSize
                let end = min(position + length, bytes.count)
                guard end > position else { continue }
                guard visit(UnsafeBufferPointer(rebasing: bytes[position..<end])) else { return }
                position = end
            }
        } else {
            var position = Self.startCode(in: bytes, from: 0)
            while position < bytes.count {
                // A unit reaches to the next start code; headers are all that is read, so it may reach too far.
                guard visit(UnsafeBufferPointer(rebasing: bytes[position...])) else { return }
                position = Self.startCode(in: bytes, from: position)
            }
        }
    }

    /// Where the bytes after the next `00 00 01` begin; the end when there is none.
    static func startCode(in bytes: UnsafeBufferPointer<UInt8>, from start: Int) -> Int {
        var position = start + 2
        while position < bytes.count {
            switch bytes[position] {
            case 0: position += 1
            case 1 where bytes[position - 1] == 0 && bytes[position - 2] == 0: return position + 1
            default: position += bytes[position] == 1 ? 1 : 3
            }
        }
        return bytes.count
    }
}
