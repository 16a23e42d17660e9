// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

/// Whom a client trusts, and who it is.
package struct CurlConfiguration: Sendable {
    /// A file with the certificates (PEM) of those whose word is taken for a server's name; `nil` trusts whom the system
    /// trusts.
    package var authorities: String?
    /// A file with this client's certificate (PEM), for servers that ask for one; `nil` without one.
    package var certificate: String?
    /// A file with the key of `certificate` (PEM, without a password).
    package var key: String?
    /// What WebSockets put up with.
    package var webSockets = WebSocketLimits()

    /// Makes a configuration.
    package init(authorities: String? = nil, certificate: String? = nil, key: String? = nil) {
        self.authorities = authorities
        self.certificate = certificate
        self.key = key
    }
}
