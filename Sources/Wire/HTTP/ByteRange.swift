// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

/// One range of bytes as a request writes it: `bytes=0-99`, `bytes=100-`, `bytes=-100`.
package struct ByteRange: Sendable, Equatable {
    private var first: Int64?
    private var last: Int64?

    /// Reads the field `Range`; `nil` for what is no single range of bytes, which is as if it were not there.
    package init?(_ field: String) {
        guard field.lowercased().hasPrefix("bytes=") else { return nil }
        let ends = field.dropFirst(6).split(separator: "-", omittingEmptySubsequences: false).map { end in
            String(end.filter { $0 != " " })
        }
        guard ends.count == 2, ends != ["", ""],
            ends.allSatisfy({ $0.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) } })
        else { return nil }
        // What is too large for a number is behind every end.
        first = ends[0].isEmpty ? nil : Int64(ends[0]) ?? .max
        last = ends[1].isEmpty ? nil : Int64(ends[1]) ?? .max
        if let first, let last, last < first { return nil }
    }

    /// The bytes that it means in a file of a size; `nil` when there are none.
    package func bytes(of size: Int64) -> Range<Int64>? {
        guard let first else {
            guard let last, last > 0, size > 0 else { return nil }
            return max(0, size - last)..<size
        }
        guard first < size else { return nil }
        return first..<min(size, last.map { $0 == .max ? .max : $0 + 1 } ?? size)
    }
}
