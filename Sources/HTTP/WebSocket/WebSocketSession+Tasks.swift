// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import MartletPorts
internal import Synchronization

/// Telling a listener.
extension WebSocketSession {
    /// Has the listener told what there is, in a task that ends when that is done.
    func tell() {
        let begins = post.withLock { post in
            guard post.listener != nil, !post.isTelling, post.isOver || !post.inbox.isEmpty else { return false }
            post.isTelling = true
            return true
        }
        if begins { Task { await tellAll() } }
    }

    private func tellAll() async {
        enum Step {
            case message(WebSocketMessage, readOn: Bool)
            case end
        }
        while true {
            let limit = limits.inbox
            let (listener, step) = post.withLock { post -> ((any WebSocketListener)?, Step) in
                let listener = post.listener
                if let (message, readsOn) = post.nextReceived(limit: limit) {
                    return (listener, .message(message, readOn: readsOn))
                }
                guard post.isOver else {
                    post.isTelling = false
                    return (nil, .end)
                }
                // Listener and session often hold each other.
                post.listener = nil
                return (listener, .end)
            }
            guard let listener else { return }
            switch step {
            case .message(let message, let readsOn):
                if readsOn { loop.perform { [self] in readOn() } }
                await listener.heard(message)
            case .end: return await listener.ended()
            }
        }
    }
}

/// What tasks do with a session, on any thread.
extension WebSocketSession: WebSocketConnection {
    func receive() async -> WebSocketMessage? {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                enum Step {
                    case give(WebSocketMessage?, readOn: Bool)
                    case wait
                }
                let limit = limits.inbox
                let step = post.withLock { post -> Step in
                    if let (message, readsOn) = post.nextReceived(limit: limit) {
                        return .give(message, readOn: readsOn)
                    }
                    guard !post.isOver, !Task.isCancelled, post.receiver == nil else {
                        return .give(nil, readOn: false)
                    }
                    post.receiver = continuation
                    return .wait
                }
                guard case .give(let message, let readsOn) = step else { return }
                continuation.resume(returning: message)
                if readsOn { loop.perform { [self] in readOn() } }
            }
        } onCancel: {
            post.withLock { post in
                defer { post.receiver = nil }
                return post.receiver
            }?.resume(returning: nil)
        }
    }

    func send(_ message: WebSocketMessage) async throws {
        let id = post.withLock { post in
            post.nextSender += 1
            return post.nextSender
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let limit = limits.outbox
                let (isRefused, waits, wakes) = post.withLock { post in
                    guard !post.isOver, post.closing == nil else { return (true, false, false) }
                    post.outbox.append(message)
                    post.outboxBytes += WebSocketPost.cost(message)
                    let wakes = !post.isFlushDue
                    post.isFlushDue = true
                    let waits = post.outboxBytes > limit && !Task.isCancelled
                    if waits { post.senders.append((id, continuation)) }
                    return (false, waits, wakes)
                }
                if isRefused { continuation.resume(throwing: Self.closed) } else if !waits { continuation.resume() }
                if wakes { loop.perform { [self] in flush() } }
            }
        } onCancel: {
            post.withLock { post -> CheckedContinuation<Void, any Error>? in
                guard let index = post.senders.firstIndex(where: { $0.id == id }) else { return nil }
                return post.senders.remove(at: index).continuation
            }?.resume(throwing: CancellationError())
        }
    }

    func close(code: UInt16, reason: String) async {
        await withCheckedContinuation { continuation in
            let isOver = post.withLock { post in
                guard !post.isOver else { return true }
                if post.closing == nil { post.closing = (code, reason) }
                post.isHeldBack = false
                post.closers.append(continuation)
                return false
            }
            if isOver { continuation.resume() } else { loop.perform { [self] in closeSoon() } }
        }
    }
}
