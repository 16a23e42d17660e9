// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import FoundationEssentials

/// Turns messages into JSON and back; one form for all.
package enum JSONText {
    /// JSON on one line, keys sorted, slashes as they are.
    package static func bytes(_ value: some Encodable) throws -> [UInt8] { Array(try data(value)) }

    /// The same as text.
    package static func text(_ value: some Encodable) throws -> String {
        String(decoding: try data(value), as: UTF8.self)
    }

    /// Reads JSON.
    ///
    /// - Throws: `DecodingError`.
    package static func value<Value: Decodable>(_ type: Value.Type, from bytes: [UInt8]) throws -> Value {
        try JSONDecoder().decode(type, from: Data(bytes))
    }

    private static func data(_ value: some Encodable) throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return try encoder.encode(value)
    }
}
