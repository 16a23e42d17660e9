// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import MartletPorts
internal import Synchronization

/// What is told on a channel of Redis, for any number of listeners.
///
/// It has a line of its own, since a connection that listens can do little else.
final class NewsFeed: Sendable {
    private typealias Listener = AsyncStream<ClaimNews>.Continuation

    private struct Contents {
        /// Whether what is told is heard; `nil` while the first try to listen lasts, or the first after a break.
        var state: Result<Void, RedisError>?
        var listeners: [Int: Listener] = [:]
        var lastListener = 0
        /// Who listens as soon as that is possible.
        var waiting: [(listener: Int, CheckedContinuation<Void, any Error>)] = []
    }

    private final class Board: Sendable {
        let contents = Mutex(Contents())
    }

    private let board = Board()
    private let line: RedisLine

    /// Begins to listen.
    init(to address: RedisAddress, channel: String, patience: RedisLine.Patience) {
        line = RedisLine(to: address, greeting: [["SUBSCRIBE", channel]], patience: patience) { [board] news in
            switch news {
            case .up: Self.begin(board)
            case .down(let error): Self.end(board, error)
            case .message(let text): if let news = ClaimText.news(text) { Self.tell(news, board) }
            }
        }
    }

    /// Everything that is told from the return of this call on, until the connection breaks.
    func news() async throws -> AsyncStream<ClaimNews> {
        let (stream, listener) = AsyncStream.makeStream(of: ClaimNews.self)
        let number = board.contents.withLock { contents in
            contents.lastListener += 1
            contents.listeners[contents.lastListener] = listener
            return contents.lastListener
        }
        // The line goes on as long as somebody listens.
        listener.onTermination = { [self] _ in board.contents.withLock { $0.listeners[number] = nil } }
        do {
            try await withCheckedThrowingContinuation { continuation in
                let state = board.contents.withLock { contents in
                    if contents.state == nil { contents.waiting.append((number, continuation)) }
                    return contents.state
                }
                if let state { continuation.resume(with: state.mapError { $0 }) }
            }
        } catch {
            listener.finish()
            throw error
        }
        return stream
    }

    private static func begin(_ board: Board) {
        let waiting = board.contents.withLock { contents in
            contents.state = .success(())
            defer { contents.waiting = [] }
            return contents.waiting
        }
        for (_, continuation) in waiting { continuation.resume() }
    }

    private static func end(_ board: Board, _ error: RedisError) {
        let (waiting, listeners) = board.contents.withLock { contents in
            // The first try after a break is worth waiting for.
            let wasUp = if case .success = contents.state { true } else { false }
            contents.state = wasUp ? nil : .failure(error)
            defer { (contents.waiting, contents.listeners) = ([], [:]) }
            return (contents.waiting, contents.listeners)
        }
        for (_, continuation) in waiting { continuation.resume(throwing: error) }
        for listener in listeners.values { listener.finish() }
    }

    private static func tell(_ news: ClaimNews, _ board: Board) {
        for listener in board.contents.withLock({ Array($0.listeners.values) }) { listener.yield(news) }
    }
}
