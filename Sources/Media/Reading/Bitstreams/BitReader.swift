// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

/// Reads bits of a coded header, most significant first. Reading past the end gives zeros and sets `isPastEnd`.
struct BitReader {
    private let bytes: UnsafeBufferPointer<UInt8>
    private let skipsEmulationPrevention: Bool
    private var byte: Int
    private var bit = 0
    private var zeros = 0
    /// Whether more was read than there is.
    private(set) var isPastEnd = false

    /// Starts at `offset`; in NAL units the 3 of `00 00 03` is no data.
    init(_ bytes: UnsafeBufferPointer<UInt8>, from offset: Int = 0, isNALUnit: Bool = false) {
        self.bytes = bytes
        byte = offset
        skipsEmulationPrevention = isNALUnit
    }

    /// The next bit.
    mutating func flag() -> Bool { bits(1) == 1 }

    /// The next `count` bits, at most 32, as a number.
    mutating func bits(_ count: Int) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<count {
            guard byte < bytes.count else {
                isPastEnd = true
                return value << 1
            }
            value = value << 1 | UInt32(bytes[byte] >> UInt8(7 - bit) & 1)
            bit += 1
            if bit == 8 { advance() }
        }
        return value
    }

    /// The next Exp-Golomb number.
    mutating func golomb() -> UInt32 {
        var leading = 0
        while leading < 32, !isPastEnd, !flag() { leading += 1 }
        guard leading > 0, leading < 32 else { return leading == 0 ? 0 : .max }
        return (1 << UInt32(leading)) - 1 + bits(leading)
    }

    /// The next signed Exp-Golomb number.
    mutating func signedGolomb() -> Int32 {
        let code = golomb()
        return code & 1 == 1 ? Int32(truncatingIfNeeded: code / 2 + 1) : -Int32(truncatingIfNeeded: code / 2)
    }

    private mutating func advance() {
        zeros = bytes[byte] == 0 ? zeros + 1 : 0
        bit = 0
        byte += 1
        guard skipsEmulationPrevention, zeros >= 2, byte < bytes.count, bytes[byte] == 3 else { return }
        byte += 1
        zeros = 0
    }
}
