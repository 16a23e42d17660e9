// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import CCrypto
internal import MartletModel
internal import MartletPorts

/// Signs by libcrypto.
///
/// Source: <https://docs.openssl.org/3.0/man3/EVP_MAC/>
package struct HMACSigner: MessageSigner {
    /// Makes a signer.
    package init() {}

    package func signature(of message: [UInt8], secret: [UInt8]) -> String {
        var mac = [UInt8](repeating: 0, count: 32)
        var length = 0
        let isDone = EVP_Q_mac(
            nil, "HMAC", nil, "SHA256", nil, secret, secret.count, message, message.count, &mac, mac.count, &length)
        guard isDone != nil, length == mac.count else { fatalError("libcrypto cannot make an HMAC") }
        return Hexadecimal.text(mac)
    }
}
