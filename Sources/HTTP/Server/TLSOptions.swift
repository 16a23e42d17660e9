// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import CMicroHTTPD
internal import CTLSGate
internal import FoundationEssentials
internal import Glibc

/// libmicrohttpd's options for TLS, with the texts that they point to.
final class TLSOptions {
    private var texts: [UnsafeMutablePointer<CChar>] = []
    private(set) var options: [MHD_OptionItem] = []

    /// Reads the files, and looks whether they can be used.
    ///
    /// - Throws: `HTTPError` (`cannotListen`), which names the files.
    init(_ tls: ServerTLS) throws {
        let (certificate, key) = (try Self.text(of: tls.certificate), try Self.text(of: tls.key))
        if let fault = martlet_tls_fault(certificate, key) {
            throw Self.error("the certificate \(tls.certificate) and the key \(tls.key)", fault)
        }
        add(.HTTPS_MEM_CERT, certificate)
        add(.HTTPS_MEM_KEY, key)
        if let path = tls.clientAuthorities {
            let authorities = try Self.text(of: path)
            if let fault = martlet_tls_fault(authorities, nil) {
                throw Self.error("the client authorities \(path)", fault)
            }
            add(.HTTPS_MEM_TRUST, authorities)
        }
        add(.HTTPS_PRIORITIES, "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2")
    }

    deinit { for text in texts { free(text) } }

    private static func text(of path: String) throws -> String {
        guard let bytes = try? Data(contentsOf: URL(filePath: path)) else {
            throw HTTPError(.cannotListen, "Cannot listen with TLS: \(path) cannot be read.")
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func error(_ files: String, _ fault: UnsafePointer<CChar>) -> HTTPError {
        HTTPError(.cannotListen, "Cannot listen with TLS: \(files) cannot be used: \(String(cString: fault))")
    }

    private func add(_ option: MHD_OPTION, _ text: String) {
        guard let copy = strdup(text) else { return }
        texts.append(copy)
        options.append(MHD_OptionItem(option: option, value: 0, ptr_value: copy))
    }
}
