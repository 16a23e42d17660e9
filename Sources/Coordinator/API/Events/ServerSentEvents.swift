// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import MartletPorts

/// A reader's events as a body of server-sent events.
///
/// Source: <https://html.spec.whatwg.org/multipage/server-sent-events.html>
actor ServerSentEvents: HTTPBody {
    /// After how many milliseconds a browser comes again when the connection broke.
    private static let retryMilliseconds = 2000

    private let reader: EventReader
    private var hasBegun = false

    /// Makes a body.
    init(_ reader: EventReader) { self.reader = reader }

    func next() async throws -> [UInt8]? {
        if !hasBegun {
            hasBegun = true
            // Sent at once, so that the other end sees that it is connected.
            return Array("retry: \(Self.retryMilliseconds)\n\n".utf8)
        }
        switch await reader.next() {
        case .entries(let entries): return Array(entries.map(Self.text).joined().utf8)
        case .gap(let entry): return Array(Self.text(of: entry).utf8)
        case .stillHere: return Array(": still here\n\n".utf8)
        case nil: return nil
        }
    }

    private static func text(of entry: EventLog.Entry) -> String {
        "id: \(entry.id)\nevent: \(entry.name)\ndata: \(entry.text)\n\n"
    }
}
