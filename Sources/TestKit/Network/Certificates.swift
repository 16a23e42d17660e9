// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

/// Certificates made by the program openssl, once for all tests.
package struct Certificates: Sendable {
    /// Those of one authority: its own, a server's for the loopback, and a client's named `worker-7`.
    package struct Family: Sendable {
        /// The authority's own certificate.
        package var authority: String
        /// A server's for 127.0.0.1 and localhost.
        package var server: (certificate: String, key: String)
        /// A client's.
        package var client: (certificate: String, key: String)
    }

    /// Where they lie, with room for more.
    package let directory: TemporaryDirectory
    /// Those that fit each other.
    package let own: Family
    /// Those of a stranger.
    package let foreign: Family

    private static let making = Task { try await Certificates() }

    /// The certificates; made at the first call.
    package static func made() async throws -> Certificates { try await making.value }

    private init() async throws {
        directory = try TemporaryDirectory()
        own = try await Self.family("own", in: directory)
        foreign = try await Self.family("foreign", in: directory)
    }

    private static func family(_ name: String, in directory: TemporaryDirectory) async throws -> Family {
        func path(_ what: String) -> String { directory.file("\(name)-\(what)") }
        func openssl(_ arguments: String...) async throws {
            let outcome = try await ChildProcess.run("openssl", arguments)
            guard outcome.isSuccess else { throw CannotMake(description: outcome.errors) }
        }
        func key(_ what: String) async throws {
            try await openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", path(what))
        }
        try await key("ca.key")
        try await openssl(
            "req", "-x509", "-new", "-key", path("ca.key"), "-subj", "/CN=\(name) authority", "-days", "3", "-out",
            path("ca.pem"), "-addext", "basicConstraints=critical,CA:TRUE")
        for (what, subject, extensions) in [
            ("server", "/CN=coordinator", "subjectAltName=IP:127.0.0.1,DNS:localhost\nextendedKeyUsage=serverAuth"),
            ("client", "/CN=worker-7", "extendedKeyUsage=clientAuth"),
        ] {
            try await key("\(what).key")
            try await openssl(
                "req", "-new", "-key", path("\(what).key"), "-subj", subject, "-out", path("\(what).csr"))
            let extensionFile = try directory.write(extensions, to: "\(name)-\(what).ext")
            try await openssl(
                "x509", "-req", "-in", path("\(what).csr"), "-CA", path("ca.pem"), "-CAkey", path("ca.key"),
                "-CAcreateserial", "-days", "3", "-extfile", extensionFile, "-out", path("\(what).pem"))
        }
        return Family(
            authority: path("ca.pem"), server: (path("server.pem"), path("server.key")),
            client: (path("client.pem"), path("client.key")))
    }

    private struct CannotMake: Error, CustomStringConvertible {
        let description: String
    }
}
