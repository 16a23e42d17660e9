// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import CCurl

/// A connection that libcurl has opened and then leaves to us, with or without TLS.
final class CurlSocket: WebSocketTransport {
    let descriptor: Int32
    private let handle: CurlHandle
    private let curl: CurlLoop

    /// Takes the connection of a handle that is done and still belongs to its loop.
    init?(_ handle: CurlHandle, _ curl: CurlLoop) {
        descriptor = martlet_curl_active_socket(handle.pointer)
        self.handle = handle
        self.curl = curl
        guard descriptor >= 0 else { return nil }
        curl.forget(descriptor)
    }

    func receive(into buffer: UnsafeMutableRawBufferPointer) -> TransportResult {
        var count = 0
        let result = curl_easy_recv(handle.pointer, buffer.baseAddress, buffer.count, &count)
        if result == CURLE_OK, count > 0 { return .bytes(count) }
        return result == CURLE_AGAIN ? .again : .over
    }

    func send(_ bytes: UnsafeRawBufferPointer) -> TransportResult {
        var count = 0
        let result = curl_easy_send(handle.pointer, bytes.baseAddress, bytes.count, &count)
        if result == CURLE_OK, count > 0 { return .bytes(count) }
        return result == CURLE_AGAIN ? .again : .over
    }

    /// Ends the connection; libcurl says goodbye in TLS.
    func close() {
        curl.remove(handle)
        curl.close()
    }
}
