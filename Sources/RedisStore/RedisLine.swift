// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import CHiredis
internal import Glibc
internal import Synchronization

/// A connection to Redis that is made anew whenever it breaks.
///
/// A thread of its own sends commands as they come, without waiting for the
/// answers of those before, and hands each answer to whoever asked. While
/// there is no connection, commands fail at once, but for the first try after
/// a break, whose result they wait for.
final class RedisLine: Sendable {
    /// How patient a line is.
    struct Patience: Sendable {
        /// How long a command may take, and the making of a connection.
        var answer: Duration = .seconds(2)
        /// After how long a silence it asks whether Redis is still there.
        var silence: Duration = .seconds(5)
        /// The pause after the first failed try to connect; each following one is twice as long.
        var firstPause: Duration = .milliseconds(50)
        /// The longest pause.
        var longestPause: Duration = .seconds(2)
    }

    /// What becomes known of a line. Called on its thread, which waits meanwhile.
    enum News: Sendable {
        /// There is a connection, and its greeting was taken. What is sent by this goes first.
        case up(Sender)
        /// There is none any more, or none came about.
        case down(RedisError)
        /// A message came on a channel that the greeting subscribed to.
        case message(String)
    }

    /// A command, and who waits for its answer.
    struct Command: Sendable {
        let words: [String]
        let deadline: ContinuousClock.Instant
        let answer: @Sendable (Result<RedisReply, RedisError>) -> Void
    }

    private let sender: Sender

    /// Puts commands on a line.
    struct Sender: Sendable {
        let desk: Desk
        let answerTime: Duration

        /// Sends a command; its answer is told on the line's thread.
        func send(_ words: [String], answer: @escaping @Sendable (Result<RedisReply, RedisError>) -> Void) {
            let command = Command(words: words, deadline: .now + answerTime, answer: answer)
            let (failure, isFirst) = desk.contents.withLock { contents -> (RedisError?, Bool) in
                if let failure = contents.failure { return (failure, false) }
                contents.waiting.append(command)
                return (nil, contents.waiting.count == 1)
            }
            if let failure { answer(.failure(failure)) } else if isFirst { desk.ring() }
        }
    }

    /// What the line's thread and everybody else share.
    final class Desk: Sendable {
        struct Contents {
            var waiting: [Command] = []
            /// Why commands fail at once; `nil` while there is a connection, or the first try at one.
            var failure: RedisError?
            var isClosed = false
        }

        let contents = Mutex(Contents())
        /// Readable when there is something new for the thread.
        let bell: Int32

        init() {
            bell = eventfd(0, Int32(EFD_CLOEXEC) | Int32(EFD_NONBLOCK))
            guard bell >= 0 else { fatalError("no descriptor for events: error \(errno)") }
        }

        deinit { close(bell) }

        /// Has the thread look.
        func ring() { eventfd_write(bell, 1) }

        /// Takes what is to be sent.
        func take() -> [Command] {
            contents.withLock { contents in
                defer { contents.waiting = [] }
                return contents.waiting
            }
        }

        /// From now on commands fail with this at once, and so do those that wait; `nil` for no longer.
        func set(failure: RedisError?) {
            let failed = contents.withLock { contents in
                contents.failure = failure
                defer { if failure != nil { contents.waiting = [] } }
                return failure == nil ? [] : contents.waiting
            }
            if let failure { for command in failed { command.answer(.failure(failure)) } }
        }

        var isClosed: Bool { contents.withLock { $0.isClosed } }
    }

    /// Makes a line and begins to connect.
    ///
    /// - Parameters:
    ///   - greeting: what is sent first on every connection, behind the password; `SUBSCRIBE` at the end, if at all.
    ///   - news: is told what becomes of the line.
    init(
        to address: RedisAddress, greeting: [[String]] = [], patience: Patience = Patience(),
        news: @escaping @Sendable (News) -> Void
    ) {
        let sender = Sender(desk: Desk(), answerTime: patience.answer)
        self.sender = sender
        RedisThread.start {
            var loop = RedisLineLoop(to: address, greeting: greeting, patience: patience, sender: sender, news: news)
            loop.run()
        }
    }

    deinit {
        sender.desk.contents.withLock { $0.isClosed = true }
        sender.desk.ring()
    }

    /// Sends a command and returns its answer, a refusal included.
    ///
    /// - Throws: `RedisError`: `unreachable`, `timedOut`, `disconnected`, `refused` (by the greeting), `badAnswer`.
    func ask(_ words: [String]) async throws -> RedisReply {
        try await withCheckedThrowingContinuation { continuation in
            sender.send(words) { continuation.resume(with: $0) }
        }
    }
}
