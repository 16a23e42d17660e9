// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletHTTP
import MartletPorts
import MartletTestKit
import Testing

@Suite("WebSockets, both ends")
struct WebSocketClientTests {
    let caller = CurlCaller()

    private func open(_ port: Int, _ headers: HTTPHeaders = HTTPHeaders()) async throws -> any WebSocketConnection {
        try await caller.openWebSocket("ws://127.0.0.1:\(port)/socket?a=b", headers: headers, timeout: .seconds(60))
    }

    @Test("Messages of every size come back in order, and a close is orderly")
    func echo() async throws {
        try await echoing { port in
            let socket = try await open(port)
            let messages: [WebSocketMessage] =
                [.text(""), .text("h\u{e9}llo \u{1F426}"), .binary([])]
                + [1, 125, 126, 65_535, 65_536, 3_000_000].map { .binary([UInt8](repeating: 9, count: $0)) }
            for message in messages { try await socket.send(message) }
            for message in messages { #expect(await socket.receive() == message) }
            await socket.close(code: 1000, reason: "done")
            #expect(await socket.receive() == nil)
            await #expect(throws: HTTPError.self) { try await socket.send(.text("late")) }
            await socket.close(code: 1000, reason: "again")
        }
    }

    @Test("The server sees path, query and header of the handshake, and may refuse it")
    func handshake() async throws {
        try await serving { request in
            guard request.headers["Authorization"] == "Bearer good", request.path == "/socket",
                request.query("a") == "b"
            else { return HTTPResponse(status: 401, body: .bytes(Array("no".utf8))) }
            return HTTPResponse(status: 101, body: .webSocket { try? await $0.send(.text("in")) })
        } _: { port in
            let socket = try await open(port, ["Authorization": "Bearer good"])
            #expect(await socket.receive() == .text("in"))
            #expect(await socket.receive() == nil)
            let refusal = await #expect(throws: HTTPError.self) {
                _ = try await open(port, ["Authorization": "Bearer bad"])
            }
            #expect(refusal?.code == .refused && refusal?.status == 401 && refusal?.isRetryable == false)
        }
    }

    @Test("What the server sent before it closed is received first, in order")
    func burst() async throws {
        try await serving { _ in
            HTTPResponse(
                status: 101,
                body: .webSocket { socket in
                    for number in 0..<5000 { try? await socket.send(.text("\(number)")) }
                })
        } _: { port in
            let socket = try await open(port)
            for number in 0..<5000 { #expect(await socket.receive() == .text("\(number)")) }
            #expect(await socket.receive() == nil)
        }
    }

    @Test("A server that is not there, is no server, or falls silent is told apart")
    func failures() async throws {
        let nobodys = try ReservedPort()
        let unreachable = await #expect(throws: HTTPError.self) { _ = try await open(nobodys.number) }
        #expect(unreachable?.code == .unreachable)
        let badURL = await #expect(throws: HTTPError.self) {
            _ = try await caller.openWebSocket("file:///etc/passwd", headers: HTTPHeaders(), timeout: .seconds(1))
        }
        #expect(badURL?.code == .badURL)
        try await serving { _ in
            .text("plain")
        } _: { port in
            let refused = await #expect(throws: HTTPError.self) { _ = try await open(port) }
            #expect(refused?.code == .refused && refused?.status == 200)
        }
        // It accepts, since the system does that, and says nothing.
        let mute = try MuteListener()
        let silent = await #expect(throws: HTTPError.self) {
            _ = try await caller.openWebSocket(
                "ws://127.0.0.1:\(mute.port)/?token=secret", headers: HTTPHeaders(), timeout: .milliseconds(200))
        }
        #expect(silent?.code == .unreachable)
        #expect(silent?.message.contains("secret") == false)
    }

    @Test("Cancelling the task gives up an opening, and ends a receiving")
    func cancellation() async throws {
        let mute = try MuteListener()
        let opening = Task {
            try await caller.openWebSocket(
                "ws://127.0.0.1:\(mute.port)/", headers: HTTPHeaders(), timeout: .seconds(60))
        }
        opening.cancel()
        await #expect(throws: CancellationError.self) { _ = try await opening.value }

        try await echoing { port in
            let socket = try await open(port)
            let receiving = Task { await socket.receive() }
            receiving.cancel()
            #expect(await receiving.value == nil)
            // The connection itself is as good as before.
            try await socket.send(.text("still here"))
            #expect(await socket.receive() == .text("still here"))
        }
    }

    @Test("A dropped WebSocket is broken off, and the server notices")
    func dropped() async throws {
        let noticed = Signal()
        try await serving { _ in
            HTTPResponse(
                status: 101,
                body: .webSocket { socket in
                    while await socket.receive() != nil {}
                    noticed.happen()
                })
        } _: { port in
            try await open(port).send(.text("hello"))
            try await waiting(for: "the break") { await noticed.happened() }
        }
    }

    @Test("A server that stops says 1001, and stops at once")
    func serverStops() async throws {
        var configuration = HTTPServerConfiguration()
        configuration.stopGrace = .seconds(120)
        configuration.webSockets.closing = .seconds(120)
        let server = HTTPServer(
            configuration: configuration,
            handler: Answering { _ in HTTPResponse(status: 101, body: .webSocket { while await $0.receive() != nil {} })
            })
        let port = try await server.start()
        let raw = try await onThread { try RawWebSocket(port: port) }
        let sockets = try await withThrowingTaskGroup(of: (any WebSocketConnection).self) { group in
            for _ in 0..<20 { group.addTask { try await open(port) } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        let reading = Task {
            try await onThread {
                let close = raw.next()
                raw.socket.send(RawWebSocket.frame(8, [0x03, 0xe9]))
                return close?.payload.prefix(2)
            }
        }
        let began = ContinuousClock.now
        await server.stop()
        // Whatever is waited for in vain is so for two minutes.
        #expect(ContinuousClock.now - began < .seconds(60))
        #expect(try await reading.value == [0x03, 0xe9])
        for socket in sockets { #expect(await socket.receive() == nil) }
    }

    @Test("A server that hangs is noticed by its silence")
    func deadServer() async throws {
        var configuration = CurlConfiguration()
        configuration.webSockets.silence = .milliseconds(300)
        let mute = try MuteListener()
        let accepting = Task { try await onThread { try mute.acceptWebSocket() } }
        let socket = try await CurlCaller(configuration: configuration).openWebSocket(
            "ws://127.0.0.1:\(mute.port)/", headers: HTTPHeaders(), timeout: .seconds(60))
        let held = try await accepting.value
        let began = ContinuousClock.now
        #expect(await socket.receive() == nil)
        // Others are given 20 s.
        #expect(ContinuousClock.now - began < .seconds(15))
        #expect(held >= 0)
        mute.release(held)
    }
}
