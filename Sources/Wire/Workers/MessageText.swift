// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

/// The JSON text of messages.
package enum MessageText {
    /// The text of a message, keys in order.
    package static func encode(_ message: some Encodable) throws -> String {
        try JSONText.text(message)
    }

    /// The message that a text stands for.
    ///
    /// - Throws: `DecodingError` when it stands for none.
    package static func decode<Message: Decodable>(_ type: Message.Type, from text: String) throws -> Message {
        try JSONText.value(type, from: Array(text.utf8))
    }

    /// As above, from bytes in UTF-8.
    package static func decode<Message: Decodable>(_ type: Message.Type, from bytes: [UInt8]) throws -> Message {
        try JSONText.value(type, from: bytes)
    }
}
