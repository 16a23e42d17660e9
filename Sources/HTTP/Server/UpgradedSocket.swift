// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import CMicroHTTPD
internal import CTLSGate
internal import Glibc

/// A connection to the server that has left HTTP.
///
/// Over TLS the session is used directly: libmicrohttpd 0.9.75 would pass four
/// bytes at a time through a pair of sockets.
final class UpgradedSocket: WebSocketTransport {
    let descriptor: Int32
    private let session: UnsafeMutableRawPointer?
    private let handle: OpaquePointer
    private let daemon: ServerDaemon
    /// TLS has taken bytes that it could not pass on yet.
    private var isInFlight = false

    /// Takes the connection over.
    init(_ connection: ServerConnection, _ handle: OpaquePointer) {
        descriptor = connection.descriptor
        session = connection.session
        daemon = connection.daemon
        self.handle = handle
        // libmicrohttpd leaves Nagle's algorithm on, which costs 44 ms a message over TLS.
        var on: Int32 = 1
        var off: Int32 = 0
        let size = socklen_t(MemoryLayout<Int32>.size)
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_CORK, &off, size)
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, size)
        if let session { martlet_tls_take(session) }
    }

    func receive(into buffer: UnsafeMutableRawBufferPointer) -> TransportResult {
        guard let session else {
            return result(recv(descriptor, buffer.baseAddress, buffer.count, Int32(MSG_DONTWAIT)))
        }
        return tlsResult(martlet_tls_receive(session, buffer.baseAddress, buffer.count))
    }

    func send(_ bytes: UnsafeRawBufferPointer) -> TransportResult {
        guard let session else {
            let flags = Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL)
            return result(Glibc.send(descriptor, bytes.baseAddress, bytes.count, flags))
        }
        // A TLS record holds 16 KiB. One that was begun must be ended before the next.
        let sent =
            isInFlight
            ? martlet_tls_send(session, nil, 0) : martlet_tls_send(session, bytes.baseAddress, min(bytes.count, 16384))
        isInFlight = sent == ssize_t(MARTLET_TLS_AGAIN)
        return tlsResult(sent)
    }

    func close() {
        martlet_mhd_close_upgraded(handle)
        daemon.kick()
    }

    private func result(_ count: Int) -> TransportResult {
        if count > 0 { return .bytes(count) }
        return count < 0 && (errno == EAGAIN || errno == EINTR) ? .again : .over
    }

    private func tlsResult(_ count: Int) -> TransportResult {
        if count > 0 { return .bytes(count) }
        return count == ssize_t(MARTLET_TLS_AGAIN) ? .again : .over
    }
}
