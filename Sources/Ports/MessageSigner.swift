// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

/// Signs messages so that the other end can tell who wrote them.
package protocol MessageSigner: Sendable {
    /// The HMAC-SHA256 of a message, as 64 hexadecimal digits in lower case.
    ///
    /// Source: <https://www.rfc-editor.org/rfc/rfc2104>
    func signature(of message: [UInt8], secret: [UInt8]) -> String
}
