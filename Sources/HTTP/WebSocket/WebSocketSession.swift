// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import CMicroHTTPD
internal import MartletModel
internal import MartletPorts
internal import Synchronization

/// One end of a WebSocket at work in a loop.
///
/// What tasks call is in `WebSocketSession+Tasks`; all of this belongs to the loop's thread.
final class WebSocketSession: EventHandler, @unchecked Sendable {
    /// How often one session reads before others have their turn.
    private static let rounds = 16

    let loop: EventLoop
    let limits: WebSocketLimits
    let post = Mutex(WebSocketPost())

    private let framing: WebSocketFraming
    private let transport: any WebSocketTransport
    private var watch: EventLoop.WatchID?
    private var events: UInt32 = 0
    private var isOpen = true
    private var isBlocked = false
    private var isCloseQueued = false
    private var lastHeard: Moment
    private var lastWritten: Moment
    private var isPinged = false
    private var deadline: DeadlineQueue.ID?

    init(
        _ role: WebSocketFraming.Role, over transport: any WebSocketTransport, in loop: EventLoop,
        _ limits: WebSocketLimits
    ) {
        self.loop = loop
        self.limits = limits
        self.transport = transport
        framing = WebSocketFraming(role, maximumMessage: limits.message)
        lastHeard = loop.now
        lastWritten = lastHeard
    }

    /// Begins; `early` are bytes that came along with the handshake.
    ///
    /// - Parameter listener: who is told what comes; `nil` leaves it to be received.
    func start(early: UnsafeRawBufferPointer, listener: (any WebSocketListener)? = nil) {
        if let listener { post.withLock { $0.listener = listener } }
        events = EPOLLIN.rawValue
        watch = loop.watch(transport.descriptor, events, self)
        watchForSilence()
        if !early.isEmpty, !take(early) { return }
        // Bytes that TLS has decrypted already wake nobody.
        read()
    }

    func ready(_ events: UInt32) {
        if events & (EPOLLIN.rawValue | EPOLLHUP.rawValue | EPOLLERR.rawValue) != 0 {
            // A connection that is broken both ways is reported again and again, also while nothing is read.
            if events & (EPOLLHUP.rawValue | EPOLLERR.rawValue) != 0, isHeldBack { end() } else { read() }
        } else {
            flush()
        }
    }

    /// Reads on after a pause.
    func readOn() {
        lastHeard = loop.now
        read()
    }

    private var isHeldBack: Bool { post.withLock { $0.isHeldBack } }

    private func read() {
        for _ in 0..<Self.rounds {
            guard isOpen else { return }
            guard !isHeldBack, framing.wantsRead else {
                flush()
                return
            }
            switch transport.receive(into: loop.scratch) {
            case .bytes(let count):
                guard take(UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(loop.scratch)[..<count])) else {
                    return
                }
            case .again:
                flush()
                return
            case .over:
                end()
                return
            }
        }
        flush()
        loop.perform { [self] in read() }
    }

    /// Takes bytes from the network; `false` when that was the end.
    private func take(_ bytes: UnsafeRawBufferPointer) -> Bool {
        lastHeard = loop.now
        isPinged = false
        guard let messages = framing.receive(bytes), !framing.isFlooded else {
            end()
            return false
        }
        guard !messages.isEmpty else { return true }
        let limit = limits.inbox
        let delivery = post.withLock { post -> (CheckedContinuation<WebSocketMessage?, Never>, WebSocketMessage)? in
            // Whoever closes does not listen any more.
            guard post.closing == nil else { return nil }
            post.inbox += messages
            post.inboxBytes += messages.reduce(0) { $0 + WebSocketPost.cost($1) }
            defer { post.isHeldBack = post.inboxBytes > limit }
            guard post.listener == nil else { return nil }
            guard let receiver = post.receiver, let (first, _) = post.nextReceived(limit: limit) else { return nil }
            post.receiver = nil
            return (receiver, first)
        }
        if let (receiver, message) = delivery { receiver.resume(returning: message) } else { tell() }
        return true
    }

    /// Writes what waits, as far as there is room.
    func flush() {
        guard isOpen else { return }
        while true {
            while framing.hasRoom, let message = nextToSend() { framing.queue(message) }
            if framing.hasRoom, !isCloseQueued, let closing = post.withLock({ $0.closing }) {
                isCloseQueued = true
                framing.close(code: closing.code, reason: closing.reason)
            }
            switch framing.write(write) {
            case .failed:
                end()
                return
            case .blocked:
                isBlocked = true
            case .done:
                isBlocked = false
                // After a close nothing more is framed, whatever waits.
                let hasMore = post.withLock { [isCloseQueued] post in
                    post.taken < post.outbox.count || post.closing != nil && !isCloseQueued
                }
                if framing.hasRoom, hasMore { continue }
            }
            break
        }
        if framing.isFinished {
            end()
            return
        }
        var wanted: UInt32 = isHeldBack ? 0 : EPOLLIN.rawValue
        if isBlocked { wanted |= EPOLLOUT.rawValue }
        guard wanted != events, let watch else { return }
        events = wanted
        loop.rewatch(watch, wanted)
    }

    private func write(_ bytes: UnsafeRawBufferPointer) -> TransportResult {
        let result = transport.send(bytes)
        if case .bytes = result { lastWritten = loop.now }
        return result
    }

    /// Sends what waits and the close, and ends when the other end has closed too.
    func closeSoon() {
        guard isOpen else { return }
        lastWritten = loop.now
        watchForClose()
        read()
    }

    /// Ends when nothing could be written any more and the close is not answered in time.
    private func watchForClose() {
        _ = loop.schedule(lastWritten + limits.closing) { [weak self] in
            guard let self, isOpen else { return }
            if loop.now - lastWritten >= limits.closing { end() } else { watchForClose() }
        }
    }

    private func nextToSend() -> WebSocketMessage? {
        let limit = limits.outbox
        let (message, senders) = post.withLock { post -> (WebSocketMessage?, [WebSocketPost.Sender]) in
            post.isFlushDue = false
            let message = post.nextToSend()
            guard post.outboxBytes <= limit else { return (message, []) }
            defer { post.senders = [] }
            return (message, post.senders)
        }
        for sender in senders { sender.continuation.resume() }
        return message
    }

    private func watchForSilence() {
        let due = lastHeard + (isPinged ? limits.silence : limits.silence / 2)
        deadline = loop.schedule(max(due, loop.now + .milliseconds(1))) { [weak self] in self?.checkSilence() }
    }

    private func checkSilence() {
        let now = loop.now
        if isHeldBack {
            // Nothing is heard from whom nobody listens to.
            lastHeard = now
        } else if now - lastHeard >= limits.silence {
            end()
            return
        } else if now - lastHeard >= limits.silence / 2, !isPinged {
            isPinged = true
            framing.ping()
            flush()
            guard isOpen else { return }
        }
        watchForSilence()
    }

    /// Ends the connection at once.
    func end() {
        guard isOpen else { return }
        isOpen = false
        if let watch { loop.unwatch(watch) }
        if let deadline { loop.unschedule(deadline) }
        transport.close()
        let (receiver, senders, closers) = post.withLock { post in
            post.isOver = true
            defer {
                post.receiver = nil
                post.senders = []
                post.closers = []
                post.outbox = []
                post.taken = 0
            }
            return (post.receiver, post.senders, post.closers)
        }
        receiver?.resume(returning: nil)
        for sender in senders { sender.continuation.resume(throwing: Self.closed) }
        for closer in closers { closer.resume() }
        tell()
    }

    /// What sending over a closed connection fails with.
    static let closed = HTTPError(.closed, "The WebSocket is closed.")
}
