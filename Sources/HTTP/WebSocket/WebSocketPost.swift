// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import MartletPorts

/// The messages of one WebSocket that wait between its tasks and its loop.
struct WebSocketPost {
    /// A task that waits for room, by number.
    typealias Sender = (id: UInt64, continuation: CheckedContinuation<Void, any Error>)

    var inbox: [WebSocketMessage] = []
    /// How many of `inbox` have been received; they are removed together.
    var received = 0
    var inboxBytes = 0
    var receiver: CheckedContinuation<WebSocketMessage?, Never>?
    /// Who is told messages, in place of a receiver; `nil` once the end was told too.
    var listener: (any WebSocketListener)?
    /// A task tells the listener what there is.
    var isTelling = false
    /// Nothing is read until the inbox has been emptied.
    var isHeldBack = false

    var outbox: [WebSocketMessage] = []
    var taken = 0
    var outboxBytes = 0
    var senders: [Sender] = []
    var nextSender: UInt64 = 0
    /// The loop has been asked to look at the outbox.
    var isFlushDue = false

    /// What the close says, once it is wanted.
    var closing: (code: UInt16, reason: String)?
    var closers: [CheckedContinuation<Void, Never>] = []
    var isOver = false

    /// What a message costs while it waits.
    static func cost(_ message: WebSocketMessage) -> Int {
        switch message {
        case .text(let text): text.utf8.count + 64
        case .binary(let bytes): bytes.count + 64
        }
    }

    /// Takes the first message of the inbox out; `readsOn` says that reading, held back until now, is to go on.
    mutating func nextReceived(limit: Int) -> (message: WebSocketMessage, readsOn: Bool)? {
        guard received < inbox.count else { return nil }
        let message = inbox[received]
        received += 1
        inboxBytes -= Self.cost(message)
        if received == inbox.count {
            inbox.removeAll(keepingCapacity: inbox.count < 64)
            received = 0
        }
        guard isHeldBack, inboxBytes <= limit / 2 else { return (message, false) }
        isHeldBack = false
        return (message, true)
    }

    /// Takes the first message of the outbox out.
    mutating func nextToSend() -> WebSocketMessage? {
        guard taken < outbox.count else { return nil }
        let message = outbox[taken]
        taken += 1
        outboxBytes -= Self.cost(message)
        if taken == outbox.count {
            outbox.removeAll(keepingCapacity: outbox.count < 64)
            taken = 0
        }
        return message
    }
}
