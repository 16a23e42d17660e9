// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import CCurl
internal import CMicroHTTPD
internal import MartletModel
internal import MartletPorts

/// Opens one WebSocket: libcurl connects, with TLS and proxies; the handshake follows by hand, since libcurl 7.88 in
/// Debian 12 has none.
///
/// Belongs to the loop's thread, but for its beginning and `cancel`.
final class WebSocketDial: EventHandler, @unchecked Sendable {
    private enum Stage {
        case fresh
        case connecting
        case asking
        case over
    }

    /// The longest header of an answer.
    private static let headLimit = 64 << 10

    private let url: String
    private let handle: CurlHandle
    private let timeout: Duration
    private let limits: WebSocketLimits
    private let reply: Reply<WebSocketSession>
    private let key = WebSocketHandshake.newKey()
    private let curl = CurlLoop(in: CurlLoop.socketLoop)

    private var stage = Stage.fresh
    private var socket: CurlSocket?
    private var watch: EventLoop.WatchID?
    private var deadline: DeadlineQueue.ID?
    private var request: [UInt8]
    private var sent = 0
    private var answer: [UInt8] = []

    /// Makes a dial that has not begun.
    ///
    /// - Throws: `HTTPError`.
    init(
        _ url: String, headers: HTTPHeaders, timeout: Duration, configuration: CurlConfiguration,
        reply: Reply<WebSocketSession>
    ) throws {
        let address = try WebSocketAddress(url)
        self.url = url
        self.timeout = timeout
        self.reply = reply
        limits = configuration.webSockets
        handle = try CurlHandle(url: address.url, configuration: configuration, connectTimeout: timeout)
        martlet_curl_set_number(handle.pointer, CURLOPT_CONNECT_ONLY, 1)
        var fields: HTTPHeaders = [
            "Host": address.host, "Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Key": key,
            "Sec-WebSocket-Version": "13",
        ]
        for field in headers.fields { fields.add(field.name, field.value) }
        // What would begin another field or request is not sent.
        let lines = fields.fields.map { "\($0.name): \($0.value)".filter { !$0.isNewline } }
        request = Array(("GET \(address.target) HTTP/1.1\r\n" + lines.joined(separator: "\r\n") + "\r\n\r\n").utf8)
    }

    /// Begins.
    func start() { curl.loop.perform { [self] in begin() } }

    /// Gives it up.
    func cancel() { curl.loop.perform { [self] in fail(CancellationError()) } }

    private func begin() {
        guard stage == .fresh else { return }
        stage = .connecting
        handle.whenDone = { [self] in connected($0) }
        deadline = curl.loop.schedule(curl.loop.now + timeout) { [self] in
            deadline = nil
            let seconds = Double(Int(timeout.inSeconds * 10)) / 10
            fail(HTTPError(.unreachable, "\(CurlFailure.name(of: url)) did not answer within \(seconds) seconds."))
        }
        if !curl.add(handle) { fail(HTTPError(.unreachable, "\(CurlFailure.name(of: url)) cannot be called.")) }
    }

    private func connected(_ result: CURLcode) {
        guard stage == .connecting else { return }
        guard result == CURLE_OK, let socket = CurlSocket(handle, curl) else {
            fail(handle.error(result, url: url))
            return
        }
        stage = .asking
        self.socket = socket
        watch = curl.loop.watch(socket.descriptor, EPOLLIN.rawValue | EPOLLOUT.rawValue, self)
    }

    func ready(_ events: UInt32) {
        guard stage == .asking, let socket, let watch else { return }
        while sent < request.count {
            let result = request.withUnsafeBytes { socket.send(UnsafeRawBufferPointer(rebasing: $0[sent...])) }
            switch result {
            case .bytes(let count): sent += count
            case .again: return
            case .over:
                fail(broken)
                return
            }
            if sent == request.count { curl.loop.rewatch(watch, EPOLLIN.rawValue) }
        }
        while stage == .asking {
            switch socket.receive(into: curl.loop.scratch) {
            case .bytes(let count):
                answer += curl.loop.scratch[..<count]
                judge()
            case .again:
                return
            case .over:
                fail(broken)
            }
        }
    }

    /// Looks whether the answer's header is whole, and what it says.
    private func judge() {
        guard let end = answer.firstRange(of: Array("\r\n\r\n".utf8)) else {
            if answer.count > Self.headLimit { fail(noWebSocket) }
            return
        }
        let lines = String(decoding: answer[..<end.lowerBound], as: UTF8.self).split(separator: "\r\n")
        let words = lines[0].split(separator: " ")
        guard words.count >= 2, words[0].hasPrefix("HTTP/1."), let status = Int(words[1]) else {
            fail(noWebSocket)
            return
        }
        guard status == 101 else {
            fail(
                HTTPError(
                    .refused, "\(CurlFailure.name(of: url)) refused with status \(status).", status: status))
            return
        }
        let accept = lines.dropFirst().first { $0.lowercased().hasPrefix("sec-websocket-accept:") }
        guard accept?.split(separator: ":").last?.filter({ $0 != " " }) == WebSocketHandshake.accept(key) else {
            fail(noWebSocket)
            return
        }
        succeed(early: Array(answer[end.upperBound...]))
    }

    private func succeed(early: [UInt8]) {
        guard let socket else { return }
        stage = .over
        release()
        let session = WebSocketSession(.client, over: socket, in: curl.loop, limits)
        self.socket = nil
        early.withUnsafeBytes { session.start(early: $0) }
        reply.give(.success(session))
    }

    private func fail(_ error: any Error) {
        guard stage != .over else { return }
        let wasAdded = stage != .fresh
        stage = .over
        release()
        socket = nil
        if wasAdded { curl.remove(handle) }
        reply.give(.failure(error))
    }

    private func release() {
        if let watch { curl.loop.unwatch(watch) }
        if let deadline { curl.loop.unschedule(deadline) }
        handle.whenDone = { _ in }
    }

    private var broken: HTTPError {
        HTTPError(.unreachable, "\(CurlFailure.name(of: url)) ended the connection instead of opening a WebSocket.")
    }

    private var noWebSocket: HTTPError {
        HTTPError(.badAnswer, "What answers at \(CurlFailure.name(of: url)) opens no WebSockets.")
    }
}
