// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import FoundationEssentials

/// The JSON form of values that are kept as text.
struct JSONText {
    private let encoder = JSONEncoder()
    private let decoder = JSONDecoder()
    private let path: String

    /// - Parameter path: the database's path, for messages.
    init(path: String) {
        self.path = path
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    }

    func encode(_ value: some Encodable) throws -> SQLValue {
        do {
            return .text(String(decoding: try encoder.encode(value), as: UTF8.self))
        } catch {
            throw StoreError(.failed, "a \(type(of: value)) cannot be written to \(path): \(error)")
        }
    }

    func decode<Value: Decodable>(_ type: Value.Type, _ text: String?) throws -> Value {
        do {
            return try decoder.decode(type, from: Data((text ?? "").utf8))
        } catch {
            throw StoreError.corrupt(path: path, reason: "a \(type) in it cannot be read: \(error)")
        }
    }
}
