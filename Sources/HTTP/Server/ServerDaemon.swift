// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import CMicroHTTPD
internal import Glibc
internal import MartletModel
internal import MartletPorts

/// libmicrohttpd, run from a loop of ours.
///
/// Everything belongs to the loop's thread. libmicrohttpd polls nothing itself: its
/// own epoll descriptor is one of the loop's.
final class ServerDaemon: EventHandler, LoopGuest, @unchecked Sendable {
    let loop = EventLoop()
    let configuration: HTTPServerConfiguration
    let handler: any HTTPHandler

    private var daemon: OpaquePointer?
    private var watch: EventLoop.WatchID?
    private var listener: Int32 = -1
    /// libmicrohttpd keeps pointers to what is in it.
    private var tls: TLSOptions?
    /// How often libmicrohttpd still gets a turn unasked. It ends upgraded connections in steps and, when polled from
    /// outside, does not say that there is a next one (seen with 0.9.75).
    private var settle = 0
    private var isDue = false

    private var connections: [ObjectIdentifier: ServerConnection] = [:]
    private(set) var isStopping = false
    private var whenStopped: [() -> Void] = []

    init(configuration: HTTPServerConfiguration, handler: any HTTPHandler) {
        self.configuration = configuration
        self.handler = handler
    }

    /// Listens.
    ///
    /// - Returns: the port.
    func start() throws -> Int {
        tls = try configuration.tls.map { try TLSOptions($0) }
        let socket = try ListeningSocket(host: configuration.host, port: configuration.port, backlog: 1024)
        let closure = Unmanaged.passUnretained(self).toOpaque()
        var options = [
            option(.LISTEN_SOCKET, Int(socket.descriptor)),
            option(.CONNECTION_LIMIT, configuration.connectionLimit),
            option(.CONNECTION_TIMEOUT, wholeSeconds(configuration.idleTimeout)),
            option(.CONNECTION_MEMORY_LIMIT, max(4096, configuration.headerLimit)),
            // The loop's thread blocks the signal; without this, files are not sent by sendfile.
            option(.SIGPIPE_HANDLED_BY_APP, 1),
            MHD_OptionItem(
                option: .NOTIFY_COMPLETED, value: martlet_mhd_completed(completed), ptr_value: closure),
            MHD_OptionItem(
                option: .NOTIFY_CONNECTION, value: martlet_mhd_connected(connected), ptr_value: closure),
            MHD_OptionItem(
                option: .URI_LOG_CALLBACK, value: martlet_mhd_target(targetRead), ptr_value: closure),
        ]
        options += tls?.options ?? []
        options.append(option(.END, 0))
        let flags =
            MHD_USE_EPOLL.rawValue | MHD_ALLOW_UPGRADE.rawValue | MHD_ALLOW_SUSPEND_RESUME.rawValue
            | MHD_USE_ITC.rawValue | (tls == nil ? 0 : MHD_USE_TLS.rawValue)
        guard let daemon = martlet_mhd_start(flags, 0, access, closure, &options) else {
            close(socket.descriptor)
            throw HTTPError(.cannotListen, "The HTTP server cannot be started.")
        }
        self.daemon = daemon
        listener = socket.descriptor
        watch = loop.watch(martlet_mhd_epoll(daemon), EPOLLIN.rawValue, self)
        loop.guest = self
        return socket.port
    }

    /// Gives libmicrohttpd a few turns more than it asks for.
    func kick() { settle = max(settle, 3) }

    // MARK: Turns

    func ready(_ events: UInt32) { settle = max(settle, 2) }

    func patience() -> Int? {
        guard let daemon else { return nil }
        guard settle == 0 else { return 0 }
        var milliseconds: UInt64 = 0
        guard MHD_get_timeout(daemon, &milliseconds) == .YES else { return nil }
        isDue = milliseconds == 0
        return Int(min(milliseconds, 60_000))
    }

    func turn(isQuiet: Bool) {
        guard let daemon else { return }
        if settle > 0 || isDue || isQuiet {
            settle = max(0, settle - 1)
            isDue = false
            MHD_run(daemon)
        }
        if isStopping, martlet_mhd_connections(daemon) == 0, settle == 0 { end() }
    }

    // MARK: Connections

    func add(_ connection: ServerConnection) { connections[ObjectIdentifier(connection)] = connection }

    func remove(_ connection: ServerConnection) { connections[ObjectIdentifier(connection)] = nil }

    // MARK: The end

    /// Takes no more connections, and ends when those that are there have ended or after `grace`.
    func beginStop(grace: Duration, whenStopped: @escaping @Sendable () -> Void) {
        guard let daemon else {
            loop.stop()
            whenStopped()
            return
        }
        self.whenStopped.append(whenStopped)
        guard !isStopping else { return }
        isStopping = true
        MHD_quiesce_daemon(daemon)
        close(listener)
        for connection in connections.values { connection.wantEnd() }
        kick()
        _ = loop.schedule(loop.now + grace) { [self] in
            for connection in connections.values { connection.abort() }
            kick()
            // What libmicrohttpd still holds then, it gives up in its own stop.
            _ = loop.schedule(loop.now + .milliseconds(200)) { [self] in end() }
        }
    }

    private func end() {
        guard let daemon else { return }
        self.daemon = nil
        for connection in connections.values { connection.abort() }
        if let watch { loop.unwatch(watch) }
        MHD_stop_daemon(daemon)
        loop.guest = nil
        loop.stop()
        for action in whenStopped { action() }
        whenStopped = []
    }

    private func option(_ name: MHD_OPTION, _ value: Int) -> MHD_OptionItem {
        MHD_OptionItem(option: name, value: value, ptr_value: nil)
    }

    private func wholeSeconds(_ duration: Duration) -> Int {
        Int((duration.nanoseconds + 999_999_999) / 1_000_000_000)
    }
}

// MARK: What libmicrohttpd calls

private func daemon(_ closure: UnsafeMutableRawPointer?) -> ServerDaemon? {
    closure.map { Unmanaged<ServerDaemon>.fromOpaque($0).takeUnretainedValue() }
}

/// A connection came or has gone.
private let connected: MHD_NotifyConnectionCallback = { closure, connection, context, code in
    guard let daemon = daemon(closure), let connection, let context else { return }
    if code == .CONNECTION_NOTIFY_STARTED {
        let own = ServerConnection(connection, daemon)
        context.pointee = Unmanaged.passRetained(own).toOpaque()
        daemon.add(own)
    } else if let pointer = context.pointee {
        let own = Unmanaged<ServerConnection>.fromOpaque(pointer).takeRetainedValue()
        context.pointee = nil
        own.end()
        daemon.remove(own)
    }
}

/// A request line was read: the only moment at which its target is seen as it came.
private let targetRead:
    @convention(c) (UnsafeMutableRawPointer?, UnsafePointer<CChar>?, OpaquePointer?) -> UnsafeMutableRawPointer? = {
        closure, target, connection in
        guard let target, let connection, let pointer = martlet_mhd_socket_context(connection) else { return nil }
        let own = Unmanaged<ServerConnection>.fromOpaque(pointer).takeUnretainedValue()
        let exchange = ServerExchange(target: String(cString: target), on: own)
        own.exchange = exchange
        return Unmanaged.passRetained(exchange).toOpaque()
    }

/// A request has something new: its header, bytes of its body, or its end.
private let access: MHD_AccessHandlerCallback = { _, _, _, method, version, bytes, size, context in
    guard let pointer = context?.pointee, let method, let version, let size else { return .NO }
    let exchange = Unmanaged<ServerExchange>.fromOpaque(pointer).takeUnretainedValue()
    let upload = UnsafeRawBufferPointer(start: bytes, count: bytes == nil ? 0 : size.pointee)
    size.pointee = 0
    return exchange.proceed(method: method, version: version, upload: upload)
}

/// A request is over, well or not.
private let completed: MHD_RequestCompletedCallback = { _, _, context, code in
    guard let pointer = context?.pointee else { return }
    let exchange = Unmanaged<ServerExchange>.fromOpaque(pointer).takeRetainedValue()
    context?.pointee = nil
    exchange.end(isWell: code == .REQUEST_TERMINATED_COMPLETED_OK)
}
