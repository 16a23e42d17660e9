// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

/// A 64-bit hash that is the same in every run and on every machine (FNV-1a).
///
/// For digests of values that Martlet made itself, such as PTS lists and plans;
/// bytes that could be forged or damaged on the way are covered by SHA-256.
///
/// Source: <http://www.isthe.com/chongo/tech/comp/fnv/>
package struct StableHash: Sendable {
    /// The digest of everything combined so far.
    package private(set) var value: UInt64 = 0xcbf2_9ce4_8422_2325

    /// Makes a hash of nothing.
    package init() {}

    /// Adds one byte.
    package mutating func combine(byte: UInt8) {
        value = (value ^ UInt64(byte)) &* 0x0000_0100_0000_01b3
    }

    /// Adds an integer as eight bytes, least significant first.
    package mutating func combine(_ integer: Int64) {
        var rest = UInt64(bitPattern: integer)
        for _ in 0..<8 {
            combine(byte: UInt8(truncatingIfNeeded: rest))
            rest >>= 8
        }
    }

    /// Adds a text as its UTF-8 bytes and a closing zero.
    package mutating func combine(_ text: String) {
        for byte in text.utf8 { combine(byte: byte) }
        combine(byte: 0)
    }

    /// The digest of a list of integers: its length, then each element.
    package static func digest(of integers: some Collection<Int64>) -> UInt64 {
        var hash = StableHash()
        hash.combine(Int64(integers.count))
        for integer in integers { hash.combine(integer) }
        return hash.value
    }
}
