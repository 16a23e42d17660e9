// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

/// Writes numbers in few bytes: seven bits each, small ones first.
package struct ByteWriter {
    /// What was written so far.
    package private(set) var bytes: [UInt8] = []

    /// Begins without a byte.
    package init() {}

    /// Adds bytes as they are, after their number.
    package mutating func write(_ raw: some Collection<UInt8>) {
        write(UInt64(raw.count))
        bytes.append(contentsOf: raw)
    }

    /// Adds an unsigned number, 1 to 10 bytes.
    package mutating func write(_ number: UInt64) {
        var rest = number
        while rest > 0x7f {
            bytes.append(UInt8(rest & 0x7f) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }

    /// Adds a signed number; those near zero are short.
    package mutating func write(_ number: Int64) { write(UInt64(bitPattern: number << 1 ^ number >> 63)) }

    /// Adds a text.
    package mutating func write(_ text: String) { write(text.utf8) }
}

/// Reads what `ByteWriter` wrote; every read answers `nil` when the bytes do not hold it.
package struct ByteReader {
    private let bytes: UnsafeBufferPointer<UInt8>
    private var position = 0

    /// Starts at the first byte.
    package init(_ bytes: UnsafeBufferPointer<UInt8>) { self.bytes = bytes }

    /// How many bytes are left.
    package var remaining: Int { bytes.count - position }

    /// The next unsigned number.
    package mutating func unsigned() -> UInt64? {
        var (value, shift): (UInt64, UInt64) = (0, 0)
        while position < bytes.count, shift < 64 {
            let byte = bytes[position]
            position += 1
            value |= UInt64(byte & 0x7f) << shift
            if byte & 0x80 == 0 { return value }
            shift += 7
        }
        return nil
    }

    /// The next signed number.
    package mutating func signed() -> Int64? {
        guard let raw = unsigned() else { return nil }
        return Int64(bitPattern: raw >> 1) ^ -Int64(bitPattern: raw & 1)
    }

    /// The next number, which must be a count of things of at least one byte each.
    package mutating func count() -> Int? {
        guard let raw = unsigned(), raw <= UInt64(remaining) else { return nil }
        return Int(raw)
    }

    /// The next bytes, without copying them.
    package mutating func raw() -> UnsafeBufferPointer<UInt8>? {
        guard let count = count() else { return nil }
        defer { position += count }
        return UnsafeBufferPointer(rebasing: bytes[position..<position + count])
    }

    /// The next text.
    package mutating func text() -> String? { raw().map { String(decoding: $0, as: UTF8.self) } }
}
