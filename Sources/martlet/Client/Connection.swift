// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import FoundationEssentials

/// How a coordinator is reached: what options say, read and checked.
struct Connection: Sendable, Equatable {
    /// Where a coordinator is when nothing is said.
    static let usualAddress = "http://127.0.0.1:8090"

    /// The coordinator's URL, without a slash at its end.
    let address: String
    /// The token; `nil` when there is none.
    let token: String?
    /// The file of certificates that the coordinator's must be signed by; `nil` for the system's.
    let authority: String?
    /// This machine's certificate and its key; `nil` when it has none.
    let identity: Identity?

    /// A certificate and its key.
    struct Identity: Sendable, Equatable {
        /// The PEM file of the certificate.
        var certificate: String
        /// The PEM file of the key.
        var key: String
    }

    /// Reads and checks what options say.
    ///
    /// - Throws: `CommandLineError`.
    init(_ settings: ConnectionSettings) throws {
        var address = settings.coordinator ?? Self.usualAddress
        while address.last == "/" { address.removeLast() }
        self.address = address
        token = try Self.token(settings)
        authority = settings.authority
        for path in [settings.authority, settings.clientCertificate, settings.clientKey].compactMap({ $0 }) {
            guard FileManager.default.isReadableFile(atPath: path) else {
                throw CommandLineError(
                    .badValue, "The file \(path) cannot be read.", advice: "Check its path and its permissions.")
            }
        }
        switch (settings.clientCertificate, settings.clientKey) {
        case (let certificate?, let key?): identity = Identity(certificate: certificate, key: key)
        case (nil, nil): identity = nil
        case (_?, nil):
            throw CommandLineError(
                .missingValue, "`--client-certificate` stands without its key.", advice: "Add `--client-key FILE`.")
        case (nil, _?):
            throw CommandLineError(
                .missingValue, "`--client-key` stands without its certificate.",
                advice: "Add `--client-certificate FILE`.")
        }
    }

    private static func token(_ settings: ConnectionSettings) throws -> String? {
        if settings.token != nil, settings.tokenFile != nil {
            throw CommandLineError(
                .contradiction, "`--token` and `--token-file` exclude each other.", advice: "Leave one of them out.")
        }
        if let token = settings.token {
            guard isSendable(token) else {
                throw CommandLineError(
                    .badValue, "`--token` is no token: it holds blanks or other signs that cannot be sent.",
                    advice: "Copy it again; a token is one word.")
            }
            return token
        }
        return try settings.tokenFile.map(firstToken)
    }

    /// The first token of a file; what stands after a comma says how long it holds, and is for the coordinator.
    private static func firstToken(of path: String) throws -> String {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw CommandLineError(
                .badValue, "The token file \(path) cannot be read.", advice: "Check its path and its permissions.")
        }
        let lines = String(decoding: data, as: UTF8.self).split(whereSeparator: \.isNewline)
        let words = lines.lazy.compactMap { $0.split(whereSeparator: { $0.isWhitespace || $0 == "," }).first }
        guard let token = words.first(where: { !$0.hasPrefix("#") }).map(String.init), isSendable(token) else {
            throw CommandLineError(
                .badValue, "The token file \(path) holds no token.", advice: "Write the token into its first line.")
        }
        return token
    }

    private static func isSendable(_ token: String) -> Bool {
        !token.isEmpty && token.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }
    }
}
