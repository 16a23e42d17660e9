// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import CTLSGate
internal import FoundationEssentials

/// The words with which an HTTP connection becomes a WebSocket (RFC 6455, section 4).
enum WebSocketHandshake {
    /// A client's key: 16 random bytes in Base64.
    static func newKey() -> String {
        Data((0..<16).map { _ in UInt8.random(in: .min ... .max) }).base64EncodedString()
    }

    /// Whether it is a key.
    static func isKey(_ text: String) -> Bool { Data(base64Encoded: text)?.count == 16 }

    /// What a server answers to a key.
    static func accept(_ key: String) -> String {
        let text = Array((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").utf8)
        var digest = [UInt8](repeating: 0, count: 20)
        martlet_sha1(text, text.count, &digest)
        return Data(digest).base64EncodedString()
    }
}
