// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletPorts
import Synchronization

/// One end of a WebSocket that never leaves the process.
package final class MemoryWebSocket: WebSocketConnection {
    /// The connection is closed.
    package struct Closed: Error {}

    private let incoming: Channel
    private let outgoing: Channel
    /// With which code it was closed, by whichever end.
    private let ending: Ending

    private init(incoming: Channel, outgoing: Channel, ending: Ending) {
        self.incoming = incoming
        self.outgoing = outgoing
        self.ending = ending
    }

    /// Makes the two ends of a connection.
    package static func pair() -> (MemoryWebSocket, MemoryWebSocket) {
        let (one, other, ending) = (Channel(), Channel(), Ending())
        return (
            MemoryWebSocket(incoming: one, outgoing: other, ending: ending),
            MemoryWebSocket(incoming: other, outgoing: one, ending: ending)
        )
    }

    /// The code that it was closed with; `nil` while it is open.
    package var closingCode: UInt16? { ending.code.withLock { $0 } }

    package func receive() async -> WebSocketMessage? { await incoming.next() }

    package func send(_ message: WebSocketMessage) async throws {
        guard outgoing.put(message) else { throw Closed() }
    }

    /// Has everything that comes in told to a listener, to the end; what is returned ends then.
    @discardableResult
    package func told(to listener: any WebSocketListener) -> Task<Void, Never> {
        Task {
            while let message = await receive() { await listener.heard(message) }
            await listener.ended()
        }
    }

    package func close(code: UInt16, reason: String) async {
        ending.code.withLock { if $0 == nil { $0 = code } }
        incoming.close()
        outgoing.close()
    }

    private final class Ending: Sendable { let code = Mutex<UInt16?>(nil) }

    /// One direction.
    private final class Channel: Sendable {
        private struct Contents {
            var messages: [WebSocketMessage] = []
            var isClosed = false
            var reader: CheckedContinuation<WebSocketMessage?, Never>?
        }

        private let contents = Mutex(Contents())

        func put(_ message: WebSocketMessage) -> Bool {
            let (isOpen, reader) = contents.withLock { contents in
                guard !contents.isClosed else { return (false, nil as CheckedContinuation<WebSocketMessage?, Never>?) }
                if let reader = contents.reader {
                    contents.reader = nil
                    return (true, reader)
                }
                contents.messages.append(message)
                return (true, nil)
            }
            reader?.resume(returning: message)
            return isOpen
        }

        func close() {
            let reader = contents.withLock { contents in
                contents.isClosed = true
                defer { contents.reader = nil }
                return contents.reader
            }
            reader?.resume(returning: nil)
        }

        func next() async -> WebSocketMessage? {
            await withCheckedContinuation { continuation in
                let (isOver, message) = contents.withLock { contents in
                    if !contents.messages.isEmpty {
                        return (true, contents.messages.removeFirst() as WebSocketMessage?)
                    }
                    if contents.isClosed { return (true, nil) }
                    contents.reader = continuation
                    return (false, nil)
                }
                if isOver { continuation.resume(returning: message) }
            }
        }
    }
}
