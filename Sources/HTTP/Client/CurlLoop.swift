// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import CCurl
internal import CMicroHTTPD
internal import Glibc
internal import MartletModel

/// libcurl's transfers in a loop of ours.
///
/// Everything but `perform` belongs to the loop's thread.
final class CurlLoop: @unchecked Sendable {
    /// For calls.
    static let calls = CurlLoop(in: EventLoop())
    /// Where all WebSockets are, apart so that a large file never keeps a ping waiting. It lives as long as the process.
    static let socketLoop = EventLoop()
    private static let library: Void = { curl_global_init(Int(CURL_GLOBAL_DEFAULT)) }()

    /// Where it runs.
    let loop: EventLoop
    private let multi: UnsafeMutableRawPointer
    private var watches: [curl_socket_t: SocketWatch] = [:]
    private var timer: DeadlineQueue.ID?
    private var isClosed = false

    /// Makes one with connections of its own. Each WebSocket needs that: when libcurl 7.88 opens a connection it looks at
    /// its other ones, and ends those that it only connected and that have something to be read.
    init(in loop: EventLoop) {
        self.loop = loop
        _ = Self.library
        guard let multi = curl_multi_init() else { fatalError("no memory for libcurl") }
        self.multi = multi
        martlet_curl_watch(
            multi,
            { _, socket, what, closure, _ in
                guard let closure else { return 0 }
                Unmanaged<CurlLoop>.fromOpaque(closure).takeUnretainedValue().watch(socket, what)
                return 0
            },
            { _, milliseconds, closure in
                guard let closure else { return 0 }
                Unmanaged<CurlLoop>.fromOpaque(closure).takeUnretainedValue().setTimer(milliseconds)
                return 0
            }, Unmanaged.passUnretained(self).toOpaque())
    }

    /// Gives up everything that libcurl holds, after the last transfer has been removed.
    func close() {
        guard !isClosed else { return }
        isClosed = true
        if let timer { loop.unschedule(timer) }
        timer = nil
        martlet_curl_watch(multi, nil, nil, nil)
        curl_multi_cleanup(multi)
    }

    deinit {
        guard !isClosed else { return }
        let leftover = Leftover(multi: multi)
        loop.perform {
            martlet_curl_watch(leftover.multi, nil, nil, nil)
            curl_multi_cleanup(leftover.multi)
        }
    }

    private struct Leftover: @unchecked Sendable {
        let multi: UnsafeMutableRawPointer
    }

    /// Begins a transfer; its owner is told when it is done.
    ///
    /// - Returns: `false` when libcurl refuses it.
    func add(_ handle: CurlHandle) -> Bool { curl_multi_add_handle(multi, handle.pointer) == CURLM_OK }

    /// Ends a transfer, whether it is done or not. Never from within a call of libcurl's.
    func remove(_ handle: CurlHandle) { curl_multi_remove_handle(multi, handle.pointer) }

    /// Leaves a socket to somebody else.
    func forget(_ socket: curl_socket_t) { watch(socket, CURL_POLL_REMOVE) }

    private func watch(_ socket: curl_socket_t, _ what: Int32) {
        guard what != CURL_POLL_REMOVE else {
            if let watch = watches.removeValue(forKey: socket), let id = watch.id { loop.unwatch(id) }
            return
        }
        var events: UInt32 = 0
        if what & CURL_POLL_IN != 0 { events |= EPOLLIN.rawValue }
        if what & CURL_POLL_OUT != 0 { events |= EPOLLOUT.rawValue }
        if let id = watches[socket]?.id {
            loop.rewatch(id, events)
        } else {
            let watch = SocketWatch(socket: socket, curl: self)
            watches[socket] = watch
            watch.id = loop.watch(socket, events, watch)
        }
    }

    private func setTimer(_ milliseconds: Int) {
        if let timer { loop.unschedule(timer) }
        timer = nil
        guard milliseconds >= 0 else { return }
        timer = loop.schedule(loop.now + .milliseconds(milliseconds)) { [weak self] in
            guard let self else { return }
            timer = nil
            act(CURL_SOCKET_TIMEOUT, 0)
        }
    }

    fileprivate func act(_ socket: curl_socket_t, _ events: Int32) {
        var running: Int32 = 0
        curl_multi_socket_action(multi, socket, events, &running)
        var left: Int32 = 0
        while !isClosed, let message = curl_multi_info_read(multi, &left) {
            guard message.pointee.msg == CURLMSG_DONE, let handle = message.pointee.easy_handle,
                let owner = martlet_curl_owner(handle)
            else { continue }
            let result = martlet_curl_result(message)
            Unmanaged<CurlHandle>.fromOpaque(owner).takeUnretainedValue().whenDone(result)
        }
    }

    private final class SocketWatch: EventHandler {
        let socket: curl_socket_t
        unowned let curl: CurlLoop
        var id: EventLoop.WatchID?

        init(socket: curl_socket_t, curl: CurlLoop) {
            self.socket = socket
            self.curl = curl
        }

        func ready(_ events: UInt32) {
            var flags: Int32 = 0
            if events & EPOLLIN.rawValue != 0 { flags |= CURL_CSELECT_IN }
            if events & EPOLLOUT.rawValue != 0 { flags |= CURL_CSELECT_OUT }
            if events & (EPOLLERR.rawValue | EPOLLHUP.rawValue) != 0 { flags |= CURL_CSELECT_ERR }
            curl.act(socket, flags)
        }
    }
}
