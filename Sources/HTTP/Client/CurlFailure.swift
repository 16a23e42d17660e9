// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import CCurl

/// What libcurl's results mean here.
enum CurlFailure {
    /// An error for a result other than success.
    static func error(_ result: CURLcode, reason: String, url: String) -> HTTPError {
        let name = name(of: url)
        switch result {
        // What libcurl calls every answer without a status line.
        case CURLE_UNSUPPORTED_PROTOCOL where reason.contains("HTTP/0.9"):
            return HTTPError(.badAnswer, "What answers at \(name) does not speak HTTP.")
        case CURLE_URL_MALFORMAT, CURLE_UNSUPPORTED_PROTOCOL:
            return HTTPError(.badURL, "\(name) is no address that can be called: \(reason).")
        case CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_ISSUER_ERROR, CURLE_SSL_CERTPROBLEM, CURLE_SSL_CACERT_BADFILE,
            CURLE_SSL_CRL_BADFILE, CURLE_SSL_PINNEDPUBKEYNOTMATCH, CURLE_SSL_INVALIDCERTSTATUS:
            return untrusted(name, reason)
        case CURLE_SSL_CONNECT_ERROR where reason.contains("wrong version number"):
            return HTTPError(.badAnswer, "What answers at \(name) does not speak TLS.")
        // A server that wants another certificate says so by an alert: within the handshake (TLS 1.2), or as the
        // answer to the first request (TLS 1.3). libcurl 7.88 has no result of its own for either.
        case CURLE_SSL_CONNECT_ERROR where reason.contains("alert"), CURLE_RECV_ERROR where reason.contains("alert"),
            CURLE_SEND_ERROR where reason.contains("alert"):
            return untrusted(name, reason)
        case CURLE_WEIRD_SERVER_REPLY, CURLE_HTTP2, CURLE_BAD_CONTENT_ENCODING, CURLE_CHUNK_FAILED:
            return HTTPError(.badAnswer, "What answers at \(name) does not speak HTTP: \(reason).")
        default:
            return HTTPError(.unreachable, "\(name) cannot be reached: \(reason).")
        }
    }

    /// An address without what may be secret: names, passwords and the query.
    static func name(of url: String) -> String {
        var text = url.prefix { $0 != "?" && $0 != "#" }
        guard let scheme = text.firstRange(of: "://") else { return String(text) }
        let authorityEnd = text[scheme.upperBound...].firstIndex(of: "/") ?? text.endIndex
        if let at = text[scheme.upperBound..<authorityEnd].lastIndex(of: "@") {
            text.removeSubrange(scheme.upperBound...at)
        }
        return String(text)
    }

    private static func untrusted(_ name: String, _ reason: String) -> HTTPError {
        HTTPError(
            .untrusted, "\(name) and this machine do not trust each other: \(reason).",
            advice: "Check the certificates on both sides, and that the name in the address is the certificate's.")
    }
}
