// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import Foundation
import MartletHTTP
import MartletPorts
import MartletTestKit
import Testing

@Suite("What no good client sends")
struct RobustnessTests {
    private static let host = "Host: a\r\n"

    /// Answers what it was sent.
    private let echo: @Sendable (HTTPRequest) async -> HTTPResponse = { request in
        let body = try? await request.body.collected(upTo: 1 << 20)
        return HTTPResponse(status: 200, body: .bytes((body ?? nil) ?? []))
    }

    @Test(
        "A request that can be read in two ways, or in none, is refused and ends the connection",
        arguments: [
            ("PUT / HTTP/1.1\r\n\(host)Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
            ("PUT / HTTP/1.1\r\n\(host)Content-Length: 5\r\nContent-Length: 7\r\n\r\nhelloxx", 400),
            ("PUT / HTTP/1.1\r\n\(host)Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello", 400),
            ("PUT / HTTP/1.1\r\n\(host)Content-Length: 5, 5\r\n\r\nhello", 400),
            ("PUT / HTTP/1.1\r\n\(host)Content-Length: -5\r\n\r\nhello", 400),
            ("PUT / HTTP/1.1\r\n\(host)Content-Length: +5\r\n\r\nhello", 400),
            ("PUT / HTTP/1.1\r\n\(host)Content-Length : 5\r\n\r\nhello", 400),
            ("PUT / HTTP/1.1\r\n\(host)Transfer-Encoding: gzip\r\n\r\n", 501),
            ("PUT / HTTP/1.1\r\n\(host)Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501),
            ("PUT / HTTP/1.1\r\n\(host)Transfer-Encoding: chunked\r\n\r\nzz\r\n", 400),
            ("PUT / HTTP/1.1\r\n\(host)Expect: miracles\r\nContent-Length: 1\r\n\r\nx", 417),
            ("GET / HTTP/1.1\r\n\r\n", 400), ("GET / HTTP/1.1\r\n\(host)Host: b\r\n\r\n", 400),
            ("GET nowhere HTTP/1.1\r\n\(host)\r\n", 400),
        ])
    func refused(request: String, status: Int) async throws {
        try await serving(HTTPServerConfiguration(), echo) { port in
            try await onThread {
                let socket = try RawSocket(port: port)
                socket.send(request + "GET /smuggled HTTP/1.1\r\n\(Self.host)\r\n")
                let answer = socket.receiveAll()
                #expect(answer.hasPrefix("HTTP/1.1 \(status) "), "\(answer.prefix(60))")
                #expect(!answer.contains("HTTP/1.1 200"))
            }
        }
    }

    @Test("Headers beyond the limit are refused", arguments: [(200_000, 0, 431), (0, 100_000, 414)])
    func tooLarge(header: Int, target: Int, status: Int) async throws {
        try await serving(HTTPServerConfiguration(), echo) { port in
            try await onThread {
                let socket = try RawSocket(port: port)
                let text = String(repeating: "a", count: header)
                socket.send("GET /\(String(repeating: "a", count: target)) HTTP/1.1\r\n\(Self.host)X: \(text)\r\n\r\n")
                let answer = socket.receiveAll { $0.contains("\r\n\r\n") }
                #expect(answer.hasPrefix("HTTP/1.1 \(status) "), "\(answer.prefix(60))")
            }
        }
    }

    @Test("Chunks, pipelined requests and HTTP/1.0 are understood")
    func understood() async throws {
        try await serving(HTTPServerConfiguration(), echo) { port in
            try await onThread {
                let socket = try RawSocket(port: port)
                socket.send(
                    "PUT / HTTP/1.1\r\n\(Self.host)Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6;x=y\r\n world\r\n0\r\n\r\n"
                        + "PUT / HTTP/1.1\r\n\(Self.host)Content-Length: 3\r\n\r\ntwo"
                        + "PUT / HTTP/1.0\r\nContent-Length: 5\r\n\r\nthree")
                let answers = socket.receiveAll().components(separatedBy: "HTTP/1.1 200 OK\r\n")
                #expect(answers.count == 4)
                for (answer, body) in zip(answers.dropFirst(), ["hello world", "two", "three"]) {
                    #expect(answer.hasSuffix("\r\n\r\n" + body))
                }
            }
        }
    }

    @Test("Leave to send a body is given when the handler asks for it, and not when it refuses")
    func expectation() async throws {
        try await serving { request in
            guard request.path == "/good" else { return HTTPResponse(status: 403) }
            return await echo(request)
        } _: { port in
            try await onThread {
                let fields = "\(Self.host)Content-Length: 5\r\nExpect: 100-continue\r\n\r\n"
                let good = try RawSocket(port: port)
                good.send("PUT /good HTTP/1.1\r\n\(fields)")
                #expect(good.receiveAll { $0.hasSuffix("\r\n\r\n") } == "HTTP/1.1 100 Continue\r\n\r\n")
                good.send("hello")
                #expect(good.receiveAll { $0.hasSuffix("hello") }.hasPrefix("HTTP/1.1 200"))
                let bad = try RawSocket(port: port)
                bad.send("PUT /bad HTTP/1.1\r\n\(fields)")
                let answer = bad.receiveAll()
                #expect(answer.hasPrefix("HTTP/1.1 403") && !answer.contains("100 Continue"))
            }
        }
    }

    @Test("A body that nobody reads hangs nothing, and the answer arrives", arguments: [500_000, 30_000_000])
    func unread(count: Int) async throws {
        try await serving { request in
            // The longer one is answered in the middle of it.
            if request.path == "/part" { _ = try? await request.body.next() }
            return HTTPResponse(status: 403, body: .bytes(Array("no".utf8)))
        } _: { port in
            let caller = CurlCaller()
            let body = HTTPCall.Body.bytes([UInt8](repeating: 1, count: count))
            for path in count < 1_000_000 ? ["/", "/part", "/"] : ["/", "/"] {
                let answer = try await caller.call(
                    HTTPCall("PUT", "http://127.0.0.1:\(port)\(path)", body: body), limit: 10)
                #expect(answer.status == 403 && answer.body == Array("no".utf8))
            }
        }
    }

    @Test("Of a body that is no longer wanted only so much is read")
    func discardLimit() async throws {
        var configuration = HTTPServerConfiguration()
        configuration.discardLimit = 1 << 20
        try await serving(configuration) { request in
            _ = try? await request.body.next()
            return HTTPResponse(status: 403)
        } _: { port in
            try await onThread {
                let socket = try RawSocket(port: port)
                socket.send("PUT / HTTP/1.1\r\n\(Self.host)Content-Length: 100000000\r\n\r\n")
                let block = [UInt8](repeating: 1, count: 1 << 20)
                #expect((0..<100).contains { _ in !socket.send(block) })
            }
        }
    }

    @Test("A body is read no faster than it is asked for")
    func backPressure() async throws {
        let gate = Signal()
        try await serving { request in
            await gate.happened()
            var total = 0
            while let block = try? await request.body.next() { total += block.count }
            return .text("\(total)")
        } _: { port in
            let socket = try await onThread { try RawSocket(port: port) }
            let writing = Task {
                try await onThread {
                    socket.send("PUT / HTTP/1.1\r\n\(Self.host)Content-Length: \(40 << 20)\r\n\r\n")
                    for _ in 0..<40 { socket.send([UInt8](repeating: 7, count: 1 << 20)) }
                }
            }
            // The system's buffers hold a few MiB.
            await #expect(throws: WaitedInVain.self) {
                try await waiting(for: "40 MiB", atMost: .milliseconds(300)) { try await writing.value }
            }
            gate.happen()
            try await writing.value
            let answer = try await onThread { socket.receiveAll { $0.hasSuffix("\(40 << 20)") } }
            #expect(answer.hasPrefix("HTTP/1.1 200"))
        }
    }

    @Test("An upload that breaks off fails for whoever reads it")
    func abortedUpload() async throws {
        let failed = Signal()
        try await serving { request in
            do { _ = try await request.body.collected(upTo: 1 << 20) } catch { failed.happen() }
            return .text("late")
        } _: { port in
            try await onThread {
                let socket = try RawSocket(port: port)
                socket.send("PUT / HTTP/1.1\r\n\(Self.host)Content-Length: 1000\r\n\r\nhalf")
            }
            try await waiting(for: "the failure") { await failed.happened() }
        }
    }

    @Test("A handler is cancelled when the other end goes", arguments: [false, true])
    func gone(byReset: Bool) async throws {
        let begun = Signal()
        let cancelled = Signal()
        try await serving { _ in
            begun.happen()
            await Signal().happened()
            if Task.isCancelled { cancelled.happen() }
            return .text("late")
        } _: { port in
            let socket = try await onThread { try RawSocket(port: port) }
            socket.send("GET / HTTP/1.1\r\n\(Self.host)\r\n")
            await begun.happened()
            if byReset { socket.reset() } else { socket.endSending() }
            try await waiting(for: "the cancellation") { await cancelled.happened() }
        }
    }

    @Test("A stream ends at its source when the other end goes", arguments: [false, true])
    func streamGone(byReset: Bool) async throws {
        let source = EndlessBody()
        try await serving { _ in
            HTTPResponse(status: 200, body: .stream(source))
        } _: { port in
            let socket = try await onThread { try RawSocket(port: port) }
            socket.send("GET / HTTP/1.1\r\n\(Self.host)\r\n")
            let beginning = try await onThread { socket.receiveAll { $0.contains("first") } }
            #expect(beginning.contains("chunked"))
            if byReset { socket.reset() } else { socket.endSending() }
            try await waiting(for: "the end of the source") { await source.ended.happened() }
        }
    }

    @Test("Resets in the middle of responses leave the server as it was")
    func resets() async throws {
        let body = [UInt8](repeating: 3, count: 8 << 20)
        try await serving { _ in
            HTTPResponse(status: 200, body: .bytes(body))
        } _: { port in
            try await onThread {
                for _ in 0..<50 {
                    let socket = try RawSocket(port: port, receiveBuffer: 16 << 10)
                    socket.send("GET / HTTP/1.1\r\n\(Self.host)\r\n")
                    _ = socket.receive(1000)
                    socket.reset()
                }
            }
            let answer = try await CurlCaller().call(HTTPCall("GET", "http://127.0.0.1:\(port)/"), limit: 10 << 20)
            #expect(answer.body == body)
        }
    }

    @Test("A header that drips in is given up, also on a connection that was good before")
    func drip() async throws {
        var configuration = HTTPServerConfiguration()
        configuration.headerDeadline = .milliseconds(300)
        configuration.idleTimeout = .seconds(1)
        try await serving(configuration, echo) { port in
            for before in ["", "GET / HTTP/1.1\r\n\(Self.host)\r\n"] {
                try await onThread {
                    let socket = try RawSocket(port: port)
                    socket.send(before)
                    if !before.isEmpty { _ = socket.receiveAll { $0.contains("\r\n\r\n") } }
                    let began = ContinuousClock.now
                    socket.send("GET / HTTP/1.1\r\n\(Self.host)X: ")
                    socket.setPatience(milliseconds: 20)
                    var isOver = false
                    while !isOver, ContinuousClock.now - began < .seconds(60) {
                        isOver = !socket.send("a") || socket.receive() != nil || !socket.isStillWaiting
                    }
                    #expect(isOver)
                }
            }
        }
    }

    @Test("Silent connections and bodies that stop are closed after the idle timeout")
    func idle() async throws {
        var configuration = HTTPServerConfiguration()
        configuration.idleTimeout = .seconds(1)
        try await serving(configuration, echo) { port in
            for sent in ["", "PUT / HTTP/1.1\r\n\(Self.host)Content-Length: 50\r\n\r\nhalf"] {
                try await onThread {
                    let socket = try RawSocket(port: port)
                    socket.send(sent)
                    #expect(socket.isClosedByPeer())
                }
            }
        }
    }

    @Test("What was asked before the stop is answered, and then the server stops at once")
    func stopsInOrder() async throws {
        let begun = Signal()
        let gate = Signal()
        var configuration = HTTPServerConfiguration()
        configuration.stopGrace = .seconds(30)
        let server = HTTPServer(
            configuration: configuration,
            handler: Answering { _ in
                begun.happen()
                await gate.happened()
                return .text("whole")
            })
        let port = try await server.start()
        let (busy, silent) = try await onThread { (try RawSocket(port: port), try RawSocket(port: port)) }
        busy.send("GET / HTTP/1.1\r\n\(Self.host)\r\n")
        await begun.happened()
        let stopping = Task { await server.stop() }
        #expect(try await onThread { silent.isClosedByPeer() })
        gate.happen()
        #expect(try await onThread { busy.receiveAll().hasSuffix("whole") })
        try await waiting(for: "the stop") { await stopping.value }
    }

    @Test("A server stops although handlers and streams go on for ever, and cancels them")
    func stopsBusy() async throws {
        var configuration = HTTPServerConfiguration()
        configuration.stopGrace = .milliseconds(200)
        let begun = Signal()
        let cancelled = Signal()
        let source = EndlessBody()
        let server = HTTPServer(
            configuration: configuration,
            handler: Answering { request in
                if request.path == "/stream" { return HTTPResponse(status: 200, body: .stream(source)) }
                begun.happen()
                await Signal().happened()
                if Task.isCancelled { cancelled.happen() }
                return .text("late")
            })
        let port = try await server.start()
        let sockets = try await onThread { try (0..<3).map { _ in try RawSocket(port: port) } }
        sockets[0].send("GET / HTTP/1.1\r\n\(Self.host)\r\n")
        sockets[1].send("GET /stream HTTP/1.1\r\n\(Self.host)\r\n")
        await begun.happened()
        try await onThread { _ = sockets[1].receiveAll { $0.contains("first") } }
        try await waiting(for: "the stop") { await server.stop() }
        try await waiting(for: "the handler's cancellation") { await cancelled.happened() }
        try await waiting(for: "the stream's end") { await source.ended.happened() }
        try await onThread { for socket in sockets { #expect(socket.isClosedByPeer()) } }
    }
}

/// A body with a beginning and, until it is cancelled, no end.
private final class EndlessBody: HTTPBody {
    let ended = Signal()
    private let began = Signal()

    func next() async throws -> [UInt8]? {
        if !began.hasHappened {
            began.happen()
            return Array("first".utf8)
        }
        await Signal().happened()
        if Task.isCancelled { ended.happen() }
        return nil
    }
}
