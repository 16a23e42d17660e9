// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import MartletPorts

/// A WebSocket as whoever opened it holds it. When nobody does any more, the connection is broken off.
final class OpenedWebSocket: WebSocketConnection {
    private let session: WebSocketSession

    init(_ session: WebSocketSession) { self.session = session }

    deinit {
        let session = session
        session.loop.perform { session.end() }
    }

    func receive() async -> WebSocketMessage? { await session.receive() }

    func send(_ message: WebSocketMessage) async throws { try await session.send(message) }

    func close(code: UInt16, reason: String) async { await session.close(code: code, reason: reason) }
}
