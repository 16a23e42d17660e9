// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletModel
import MartletPorts
import MartletWire
import Synchronization

/// One connection to the coordinator, over which messages leave one after the other.
final class Session: Sendable {
    /// What waits to be sent.
    private enum Item: Sendable {
        case message(WorkerMessage)
        /// The newest progress of this lease.
        case progress(LeaseToken)
    }

    private let socket: any WebSocketConnection
    private let items: AsyncStream<Item>.Continuation
    private let progress: Progress
    private let sending: Task<Void, Never>

    /// Begins to send over a connection.
    init(_ socket: any WebSocketConnection) {
        let (stream, continuation) = AsyncStream.makeStream(of: Item.self)
        let progress = Progress()
        self.socket = socket
        self.progress = progress
        items = continuation
        sending = Task {
            for await item in stream {
                guard let message = progress.message(of: item) else { continue }
                do { try await socket.send(.text(MessageText.encode(message))) } catch {
                    // Whoever receives then hears that the connection is over.
                    await socket.close(code: 1001, reason: "")
                    return
                }
            }
        }
    }

    /// Sends a message after those before it; waits for nothing.
    func say(_ message: WorkerMessage) { items.yield(.message(message)) }

    /// Sends how far a task is; replaces what has not left yet.
    func say(_ report: RunProgress, of lease: LeaseToken) {
        if progress.note(report, of: lease) { items.yield(.progress(lease)) }
    }

    /// The next message; `nil` when the connection is over. Messages of later versions are passed over.
    func receive() async -> CoordinatorMessage? {
        while let message = await socket.receive() {
            guard case .text(let text) = message else { continue }
            if let message = try? MessageText.decode(CoordinatorMessage.self, from: text) { return message }
        }
        // Nobody reads what would still be sent.
        items.finish()
        return nil
    }

    /// Sends what waits, and closes.
    func finish() async {
        items.finish()
        await sending.value
        await socket.close(code: 1000, reason: "done")
    }

    /// Closes at once.
    func cut(_ reason: String) async { await socket.close(code: 1001, reason: reason) }

    /// The newest report of each lease that waits.
    private final class Progress: Sendable {
        private let reports = Mutex<[LeaseToken: RunProgress]>([:])

        /// Keeps a report; answers whether none of the lease's waited.
        func note(_ report: RunProgress, of lease: LeaseToken) -> Bool {
            reports.withLock { $0.updateValue(report, forKey: lease) == nil }
        }

        func message(of item: Item) -> WorkerMessage? {
            switch item {
            case .message(let message): message
            case .progress(let lease):
                reports.withLock { $0.removeValue(forKey: lease) }.map { .progress(lease, $0) }
            }
        }
    }
}
