// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import CMicroHTTPD
internal import FoundationEssentials
internal import Glibc

/// libmicrohttpd's options for TLS, with the texts that they point to.
final class TLSOptions {
    private var texts: [UnsafeMutablePointer<CChar>] = []
    private(set) var options: [MHD_OptionItem] = []

    /// Reads the files.
    ///
    /// - Throws: `HTTPError` (`cannotListen`).
    init(_ tls: ServerTLS) throws {
        try add(.HTTPS_MEM_CERT, file: tls.certificate)
        try add(.HTTPS_MEM_KEY, file: tls.key)
        if let authorities = tls.clientAuthorities { try add(.HTTPS_MEM_TRUST, file: authorities) }
        add(.HTTPS_PRIORITIES, "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2")
    }

    deinit { for text in texts { free(text) } }

    private func add(_ option: MHD_OPTION, file path: String) throws {
        guard let bytes = try? Data(contentsOf: URL(filePath: path)) else {
            throw HTTPError(.cannotListen, "Cannot listen with TLS: \(path) cannot be read.")
        }
        add(option, String(decoding: bytes, as: UTF8.self))
    }

    private func add(_ option: MHD_OPTION, _ text: String) {
        guard let copy = strdup(text) else { return }
        texts.append(copy)
        options.append(MHD_OptionItem(option: option, value: 0, ptr_value: copy))
    }
}
