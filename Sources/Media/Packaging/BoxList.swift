// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

/// The boxes of a piece of MP4, one after the other.
///
/// Source: ISO/IEC 14496-12, section 4.2
struct BoxList {
    /// What stands before the first fragment: `ftyp` and `moov`.
    private(set) var head: [UInt8] = []
    /// Everything from the first `moof` on.
    private(set) var fragments: [UInt8] = []

    /// Takes a piece apart.
    init(_ bytes: [UInt8]) {
        var position = 0
        while position + 8 <= bytes.count {
            let size = bytes[position..<position + 4].reduce(0) { $0 << 8 | Int($1) }
            let type = String(decoding: bytes[position + 4..<position + 8], as: UTF8.self)
            guard size >= 8, position + size <= bytes.count else { break }
            if type == "moof" { break }
            head += bytes[position..<position + size]
            position += size
        }
        fragments = Array(bytes[position...])
    }
}
