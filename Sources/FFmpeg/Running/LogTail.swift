// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

/// The last messages of a program, up to a fixed number of bytes.
struct LogTail {
    private let capacity: Int
    private var bytes: [UInt8] = []
    private var isCut = false

    /// Makes an empty tail of at most `capacity` bytes, 32 KiB by default.
    init(capacity: Int = 32_768) { self.capacity = capacity }

    /// Takes the next piece and forgets the oldest where there is no room.
    mutating func append(_ piece: [UInt8]) {
        bytes += piece.suffix(capacity)
        // Twice the room, so that a flood of short pieces does not move everything each time.
        if bytes.count > 2 * capacity { trim() }
    }

    /// The messages; begins at the start of a line.
    var text: String {
        var tail = self
        tail.trim()
        guard tail.isCut else { return String(decoding: tail.bytes, as: UTF8.self) }
        let start = tail.bytes.firstIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
        return String(decoding: tail.bytes[start...], as: UTF8.self)
    }

    private mutating func trim() {
        guard bytes.count > capacity else { return }
        bytes.removeFirst(bytes.count - capacity)
        isCut = true
    }
}
