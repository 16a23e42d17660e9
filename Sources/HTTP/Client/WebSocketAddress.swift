// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

/// The parts of a WebSocket's URL that a client needs.
struct WebSocketAddress: Equatable {
    /// The same address with `http:` or `https:`, as libcurl wants it.
    var url: String
    /// Host and port, as they go into the header.
    var host: String
    /// Path and query.
    var target: String

    /// Reads a URL with the scheme `ws`, `wss`, `http` or `https`.
    ///
    /// - Throws: `HTTPError` (`badURL`).
    init(_ text: String) throws {
        let failure = HTTPError(.badURL, "\(CurlFailure.name(of: text)) is no address of a WebSocket.")
        guard text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }), let separator = text.firstRange(of: "://") else {
            throw failure
        }
        let scheme: String
        switch text[..<separator.lowerBound].lowercased() {
        case "ws", "http": scheme = "http"
        case "wss", "https": scheme = "https"
        default: throw failure
        }
        let rest = text[separator.upperBound...].prefix { $0 != "#" }
        let end = rest.firstIndex { $0 == "/" || $0 == "?" } ?? rest.endIndex
        let authority = rest[..<end]
        host = String(authority.lastIndex(of: "@").map { authority[authority.index(after: $0)...] } ?? authority)
        guard !host.isEmpty else { throw failure }
        let target = rest[end...]
        self.target = target.hasPrefix("/") ? String(target) : "/" + target
        url = "\(scheme)://\(rest)"
    }
}
