// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletPorts

/// Lets in whoever has a token.
package struct Door: Sendable {
    private let tokens: AccessTokens?
    private let time: any TimeSource

    /// Makes a door.
    ///
    /// - Parameter tokens: `nil` lets everyone in.
    package init(tokens: AccessTokens?, time: any TimeSource) {
        self.tokens = tokens
        self.time = time
    }

    /// Lets a request in.
    ///
    /// - Throws: `APIError` `unauthorized`.
    package func check(_ request: HTTPRequest, for access: Route.Access) throws {
        guard let tokens, access != .open else { return }
        guard let presented = Self.token(of: request, for: access) else {
            throw APIError.unauthorized("This needs a token.", challenge: "Bearer realm=\"martlet\"")
        }
        // A date in the token file is one of the wall clock's, which alone can tell that it has passed.
        guard tokens.accepts(presented, atMilliseconds: time.wallMilliseconds()) else {
            throw APIError.unauthorized(
                "The token is not known here, or has expired.",
                challenge: "Bearer realm=\"martlet\", error=\"invalid_token\"")
        }
    }

    private static func token(of request: HTTPRequest, for access: Route.Access) -> String? {
        if let field = request.headers["Authorization"] {
            let parts = field.split(separator: " ", maxSplits: 1)
            guard parts.count == 2, parts[0].lowercased() == "bearer" else { return nil }
            return String(parts[1].drop { $0 == " " })
        }
        return access == .tokenOrQuery ? request.query("access_token") : nil
    }
}
