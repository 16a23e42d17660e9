// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletHTTP
import MartletHost
import MartletPorts
import Synchronization

/// A handler made of a function.
struct Answering: HTTPHandler {
    let answer: @Sendable (HTTPRequest) async -> HTTPResponse

    init(_ answer: @escaping @Sendable (HTTPRequest) async -> HTTPResponse) { self.answer = answer }

    func respond(to request: HTTPRequest) async -> HTTPResponse { await answer(request) }
}

/// Runs a server on a free port of the loopback while `body` lasts.
func serving<Value: Sendable>(
    _ configuration: HTTPServerConfiguration = HTTPServerConfiguration(),
    _ answer: @escaping @Sendable (HTTPRequest) async -> HTTPResponse,
    _ body: (Int) async throws -> Value
) async throws -> Value {
    OpenFileLimit.raise()
    let server = HTTPServer(configuration: configuration, handler: Answering(answer))
    let port = try await server.start()
    do {
        let value = try await body(port)
        await server.stop()
        return value
    } catch {
        await server.stop()
        throw error
    }
}

extension HTTPResponse {
    /// A text with status 200.
    static func text(_ text: String) -> HTTPResponse {
        HTTPResponse(status: 200, headers: ["Content-Type": "text/plain"], body: .bytes(Array(text.utf8)))
    }
}

/// A body that a test feeds by hand.
struct FedBody: HTTPBody {
    private let stream: AsyncStream<[UInt8]>
    private let continuation: AsyncStream<[UInt8]>.Continuation
    private let iterator: Iterator

    private actor Iterator {
        private var iterator: AsyncStream<[UInt8]>.Iterator
        init(_ stream: AsyncStream<[UInt8]>) { iterator = stream.makeAsyncIterator() }
        func next() async -> [UInt8]? {
            var copy = iterator
            let value = await copy.next(isolation: self)
            iterator = copy
            return value
        }
    }

    init() {
        (stream, continuation) = AsyncStream.makeStream()
        iterator = Iterator(stream)
    }

    func feed(_ text: String) { continuation.yield(Array(text.utf8)) }
    func end() { continuation.finish() }
    func next() async throws -> [UInt8]? { await iterator.next() }
}

/// Something that happens once, to wait for.
final class Signal: Sendable {
    private let stream: AsyncStream<Void>
    private let continuation: AsyncStream<Void>.Continuation
    private let flag = Atomic(false)

    init() { (stream, continuation) = AsyncStream.makeStream() }

    var hasHappened: Bool { flag.load(ordering: .acquiring) }

    func happen() {
        flag.store(true, ordering: .releasing)
        continuation.finish()
    }

    /// Returns when it happened, or when the task is cancelled.
    func happened() async { for await _ in stream {} }
}
