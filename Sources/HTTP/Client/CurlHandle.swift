// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import CCurl
internal import Glibc
internal import MartletModel
internal import MartletPorts

/// One of libcurl's easy handles, with what it needs in memory while it is used.
final class CurlHandle: @unchecked Sendable {
    let pointer: UnsafeMutableRawPointer
    /// Called on the loop's thread when the transfer is done.
    var whenDone: (CURLcode) -> Void = { _ in }
    private let errorText = UnsafeMutablePointer<CChar>.allocate(capacity: Int(CURL_ERROR_SIZE))
    private var list: UnsafeMutablePointer<curl_slist>?

    /// Makes a handle for `url`, which must be `http:` or `https:`.
    ///
    /// - Throws: `HTTPError` (`badURL`, `untrusted`).
    init(url: String, configuration: CurlConfiguration, connectTimeout: Duration) throws {
        guard let pointer = curl_easy_init() else { throw HTTPError(.unreachable, "There is no memory for a call.") }
        self.pointer = pointer
        errorText.pointee = 0
        martlet_curl_set_pointer(pointer, CURLOPT_ERRORBUFFER, errorText)
        martlet_curl_set_pointer(pointer, CURLOPT_PRIVATE, Unmanaged.passUnretained(self).toOpaque())
        martlet_curl_set_text(pointer, CURLOPT_PROTOCOLS_STR, "http,https")
        martlet_curl_set_text(pointer, CURLOPT_URL, url)
        martlet_curl_set_number(pointer, CURLOPT_NOSIGNAL, 1)
        martlet_curl_set_number(pointer, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1)
        martlet_curl_set_number(pointer, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1)
        martlet_curl_set_number(
            pointer, CURLOPT_CONNECTTIMEOUT_MS, max(1, Int(connectTimeout.nanoseconds / 1_000_000)))
        for (option, path) in [
            (CURLOPT_CAINFO, configuration.authorities), (CURLOPT_SSLCERT, configuration.certificate),
            (CURLOPT_SSLKEY, configuration.key),
        ] {
            guard let path else { continue }
            guard access(path, R_OK) == 0 else {
                throw HTTPError(.untrusted, "The file \(path) cannot be read, so nobody can be trusted.")
            }
            martlet_curl_set_text(pointer, option, path)
        }
    }

    deinit {
        curl_easy_cleanup(pointer)
        curl_slist_free_all(list)
        errorText.deallocate()
    }

    /// Sets the fields of the header; libcurl's own `Expect` is left out.
    func setHeaders(_ headers: HTTPHeaders) {
        for field in headers.fields {
            // A field without a value is marked by a semicolon.
            list = curl_slist_append(list, field.value.isEmpty ? "\(field.name);" : "\(field.name): \(field.value)")
        }
        if headers["Expect"] == nil { list = curl_slist_append(list, "Expect:") }
        martlet_curl_set_pointer(pointer, CURLOPT_HTTPHEADER, list)
    }

    /// What failed, in an error's words.
    func error(_ result: CURLcode, url: String) -> HTTPError {
        let text = String(cString: errorText)
        let reason = text.isEmpty ? String(cString: curl_easy_strerror(result)) : text
        return CurlFailure.error(result, reason: reason, url: url)
    }
}
