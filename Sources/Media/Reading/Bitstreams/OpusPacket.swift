// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

/// What the first bytes of an Opus packet say.
enum OpusPacket {
    /// How many samples at 48 kHz a decoder makes of the packet; 0 when it is empty or cut off.
    ///
    /// Source: RFC 6716, sections 3.1 and 3.2.
    static func samples(in packet: UnsafeBufferPointer<UInt8>) -> Int64 {
        guard let head = packet.first else { return 0 }
        let configuration = Int(head >> 3)
        let frame: Int64 =
            switch configuration {
            case 0..<12: [480, 960, 1_920, 2_880][configuration % 4]
            case 12..<16: [480, 960][configuration % 2]
            default: [120, 240, 480, 960][configuration % 4]
            }
        switch head & 3 {
        case 0: return frame
        case 1, 2: return 2 * frame
        default: return packet.count > 1 ? Int64(packet[1] & 63) * frame : 0
        }
    }
}
