// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

/// Where an HTTP server listens, and what it puts up with.
package struct HTTPServerConfiguration: Sendable {
    /// The numeric address or name to listen on.
    package var host: String
    /// The port; 0 takes any free one.
    package var port: Int
    /// What TLS needs; `nil` listens without it.
    package var tls: ServerTLS?
    /// What WebSockets put up with.
    package var webSockets = WebSocketLimits()
    /// The most connections at a time; more wait in the system's queue. Each takes a descriptor, and two more for a
    /// WebSocket over TLS: whoever runs the process sees to it that it may have them.
    package var connectionLimit = 8192
    /// The most bytes of a request's line and header, 4 KiB at least; beyond it the answer is 414 or 431. Each connection
    /// keeps a buffer of this size.
    package var headerLimit = 16 << 10
    /// How long a request's header may take to come in, the handshake of TLS included.
    package var headerDeadline: Duration = .seconds(30)
    /// How long a connection may be silent where the other end has the word; in whole seconds, rounded up.
    package var idleTimeout: Duration = .seconds(60)
    /// How many bytes of a body are read ahead of whoever asks for them.
    package var readAhead = 256 << 10
    /// How many bytes of an unwanted body are read and thrown away so that the connection can go on.
    package var discardLimit = 16 << 20
    /// How long requests under way may go on after `stop`.
    package var stopGrace: Duration = .seconds(2)

    /// Makes a configuration.
    package init(host: String = "127.0.0.1", port: Int = 0) {
        self.host = host
        self.port = port
    }
}

/// A server's part in TLS. All files are PEM.
package struct ServerTLS: Sendable {
    /// The file with the server's certificate, followed by those that lead to a well-known one.
    package var certificate: String
    /// The file with the certificate's key, without a password.
    package var key: String
    /// The file with the certificates of those whose word is taken for a client's name. With it, a client without such a
    /// certificate is refused.
    package var clientAuthorities: String?

    /// Makes it.
    package init(certificate: String, key: String, clientAuthorities: String? = nil) {
        self.certificate = certificate
        self.key = key
        self.clientAuthorities = clientAuthorities
    }
}
