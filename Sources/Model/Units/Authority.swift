// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

/// A host, and mostly a port, as a URL has them: IPv6 addresses stand in brackets.
///
/// Source: <https://www.rfc-editor.org/rfc/rfc3986#section-3.2>
package struct Authority: Sendable, Hashable, CustomStringConvertible {
    /// A name or an address, without brackets.
    package var host: String
    /// The port; `nil` for the scheme's own.
    package var port: Int?

    /// Makes it of its parts.
    package init(_ host: String, port: Int? = nil) {
        self.host = host
        self.port = port
    }

    /// The one in a URL.
    ///
    /// - Parameter url: begins with the authority where it names no scheme.
    package init(of url: String) {
        var rest = Substring(url)
        if let scheme = rest.firstRange(of: "://") { rest = rest[scheme.upperBound...] }
        rest = rest.prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        let host: Substring
        if rest.hasPrefix("[") {
            host = rest.dropFirst().prefix { $0 != "]" }
            rest = rest.dropFirst(host.count + 2)
        } else {
            host = rest.prefix { $0 != ":" }
            rest = rest.dropFirst(host.count)
        }
        self.init(String(host), port: Int(rest.dropFirst()))
    }

    package var description: String {
        (host.contains(":") ? "[\(host)]" : host) + (port.map { ":\($0)" } ?? "")
    }
}
