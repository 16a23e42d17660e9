// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import CWslay
internal import Glibc
internal import MartletPorts

/// Frames of one WebSocket, by wslay: cutting, masking, checking of UTF-8, pongs and the answer to a close are its work.
///
/// Bytes go in by `receive`, and out by `write`. Belongs to a loop's thread. What wslay needs, 9 KB, is there only while a
/// frame or a message is under way: of thousands of connections nearly all are silent at any moment.
final class WebSocketFraming {
    /// Which end this is.
    enum Role {
        case server
        case client
    }

    /// What came of writing.
    enum Writing {
        case done
        case blocked
        case failed
    }

    /// Above how many framed bytes no more are framed.
    private static let highWater = 256 << 10
    /// How many answers to pings may wait.
    private static let mostAnswers = 1000

    private let role: Role
    private let maximumMessage: Int
    /// What wslay needs; `nil` between messages.
    private var context: OpaquePointer?
    /// How many bytes `context` was given.
    private var given = 0
    /// How many bytes the frames have that `context` saw the beginning of.
    private var framed = 0
    /// Whether a message is under way that further frames belong to.
    private var isInMessage = false
    private var input: UnsafeRawBufferPointer.SubSequence = UnsafeRawBufferPointer(start: nil, count: 0)[...]
    private var output: [UInt8] = []
    private var written = 0
    private var arrived: [WebSocketMessage] = []

    /// Makes one end.
    init(_ role: Role, maximumMessage: Int) {
        self.role = role
        self.maximumMessage = maximumMessage
    }

    deinit { if let context { wslay_event_context_free(context) } }

    /// What wslay needs, made when it is not there.
    private func opened() -> OpaquePointer? {
        if let context { return context }
        var callbacks = wslay_event_callbacks(
            recv_callback: Self.give, send_callback: Self.take, genmask_callback: Self.mask,
            on_frame_recv_start_callback: Self.begin, on_frame_recv_chunk_callback: nil,
            on_frame_recv_end_callback: nil, on_msg_recv_callback: Self.message)
        let closure = Unmanaged.passUnretained(self).toOpaque()
        let result =
            switch role {
            case .server: wslay_event_context_server_init(&context, &callbacks, closure)
            case .client: wslay_event_context_client_init(&context, &callbacks, closure)
            }
        guard result == 0 else { fatalError("no memory for a WebSocket") }
        wslay_event_config_set_max_recv_msg_length(context, UInt64(maximumMessage))
        (given, framed, isInMessage) = (0, 0, false)
        return context
    }

    /// Gives back what wslay needs when it keeps nothing there: no part of a frame or a message, and no close.
    private func rest() {
        guard let context, given == framed, !isInMessage, wslay_event_want_write(context) == 0,
            wslay_event_want_read(context) != 0, wslay_event_get_close_sent(context) == 0,
            wslay_event_get_close_received(context) == 0
        else { return }
        wslay_event_context_free(context)
        self.context = nil
    }

    /// Takes bytes from the network and gives the messages that they complete; `nil` when nothing can follow.
    func receive(_ bytes: UnsafeRawBufferPointer) -> [WebSocketMessage]? {
        input = bytes[...]
        defer {
            input = UnsafeRawBufferPointer(start: nil, count: 0)[...]
            arrived = []
        }
        guard wslay_event_recv(opened()) == 0 else { return nil }
        rest()
        return arrived
    }

    /// Whether the other end pings without reading the answers. Of messages, one at a time is queued.
    var isFlooded: Bool { queued > Self.mostAnswers }

    /// Whether another message may be queued now.
    var hasRoom: Bool { pending < Self.highWater && queued == 0 }

    private var queued: Int { context.map { wslay_event_get_queued_msg_count($0) } ?? 0 }

    /// Whether nothing waits to be written.
    var isDrained: Bool { pending == 0 && context.map { wslay_event_want_write($0) == 0 } ?? true }

    /// Whether bytes of the other end are still of interest.
    var wantsRead: Bool { context.map { wslay_event_want_read($0) != 0 } ?? true }

    /// Whether there is nothing left to do: both ends have closed, or a frame was broken and that was said.
    var isFinished: Bool {
        guard let context else { return false }
        let isClosed = wslay_event_get_close_sent(context) != 0 && wslay_event_get_close_received(context) != 0
        return isDrained && (isClosed || !wantsRead)
    }

    /// Queues a message.
    func queue(_ message: WebSocketMessage) {
        switch message {
        case .text(var text): text.withUTF8 { queue(WSLAY_TEXT_FRAME, $0) }
        case .binary(let bytes): bytes.withUnsafeBufferPointer { queue(WSLAY_BINARY_FRAME, $0) }
        }
        fill()
    }

    /// Queues a ping.
    func ping() {
        queue(WSLAY_PING, UnsafeBufferPointer(start: nil, count: 0))
        fill()
    }

    /// Queues the close; it overtakes messages that are not framed yet.
    func close(code: UInt16, reason: String) {
        // A close frame has room for 123 bytes of reason.
        var reason = String(decoding: reason.utf8.prefix(120), as: UTF8.self)
        reason.withUTF8 { _ = wslay_event_queue_close(opened(), code, $0.baseAddress, min($0.count, 123)) }
        fill()
    }

    /// Frames what is queued, and writes as much as goes.
    func write(_ send: (UnsafeRawBufferPointer) -> TransportResult) -> Writing {
        while true {
            guard fill() else { return .failed }
            guard pending > 0 else { return .done }
            let result = output.withUnsafeBytes { send(UnsafeRawBufferPointer(rebasing: $0[written...])) }
            switch result {
            case .again: return .blocked
            case .over: return .failed
            case .bytes(let count): written += count
            }
            guard pending == 0 else { continue }
            written = 0
            if output.capacity > 1 << 10 { output = [] } else { output.removeAll(keepingCapacity: true) }
            rest()
        }
    }

    private var pending: Int { output.count - written }

    private func queue(_ opcode: wslay_opcode, _ bytes: UnsafeBufferPointer<UInt8>) {
        var message = wslay_event_msg(
            opcode: UInt8(opcode.rawValue), msg: bytes.baseAddress, msg_length: bytes.count)
        wslay_event_queue_msg(opened(), &message)
    }

    /// Moves what wslay has queued to the output.
    @discardableResult
    private func fill() -> Bool {
        guard let context else { return true }
        return wslay_event_want_write(context) == 0 || wslay_event_send(context) == 0
    }

    // MARK: What wslay calls

    private static func framing(_ closure: UnsafeMutableRawPointer?) -> WebSocketFraming? {
        closure.map { Unmanaged<WebSocketFraming>.fromOpaque($0).takeUnretainedValue() }
    }

    private static let give: wslay_event_recv_callback = { context, buffer, count, _, closure in
        guard let framing = framing(closure), let buffer, !framing.input.isEmpty else {
            wslay_event_set_error(context, WSLAY_ERR_WOULDBLOCK.rawValue)
            return -1
        }
        let portion = framing.input.prefix(count)
        UnsafeMutableRawBufferPointer(start: buffer, count: count)
            .copyMemory(from: UnsafeRawBufferPointer(rebasing: portion))
        framing.input = framing.input.dropFirst(portion.count)
        framing.given += portion.count
        return portion.count
    }

    private static let begin: wslay_event_on_frame_recv_start_callback = { _, frame, closure in
        guard let framing = framing(closure), let frame = frame?.pointee else { return }
        // What says that it is longer than any file is refused; the sum does not matter then.
        let length = Int(truncatingIfNeeded: min(frame.payload_length, 1 << 40))
        // RFC 6455, 5.2: two bytes, a longer length in two or eight more, and the mask of what clients send.
        framing.framed += 2 + (length < 126 ? 0 : length < 65536 ? 2 : 8) + (framing.role == .server ? 4 : 0) + length
        // Control frames, from 8 on, may come between the frames of a message.
        if frame.opcode < 8 { framing.isInMessage = frame.fin == 0 }
    }

    private static let take: wslay_event_send_callback = { context, bytes, count, _, closure in
        guard let framing = framing(closure), framing.pending < highWater else {
            wslay_event_set_error(context, WSLAY_ERR_WOULDBLOCK.rawValue)
            return -1
        }
        framing.output.append(contentsOf: UnsafeBufferPointer(start: bytes, count: count))
        return count
    }

    private static let mask: wslay_event_genmask_callback = { _, buffer, count, _ in
        guard let buffer else { return -1 }
        for index in 0..<count { buffer[index] = .random(in: .min ... .max) }
        return 0
    }

    private static let message: wslay_event_on_msg_recv_callback = { _, argument, closure in
        guard let framing = framing(closure), let message = argument?.pointee else { return }
        let bytes = UnsafeBufferPointer(start: message.msg, count: message.msg_length)
        if UInt32(message.opcode) == WSLAY_TEXT_FRAME.rawValue {
            framing.arrived.append(.text(String(decoding: bytes, as: UTF8.self)))
        } else if UInt32(message.opcode) == WSLAY_BINARY_FRAME.rawValue {
            framing.arrived.append(.binary(Array(bytes)))
        }
    }
}
