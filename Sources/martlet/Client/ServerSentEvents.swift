// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

/// Reads a stream of server-sent events, a block of bytes at a time.
///
/// Source: <https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation>
struct ServerSentEvents: Sendable {
    /// One event.
    struct Event: Sendable, Equatable {
        /// Its id, or that of the last event that had one; `nil` when none had.
        var id: String?
        /// What is to be told.
        var data: String
    }

    private var line: [UInt8] = []
    private var endedWithReturn = false
    private var data: [String] = []
    private(set) var lastID: String?

    /// Makes a reader.
    ///
    /// - Parameter lastID: the id of the last event of the stream that this one goes on with.
    init(lastID: String? = nil) { self.lastID = lastID }

    /// Takes up bytes; returns the events that they complete.
    mutating func take(_ bytes: [UInt8]) -> [Event] {
        var events: [Event] = []
        for byte in bytes {
            let follows = endedWithReturn
            endedWithReturn = byte == UInt8(ascii: "\r")
            if byte == UInt8(ascii: "\n"), follows { continue }
            guard byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r") else {
                line.append(byte)
                continue
            }
            if let event = endLine() { events.append(event) }
        }
        return events
    }

    private mutating func endLine() -> Event? {
        let text = String(decoding: line, as: UTF8.self)
        line.removeAll(keepingCapacity: true)
        guard !text.isEmpty else {
            defer { data = [] }
            return data.isEmpty ? nil : Event(id: lastID, data: data.joined(separator: "\n"))
        }
        let colon = text.firstIndex(of: ":") ?? text.endIndex
        var value = colon == text.endIndex ? "" : text[text.index(after: colon)...]
        if value.first == " " { value = value.dropFirst() }
        switch text[..<colon] {
        case "data": data.append(String(value))
        case "id" where !value.unicodeScalars.contains("\0"): lastID = String(value)
        default: break
        }
        return nil
    }
}
