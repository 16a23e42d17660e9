// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import CMicroHTTPD
internal import Glibc
internal import MartletModel
internal import MartletPorts

/// One request and its response. Belongs to the loop's thread, but for the task that runs the handler.
///
/// While the handler is at work libmicrohttpd has the connection suspended; each
/// time that it goes on, it asks `proceed` for what is to be done.
final class ServerExchange: @unchecked Sendable {
    private enum Phase {
        /// Nothing was looked at yet.
        case head
        /// The other end waits for leave to send its body, or it is long: the handler asks for it or refuses first.
        case deciding
        /// The body comes in.
        case body
        /// All has come in; the answer is waited for.
        case answer
        /// The response is with libmicrohttpd.
        case answered
    }

    private enum Answer {
        case whole(HTTPResponse)
        case stream(HTTPResponse, ResponseStream)
    }

    /// Longer bodies than this come in only when they are asked for.
    private static let promptLimit: UInt64 = 1 << 20
    /// A body comes in by a few KiB. Waking its reader for each would cost more than all the rest.
    private static let portion = 64 << 10
    /// How long fewer bytes wait for more.
    private static let patience: Duration = .milliseconds(1)

    private let target: String
    private let own: ServerConnection
    private let daemon: ServerDaemon
    private var phase = Phase.head
    private var body: ByteMailbox?
    private var upgrade: WebSocketUpgrade?
    private var webSocket: WebSocketSession?
    /// What the handler wants done with the WebSocket.
    private var webSocketUse: HTTPResponse.Body?
    private var answer: Answer?
    private var task: Task<Void, Never>?
    private var discarded = 0
    private var isRestDue = false
    private var isSuspended = false
    private var isAborted = false
    private var isOver = false

    init(target: String, on connection: ServerConnection) {
        self.target = target
        own = connection
        daemon = connection.daemon
    }

    // MARK: Coming in

    /// Does what can be done now. An empty `upload` means a header or an end.
    func proceed(
        method: UnsafePointer<CChar>, version: UnsafePointer<CChar>, upload: UnsafeRawBufferPointer
    ) -> MHD_Result {
        guard !isAborted else { return .NO }
        switch phase {
        case .head:
            own.headerArrived()
            switch RequestHead.read(own.connection, target: target, version: String(cString: version)) {
            case .failure(let refusal):
                phase = .answered
                own.lingers = true
                return refuse(refusal.status)
            case .success(let head):
                begin(head, method: String(cString: method))
                if phase == .deciding { suspend() }
                return .YES
            }
        case .deciding:
            if answer != nil {
                own.lingers = true
                return send()
            }
            if body?.isHeldBack == true { suspend() } else { phase = .body }
            return .YES
        case .body where !upload.isEmpty:
            return take(upload)
        case .body, .answer:
            phase = .answer
            body?.finish()
            if answer != nil { return send() }
            suspend()
            return .YES
        case .answered:
            return .NO
        }
    }

    private func begin(_ head: RequestHead, method: String) {
        let hasBody = head.bodyLength != 0
        upgrade = hasBody ? nil : WebSocketUpgrade(method: method, headers: head.headers)
        if hasBody {
            let isHeldBack = head.expectsLeave || (head.bodyLength ?? .max) > Self.promptLimit
            phase = isHeldBack ? .deciding : .body
            body = ByteMailbox(
                limit: daemon.configuration.readAhead, portion: Self.portion, isHeldBack: isHeldBack
            ) { [weak self] in
                guard let self else { return }
                daemon.loop.perform { [self] in resume() }
            }
        } else {
            phase = .answer
        }
        let request = HTTPRequest(
            method: method, path: head.path, query: head.query, headers: head.headers, body: body ?? EmptyBody(),
            peer: own.peer,
            isSecure: own.session != nil, clientName: own.clientName)
        let handler = daemon.handler
        let isPeerGone = own.isPeerGone
        let loop = daemon.loop
        task = Task { [self] in
            let response = await handler.respond(to: request)
            guard case .stream(let source) = response.body, method != "HEAD" else {
                loop.perform { [self] in answered(.whole(response)) }
                return
            }
            let stream = ResponseStream { [weak self] in
                guard let self else { return }
                loop.perform { [self] in resume() }
            }
            loop.perform { [self] in answered(.stream(response, stream)) }
            await stream.pump(source)
        }
        if isPeerGone { daemon.loop.perform { [self] in peerWent() } }
    }

    private func take(_ upload: UnsafeRawBufferPointer) -> MHD_Result {
        if answer != nil {
            // Reading on keeps the connection usable, and lets the other end read the answer.
            discarded += upload.count
            return discarded <= daemon.configuration.discardLimit ? .YES : .NO
        }
        if body?.offer(upload) == false { suspend() }
        if body?.owesRest == true, !isRestDue {
            isRestDue = true
            _ = daemon.loop.schedule(daemon.loop.now + Self.patience) { [weak self] in
                self?.isRestDue = false
                self?.body?.giveRest()
            }
        }
        return .YES
    }

    // MARK: Going out

    private func answered(_ answer: Answer) {
        guard !isOver, !isAborted else {
            if case .stream(_, let stream) = answer { stream.cancel() }
            return
        }
        self.answer = answer
        // What has run keeps its memory as long as somebody may ask how it ended.
        if case .whole = answer { task = nil }
        body?.drop()
        resume()
    }

    private func send() -> MHD_Result {
        guard let answer else { return .NO }
        phase = .answered
        switch answer {
        case .whole(let response):
            switch response.body {
            case .webSocket, .heardWebSocket:
                guard let upgrade else { return ResponseSending.send(WebSocketUpgrade.refusal, on: own.connection) }
                webSocketUse = response.body
                return upgrade.queue(response, for: self, on: own.connection)
            case .none, .bytes, .file, .stream: return ResponseSending.send(response, on: own.connection)
            }
        case .stream(let response, let stream):
            stream.whenEmpty = { [unowned self] in suspend() }
            return ResponseSending.send(response, streaming: stream, on: own.connection)
        }
    }

    /// The connection is a WebSocket from now on.
    func upgraded(_ handle: OpaquePointer, early: UnsafeRawBufferPointer) {
        own.handOver()
        let session = WebSocketSession(
            .server, over: UpgradedSocket(own, handle), in: daemon.loop, daemon.configuration.webSockets)
        webSocket = session
        let use = webSocketUse
        // What is not needed any more would be kept as long as the connection is there.
        (webSocketUse, answer, upgrade) = (nil, nil, nil)
        switch use {
        case .heardWebSocket(let listener): session.start(early: early, listener: listener(session))
        case .webSocket(let conduct):
            session.start(early: early)
            Task {
                await conduct(session)
                await session.close(code: 1000, reason: "")
            }
        case .bytes, .file, .stream, .some(.none), nil: session.start(early: early)
        }
    }

    private func refuse(_ status: UInt32) -> MHD_Result {
        ResponseSending.send(HTTPResponse(status: Int(status)), on: own.connection)
    }

    // MARK: Waiting

    /// Whether libmicrohttpd has the connection suspended.
    var isWaiting: Bool { isSuspended }

    private func suspend() {
        guard !isSuspended else { return }
        isSuspended = true
        MHD_suspend_connection(own.connection)
    }

    private func resume() {
        guard isSuspended, !isOver else { return }
        isSuspended = false
        MHD_resume_connection(own.connection)
        daemon.kick()
    }

    // MARK: The end

    /// The other end sends nothing more. It may still read, so a whole answer is given all the same.
    func peerWent() {
        guard !isOver else { return }
        task?.cancel()
        if case .stream(_, let stream) = answer { stream.cancel() }
        if case .body = phase { own.readAgain() }
    }

    /// Breaks the exchange off.
    func abort() {
        isAborted = true
        webSocket?.end()
        task?.cancel()
        if case .stream(_, let stream) = answer { stream.cancel() }
        resume()
    }

    /// Ends what would go on for ever.
    func wantEnd() {
        if let webSocket { Task { await webSocket.close(code: 1001, reason: "The server stops.") } }
        if case .stream(_, let stream) = answer { stream.cancel() }
    }

    /// It is over, and the connection belongs to another request or to nobody.
    func end(isWell: Bool) {
        isOver = true
        own.requestEnded()
        if !isWell {
            body?.finish(HTTPError(.closed, "The other end broke off its request."))
            task?.cancel()
        }
        if case .stream(_, let stream) = answer { stream.cancel() }
        task = nil
    }
}
