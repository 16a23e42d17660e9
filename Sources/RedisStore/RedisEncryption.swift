// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import CHiredis
internal import Glibc

/// TLS over a connection that never waits. Used by one thread.
///
/// Source: <https://docs.openssl.org/3.0/man7/ssl/>
final class RedisEncryption {
    /// What has to become possible before a step can be tried again.
    enum Wish {
        case toRead, toWrite
    }

    private let session: OpaquePointer
    private let address: RedisAddress
    private var buffer = [UInt8](repeating: 0, count: 16 << 10)

    /// Prepares it; nothing is sent.
    ///
    /// - Parameters:
    ///   - descriptor: an open connection; stays the caller's.
    ///   - host: the name or the address that the other side's certificate must have.
    /// - Throws: `RedisError`: `badAddress` when one of the files cannot be used, `unreachable`.
    init(
        of descriptor: Int32, to host: String, by settings: RedisAddress.Encryption, at address: RedisAddress
    ) throws(RedisError) {
        ERR_clear_error()
        guard let context = SSL_CTX_new(TLS_client_method()) else {
            throw RedisError.unreachable(address, "TLS cannot begin: \(Self.reason)")
        }
        // The session keeps what it needs of it.
        defer { SSL_CTX_free(context) }
        SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nil)
        martlet_tls_settings(context)
        if let file = settings.authority {
            guard SSL_CTX_load_verify_locations(context, file, nil) == 1 else { throw Self.unusable(file) }
        } else {
            SSL_CTX_set_default_verify_paths(context)
        }
        if let file = settings.certificate {
            guard SSL_CTX_use_certificate_chain_file(context, file) == 1 else { throw Self.unusable(file) }
            let key = settings.key ?? file
            guard SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) == 1 else { throw Self.unusable(key) }
        }
        guard let session = SSL_new(context) else {
            throw RedisError.unreachable(address, "TLS cannot begin: \(Self.reason)")
        }
        self.session = session
        self.address = address
        guard martlet_tls_expect(session, host) == 1, SSL_set_fd(session, descriptor) == 1 else {
            throw RedisError.unreachable(address, "TLS cannot begin: \(Self.reason)")
        }
        SSL_set_connect_state(session)
    }

    deinit { SSL_free(session) }

    /// Goes on with the beginning; `nil` when the other side is known to be the right one.
    func shakeHands() throws(RedisError) -> Wish? {
        ERR_clear_error()
        let result = SSL_do_handshake(session)
        if result == 1 { return nil }
        if let wish = wish(after: result) { return wish }
        let verdict = SSL_get_verify_result(session)
        if verdict != Int(X509_V_OK) {
            let text = String(cString: X509_verify_cert_error_string(verdict))
            throw RedisError(
                .unreachable, "the certificate of Redis at \(address) is not trusted: \(text)",
                advice: "Name the authority that signed it: rediss://host?cacert=/path/of/ca.pem.")
        }
        throw RedisError.unreachable(address, "TLS failed: \(Self.reason)")
    }

    /// Sends from the beginning of some bytes, and returns how many.
    func send(_ bytes: [UInt8]) throws(RedisError) -> Int {
        var sent = 0
        while sent < bytes.count {
            ERR_clear_error()
            let result = bytes.withUnsafeBytes { all in
                SSL_write(session, all.baseAddress?.advanced(by: sent), Int32(clamping: all.count - sent))
            }
            if result > 0 {
                sent += Int(result)
            } else if wish(after: result) != nil {
                break
            } else {
                throw broken()
            }
        }
        return sent
    }

    /// Hands on everything that has come.
    func receive(_ body: (UnsafeRawBufferPointer) -> Void) throws(RedisError) {
        while true {
            ERR_clear_error()
            let result = SSL_read(session, &buffer, Int32(buffer.count))
            if result > 0 {
                buffer.withUnsafeBytes { body(UnsafeRawBufferPointer(rebasing: $0[..<Int(result)])) }
            } else if wish(after: result) != nil {
                return
            } else {
                throw broken()
            }
        }
    }

    private func wish(after result: Int32) -> Wish? {
        switch SSL_get_error(session, result) {
        case SSL_ERROR_WANT_READ: .toRead
        case SSL_ERROR_WANT_WRITE: .toWrite
        default: nil
        }
    }

    private func broken() -> RedisError {
        RedisError(.disconnected, "the connection to Redis at \(address) broke: \(Self.reason)")
    }

    /// Why the last step failed.
    private static var reason: String {
        let code = ERR_peek_last_error()
        guard code != 0, let text = ERR_reason_error_string(code) else {
            return errno == 0 ? "it was closed" : String(cString: strerror(errno))
        }
        return String(cString: text)
    }

    private static func unusable(_ file: String) -> RedisError {
        RedisError(
            .badAddress, "the file \(file) cannot be used for TLS with Redis: \(reason)",
            advice: "It must be there, readable, and in PEM form.")
    }
}
