// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import FoundationEssentials
import MartletCoordinator

extension AccessTokens {
    /// The tokens that options name; `nil` when they name none.
    ///
    /// - Throws: `CommandLineError`; what `init(file:)` throws.
    static func named(by connection: ConnectionSettings) throws -> AccessTokens? {
        if connection.token != nil, connection.tokenFile != nil {
            throw CommandLineError(
                .contradiction, "`--token` and `--token-file` exclude each other.", advice: "Leave one of them out.")
        }
        if let path = connection.tokenFile {
            guard let data = FileManager.default.contents(atPath: path) else {
                throw CommandLineError(
                    .badValue, "The file \(path) cannot be read.", advice: "Check its path and its permissions.")
            }
            return try AccessTokens(file: String(decoding: data, as: UTF8.self))
        }
        // Checks the token's form as clients do.
        return try Connection(ConnectionSettings(token: connection.token)).token.map { AccessTokens($0) }
    }
}
