// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import CMicroHTTPD
internal import Glibc
internal import MartletModel

/// Reads what the other end still sends after this end has closed.
///
/// A socket that is closed with bytes unread resets the connection, and the
/// other end may then never see the answer that was sent before.
final class LingeringSocket: EventHandler {
    /// For how long, and how many bytes, at most.
    private static let patience: Duration = .seconds(2)
    private static let limit = 64 << 20

    private let descriptor: Int32
    private let loop: EventLoop
    private var watch: EventLoop.WatchID?
    private var deadline: DeadlineQueue.ID?
    private var total = 0

    /// Begins with a copy of a descriptor that is about to be closed.
    static func drain(_ descriptor: Int32, in loop: EventLoop) {
        let copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 0)
        guard copy >= 0 else { return }
        shutdown(copy, Int32(SHUT_WR))
        let socket = LingeringSocket(copy, loop)
        socket.watch = loop.watch(copy, EPOLLIN.rawValue, socket)
        socket.deadline = loop.schedule(loop.now + patience) { socket.end() }
    }

    private init(_ descriptor: Int32, _ loop: EventLoop) {
        self.descriptor = descriptor
        self.loop = loop
    }

    deinit { close(descriptor) }

    func ready(_ events: UInt32) {
        let count = recv(descriptor, loop.scratch.baseAddress, loop.scratch.count, Int32(MSG_DONTWAIT))
        total += max(0, count)
        if count == 0 || (count < 0 && errno != EAGAIN) || total > Self.limit { end() }
    }

    /// The loop holds the only references, so that this closes the descriptor.
    private func end() {
        if let watch { loop.unwatch(watch) }
        if let deadline { loop.unschedule(deadline) }
    }
}
