// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import CMicroHTTPD
internal import CTLSGate
internal import Glibc
internal import MartletModel

/// One TCP connection to the server. Belongs to the loop's thread.
final class ServerConnection: EventHandler, @unchecked Sendable {
    let connection: OpaquePointer
    let daemon: ServerDaemon
    let descriptor: Int32
    /// The other end's address.
    let peer: String
    /// Its TLS session; `nil` for plain TCP.
    let session: UnsafeMutableRawPointer?
    /// The request under way.
    weak var exchange: ServerExchange?

    private var watch: EventLoop.WatchID?
    private var deadline: DeadlineQueue.ID?
    /// Whether the other end sends nothing more.
    private(set) var isPeerGone = false
    private var isOver = false
    /// Whether the other end may still be sending when this end closes.
    var lingers: Bool

    /// When the next header must be there; `nil` while a request is under way.
    private var headerDue: Moment?

    init(_ connection: OpaquePointer, _ daemon: ServerDaemon) {
        self.connection = connection
        self.daemon = daemon
        descriptor = martlet_mhd_socket(connection)
        session = martlet_mhd_tls_session(connection)
        // A client that is refused in the handshake has often sent its first request already.
        lingers = daemon.configuration.tls?.clientAuthorities != nil
        if let session, daemon.configuration.tls?.clientAuthorities != nil { martlet_tls_require_certificate(session) }
        peer = martlet_mhd_peer(connection).map { SocketAddress.text($0) } ?? ""
        // Nothing else tells that the other end has gone while a handler is at work.
        watch = daemon.loop.watch(descriptor, EPOLLRDHUP.rawValue | EPOLLET.rawValue, self)
        headerDue = daemon.loop.now + daemon.configuration.headerDeadline
        watchHeader()
    }

    /// The common name in the other end's certificate, which was checked in the handshake; `nil` without one.
    var clientName: String? {
        guard let session, daemon.configuration.tls?.clientAuthorities != nil else { return nil }
        var name = [CChar](repeating: 0, count: 256)
        let length = martlet_tls_client_name(session, &name, name.count)
        return length == 0 ? nil : String(decoding: name[..<length].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// A whole header came in.
    func headerArrived() {
        headerDue = nil
        lingers = false
    }

    /// The request is over; the connection may stay for another.
    func requestEnded() {
        exchange = nil
        // A silent connection is closed after the idle timeout by libmicrohttpd. This is for one that drips.
        headerDue = daemon.loop.now + daemon.configuration.idleTimeout + daemon.configuration.headerDeadline
        if deadline == nil { watchHeader() }
        if isPeerGone { daemon.loop.perform { [self] in readAgain() } }
        if daemon.isStopping { shutdown(descriptor, Int32(SHUT_RDWR)) }
    }

    /// Has libmicrohttpd read to the end. It misses an end that came together with the bytes before it (seen with 0.9.75,
    /// which reads once for each edge of epoll); what is resumed it reads in any case.
    func readAgain() {
        guard !isOver, watch != nil, exchange?.isWaiting != true else { return }
        MHD_suspend_connection(connection)
        MHD_resume_connection(connection)
        daemon.kick()
    }

    /// Leaves the socket to a WebSocket.
    func handOver() {
        if let watch { daemon.loop.unwatch(watch) }
        watch = nil
        headerDue = nil
    }

    /// The connection is about to be closed.
    func end() {
        isOver = true
        if let watch { daemon.loop.unwatch(watch) }
        if let deadline { daemon.loop.unschedule(deadline) }
        watch = nil
        deadline = nil
        if lingers { LingeringSocket.drain(descriptor, in: daemon.loop) }
    }

    /// The server stops: what lasts for ever ends, and what is silent is closed.
    func wantEnd() {
        if let exchange { exchange.wantEnd() } else { shutdown(descriptor, Int32(SHUT_RDWR)) }
    }

    /// Ends everything at once.
    func abort() {
        exchange?.abort()
        shutdown(descriptor, Int32(SHUT_RDWR))
    }

    func ready(_ events: UInt32) {
        isPeerGone = true
        if events & (EPOLLHUP.rawValue | EPOLLERR.rawValue) != 0 { exchange?.abort() } else { exchange?.peerWent() }
    }

    private func watchHeader() {
        guard let due = headerDue else {
            deadline = nil
            return
        }
        deadline = daemon.loop.schedule(due) { [unowned self] in
            deadline = nil
            if let headerDue, headerDue <= daemon.loop.now {
                // libmicrohttpd sees the end of the connection and closes it.
                shutdown(descriptor, Int32(SHUT_RDWR))
            } else {
                watchHeader()
            }
        }
    }
}
