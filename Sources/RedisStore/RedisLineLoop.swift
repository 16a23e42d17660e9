// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import CHiredis
internal import Glibc
internal import MartletModel

/// What a line's thread does: connect, send, receive, and connect again.
struct RedisLineLoop {
    private typealias Instant = ContinuousClock.Instant

    private let address: RedisAddress
    private let greeting: [[String]]
    private let patience: RedisLine.Patience
    private let sender: RedisLine.Sender
    private let news: @Sendable (RedisLine.News) -> Void
    /// Whether messages may come between answers.
    private let isSubscribed: Bool

    /// What was sent and is not answered, in the order in which answers come.
    private var sent: [RedisLine.Command] = []
    private var lastHeard = Instant.now

    private var desk: RedisLine.Desk { sender.desk }

    init(
        to address: RedisAddress, greeting: [[String]], patience: RedisLine.Patience,
        sender: RedisLine.Sender, news: @escaping @Sendable (RedisLine.News) -> Void
    ) {
        var words: [[String]] = []
        if let password = address.password { words.append(["AUTH"] + (address.user.map { [$0] } ?? []) + [password]) }
        if address.database != 0 { words.append(["SELECT", "\(address.database)"]) }
        words += greeting
        self.address = address
        self.greeting = words
        self.patience = patience
        self.sender = sender
        self.news = news
        isSubscribed = greeting.last?.first == "SUBSCRIBE"
    }

    /// Goes on until the line is closed.
    mutating func run() {
        var failedTries = 0
        while !desk.isClosed {
            var isUp = false
            do throws(RedisError) {
                let connection = try connect()
                try greet(connection)
                isUp = true
                failedTries = 0
                desk.set(failure: nil)
                news(.up(sender))
                try serve(connection)
            } catch {
                if !isUp { failedTries += 1 }
                // Nothing but the greeting was sent.
                fail(with: isUp || !error.mayBeDone ? error : .unreachable(address, error.message), isUp: isUp)
            }
            if failedTries > 0 { pause(after: failedTries) }
        }
        fail(with: RedisError(.unreachable, "the connection to Redis at \(address) was closed"), isUp: false)
    }

    /// Tells everybody that what they wait for does not come.
    private mutating func fail(with error: RedisError, isUp: Bool) {
        let lost = sent
        sent = []
        // What never left waits for the first try to connect again.
        if !isUp { desk.set(failure: error) }
        news(.down(error))
        for command in lost { command.answer(.failure(error)) }
    }

    // MARK: Connecting

    private func connect() throws(RedisError) -> RedisConnection {
        let deadline = Instant.now + patience.answer
        let connection = try RedisConnection(to: address)
        while true {
            let ready = wait(for: connection, POLLOUT, until: deadline)
            if desk.isClosed { break }
            if ready != 0 {
                try connection.confirm()
                try shakeHands(connection, until: deadline)
                break
            }
            if Instant.now >= deadline { throw .unreachable(address, "it does not answer") }
        }
        return connection
    }

    /// Waits until TLS has begun, where there is any.
    private func shakeHands(_ connection: RedisConnection, until deadline: Instant) throws(RedisError) {
        while !desk.isClosed {
            let events = try connection.shakeHands()
            if events == 0 { return }
            _ = wait(for: connection, events, until: deadline)
            if Instant.now >= deadline { throw .unreachable(address, "it does not answer in TLS") }
        }
    }

    /// Sends the greeting and waits until all of it was taken.
    private mutating func greet(_ connection: RedisConnection) throws(RedisError) {
        // Whether it is ready is asked even where there is nothing else to be said.
        let words = greeting.isEmpty ? [["PING"]] : greeting
        for command in words { try connection.append(command) }
        let deadline = Instant.now + patience.answer
        var left = words.count
        while left > 0, !desk.isClosed {
            let isSent = try connection.send()
            let ready = wait(for: connection, isSent ? POLLIN : POLLIN | POLLOUT, until: deadline)
            if ready & ~POLLOUT != 0 { try connection.receive() }
            while left > 0, let reply = try connection.reply() {
                if case .refusal(let text) = reply { throw RedisError(refusal: text, by: address) }
                left -= 1
            }
            if left > 0, Instant.now >= deadline { throw .unreachable(address, "it does not answer") }
        }
        lastHeard = .now
    }

    /// Waits after a try that failed; the more of them, the longer.
    private func pause(after tries: Int) {
        let whole = min(patience.longestPause, patience.firstPause * (1 << min(tries - 1, 16)))
        // So that many who lost the same Redis do not come back all at once.
        let end = Instant.now + whole * Double.random(in: 0.75...1.25)
        while Instant.now < end, !desk.isClosed { _ = wait(for: nil, 0, until: end) }
    }

    // MARK: Serving

    private mutating func serve(_ connection: RedisConnection) throws(RedisError) {
        while !desk.isClosed {
            for command in desk.take() {
                if Instant.now < command.deadline {
                    try send(command, on: connection)
                } else {
                    command.answer(.failure(.unreachable(address, "the connection came too late")))
                }
            }
            if sent.isEmpty, Instant.now >= lastHeard + patience.silence {
                try send(
                    RedisLine.Command(words: ["PING"], deadline: .now + patience.answer, answer: { _ in }),
                    on: connection)
            }
            let isSent = try connection.send()
            let deadline = sent.first?.deadline ?? (lastHeard + patience.silence)
            let ready = wait(for: connection, isSent ? POLLIN : POLLIN | POLLOUT, until: deadline)
            if ready & ~POLLOUT != 0 {
                try connection.receive()
                while let reply = try connection.reply() { deliver(reply) }
            }
            if let first = sent.first, Instant.now >= first.deadline {
                throw RedisError(
                    .timedOut, "Redis at \(address) did not answer within \(patience.answer)",
                    advice: "Look whether it is overloaded, or the network broken.")
            }
        }
    }

    private mutating func send(_ command: RedisLine.Command, on connection: RedisConnection) throws(RedisError) {
        sent.append(command)
        try connection.append(command.words)
    }

    private mutating func deliver(_ reply: RedisReply) {
        lastHeard = .now
        if isSubscribed, let parts = reply.list, parts.first?.text == "message" {
            if let text = parts.last?.text { news(.message(text)) }
        } else if !sent.isEmpty {
            sent.removeFirst().answer(.success(reply))
        }
    }

    /// Waits until the connection is ready for one of `events`, the bell rings or the time has come; returns what the
    /// connection is ready for.
    private func wait(for connection: RedisConnection?, _ events: Int32, until deadline: Instant) -> Int32 {
        let left = (deadline - .now).nanoseconds
        let milliseconds = Int32(clamping: max(0, (left + 999_999) / 1_000_000))
        var watched = [pollfd(fd: desk.bell, events: Int16(POLLIN), revents: 0)]
        if let connection { watched.append(pollfd(fd: connection.descriptor, events: Int16(events), revents: 0)) }
        guard poll(&watched, nfds_t(watched.count), milliseconds) > 0 else { return 0 }
        if watched[0].revents != 0 {
            var value: eventfd_t = 0
            eventfd_read(desk.bell, &value)
        }
        return watched.count > 1 ? Int32(watched[1].revents) : 0
    }
}
