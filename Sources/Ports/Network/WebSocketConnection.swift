// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

/// One end of a WebSocket (RFC 6455).
///
/// Pings are answered by themselves. One task at a time may receive; any may send.
package protocol WebSocketConnection: Sendable {
    /// The next message; `nil` when the connection is closed or broken, and from then on.
    func receive() async -> WebSocketMessage?
    /// Sends a message. Waits while too much is under way already.
    ///
    /// - Throws: when the connection is closed or broken.
    func send(_ message: WebSocketMessage) async throws
    /// Closes it; nothing happens when it is closed already.
    ///
    /// - Parameter code: the status code, such as 1000 (done) or 1008 (refused).
    func close(code: UInt16, reason: String) async
}

/// What travels over a WebSocket.
package enum WebSocketMessage: Sendable, Equatable {
    case text(String)
    case binary([UInt8])
}
