// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import CCrypto
internal import MartletModel

/// A running SHA-256, by libcrypto.
///
/// Source: <https://docs.openssl.org/3.0/man3/EVP_DigestInit/>
final class SHA256Digest {
    private let context: OpaquePointer

    /// Makes the digest of nothing.
    init() {
        guard let context = EVP_MD_CTX_new(), EVP_DigestInit_ex(context, EVP_sha256(), nil) == 1 else {
            fatalError("libcrypto cannot make a SHA-256")
        }
        self.context = context
    }

    deinit { EVP_MD_CTX_free(context) }

    /// Adds bytes.
    func update(_ bytes: UnsafeRawBufferPointer) {
        guard EVP_DigestUpdate(context, bytes.baseAddress, bytes.count) == 1 else {
            fatalError("libcrypto cannot continue a SHA-256")
        }
    }

    /// The digest as 64 hexadecimal digits; nothing may be added afterwards.
    func finish() -> String {
        var digest = [UInt8](repeating: 0, count: 32)
        guard EVP_DigestFinal_ex(context, &digest, nil) == 1 else {
            fatalError("libcrypto cannot end a SHA-256")
        }
        return Hexadecimal.text(digest)
    }
}
