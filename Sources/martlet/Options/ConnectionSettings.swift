// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

/// What options say about how a coordinator is reached.
struct ConnectionSettings: Sendable, Equatable {
    /// The coordinator's URL; `nil` when none was named.
    var coordinator: String?
    /// The token.
    var token: String?
    /// The file that the token stands in.
    var tokenFile: String?
    /// The file of certificates that the coordinator's must be signed by; `nil` for the system's.
    var authority: String?
    /// The file of this machine's certificate.
    var clientCertificate: String?
    /// The file of its key.
    var clientKey: String?
}
