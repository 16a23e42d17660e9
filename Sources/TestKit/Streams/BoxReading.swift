// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

/// A stretch of bytes with boxes of MP4 in it.
///
/// Source: ISO/IEC 14496-12
struct BoxReading {
    /// The bytes.
    let bytes: ArraySlice<UInt8>

    init(_ bytes: ArraySlice<UInt8>) { self.bytes = bytes }

    /// A number of some bytes, so many bytes from the beginning; 0 behind the end.
    func number(at offset: Int, bytes count: Int) -> Int64 {
        let start = bytes.startIndex + offset
        guard offset >= 0, start + count <= bytes.endIndex else { return 0 }
        return bytes[start..<start + count].reduce(0) { $0 << 8 | Int64($1) }
    }

    /// The boxes that follow one another from an offset on.
    func boxes(from offset: Int = 0) -> [(type: String, content: BoxReading)] {
        var found: [(String, BoxReading)] = []
        var position = bytes.startIndex + offset
        while position + 8 <= bytes.endIndex {
            let here = BoxReading(bytes[position...])
            let size = Int(here.number(at: 0, bytes: 4))
            guard size >= 8, position + size <= bytes.endIndex else { break }
            found.append(
                (
                    String(decoding: bytes[position + 4..<position + 8], as: UTF8.self),
                    BoxReading(bytes[position + 8..<position + size])
                ))
            position += size
        }
        return found
    }

    /// The content of the first box under a path of types.
    func box(_ path: String..., from offset: Int = 0) -> BoxReading? {
        var current = self
        var offset = offset
        for type in path {
            guard let next = current.boxes(from: offset).first(where: { $0.type == type }) else { return nil }
            current = next.content
            offset = 0
        }
        return current
    }
}
