// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

/// Cuts a stream of bytes that arrives in any pieces into lines.
struct LineSplitter {
    private var rest: [UInt8] = []
    /// A line without end must not take all memory.
    private let longest = 65_536

    /// Makes a splitter that has seen nothing.
    init() {}

    /// Takes the next piece; returns the lines that it completes, without their ends.
    mutating func append(_ bytes: [UInt8]) -> [String] {
        var lines: [String] = []
        for part in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).dropLast() {
            rest += part
            lines.append(takeLine())
        }
        rest += bytes.suffix(from: bytes.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0)
        if rest.count > longest { lines.append(takeLine()) }
        return lines
    }

    /// The last line, when the stream ended without a line end; `nil` when there is none.
    mutating func finish() -> String? { rest.isEmpty ? nil : takeLine() }

    private mutating func takeLine() -> String {
        defer { rest = [] }
        if rest.last == UInt8(ascii: "\r") { rest.removeLast() }
        return String(decoding: rest, as: UTF8.self)
    }
}
