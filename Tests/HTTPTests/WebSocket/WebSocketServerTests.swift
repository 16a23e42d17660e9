// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletHTTP
import MartletPorts
import MartletTestKit
import Testing

/// A server whose WebSockets send everything back.
func echoing<Value: Sendable>(
    _ configuration: HTTPServerConfiguration = HTTPServerConfiguration(),
    _ body: (Int) async throws -> Value
) async throws -> Value {
    try await serving(
        configuration,
        { _ in
            HTTPResponse(
                status: 101,
                body: .webSocket { socket in
                    while let message = await socket.receive() {
                        guard (try? await socket.send(message)) != nil else { return }
                    }
                })
        }, body)
}

@Suite("WebSockets, the server's end")
struct WebSocketServerTests {
    private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

    @Test("Messages, fragments with a ping between them, and what came with the handshake are all answered")
    func frames() async throws {
        try await echoing { port in
            try await onThread {
                let early = RawWebSocket.frame(1, bytes("early"))
                let socket = try RawWebSocket(port: port, early: early)
                #expect(socket.next()?.payload == bytes("early"))

                socket.socket.send(RawWebSocket.frame(1, bytes("h\u{e9}"), isFinal: false))
                socket.socket.send(RawWebSocket.frame(9, bytes("are you there")))
                socket.socket.send(RawWebSocket.frame(0, bytes("llo")))
                let pong = socket.next()
                #expect(pong?.opcode == 10 && pong?.payload == bytes("are you there"))
                let message = socket.next()
                #expect(message?.opcode == 1 && message?.payload == bytes("h\u{e9}llo"))

                for count in [0, 1, 125, 126, 65535, 65536, 1_000_000] {
                    let payload = [UInt8](repeating: UInt8(count & 255), count: count)
                    socket.socket.send(RawWebSocket.frame(2, payload))
                    let answer = socket.next()
                    #expect(answer?.opcode == 2)
                    #expect(answer?.payload == payload)
                }
                socket.socket.send(RawWebSocket.frame(8, [0x0f, 0xa1]))
                let close = socket.next()
                #expect(close?.opcode == 8 && close?.payload.prefix(2) == [0x0f, 0xa1])
                #expect(socket.socket.isClosedByPeer())
            }
        }
    }

    @Test(
        "What is no good WebSocket is closed with the code that says so",
        arguments: [
            ("text that is no UTF-8", 1007), ("no mask", 1002), ("an unknown kind", 1002), ("a stray end", 1002),
            ("too long", 1009),
        ])
    func refusals(fault: String, code: Int) async throws {
        let frame =
            switch fault {
            case "text that is no UTF-8": RawWebSocket.frame(1, [0xff, 0xfe])
            case "no mask": RawWebSocket.frame(1, [97], isMasked: false)
            case "an unknown kind": RawWebSocket.frame(3, [])
            case "a stray end": RawWebSocket.frame(0, [97])
            default: RawWebSocket.frame(2, [UInt8](repeating: 0, count: 2000))
            }
        var configuration = HTTPServerConfiguration()
        configuration.webSockets.message = 1000
        try await echoing(configuration) { port in
            try await onThread {
                let socket = try RawWebSocket(port: port)
                socket.socket.send(frame)
                let close = socket.next()
                #expect(close?.opcode == 8)
                #expect(close.map { Int($0.payload[0]) << 8 | Int($0.payload[1]) } == code)
                #expect(socket.socket.isClosedByPeer())
            }
        }
    }

    @Test("A request that asks for no WebSocket where there is nothing else gets 426")
    func noUpgrade() async throws {
        try await echoing { port in
            let answer = try await CurlCaller().call(HTTPCall("GET", "http://127.0.0.1:\(port)/"), limit: 10)
            #expect(answer.status == 426)
            #expect(answer.headers["upgrade"] == "websocket")
        }
    }

    @Test("A handler that returns closes with 1000; a connection that broke ends its receiving")
    func endings() async throws {
        let broken = Signal()
        try await serving { request in
            HTTPResponse(
                status: 101,
                body: .webSocket { socket in
                    guard request.path == "/wait" else { return }
                    #expect(await socket.receive() == .text("x"))
                    #expect(await socket.receive() == nil)
                    #expect(await socket.receive() == nil)
                    await #expect(throws: HTTPError.self) { try await socket.send(.text("y")) }
                    broken.happen()
                })
        } _: { port in
            try await onThread {
                let short = try RawWebSocket(port: port, path: "/")
                let close = short.next()
                #expect(close?.opcode == 8 && close?.payload == [0x03, 0xe8])
                let long = try RawWebSocket(port: port, path: "/wait")
                long.socket.send(RawWebSocket.frame(1, [UInt8(ascii: "x")]))
                long.socket.reset()
            }
            try await waiting(for: "the break") { await broken.happened() }
        }
    }

    @Test("Who is silent is pinged, and dropped when nothing comes back")
    func silence() async throws {
        var configuration = HTTPServerConfiguration()
        // Half of it is there to answer a ping in.
        configuration.webSockets.silence = .seconds(3)
        try await echoing(configuration) { port in
            try await onThread {
                let socket = try RawWebSocket(port: port)
                // Alive for longer than the limit, by its pongs alone.
                for _ in 0..<3 {
                    let ping = socket.next()
                    #expect(ping?.opcode == 9)
                    socket.socket.send(RawWebSocket.frame(10, ping?.payload ?? []))
                }
                let began = ContinuousClock.now
                #expect(socket.next()?.opcode == 9)
                #expect(socket.next() == nil)
                // Others are given 20 s.
                #expect(ContinuousClock.now - began < .seconds(18))
            }
        }
    }

    @Test("Who pings for ever without reading the answers is dropped")
    func pingFlood() async throws {
        try await echoing { port in
            try await onThread {
                let socket = try RawWebSocket(port: port, receiveBuffer: 4 << 10)
                let pings = [UInt8](
                    (0..<1000).map { _ in RawWebSocket.frame(9, [UInt8](repeating: 1, count: 125)) }.joined())
                #expect((0..<500).contains { _ in !socket.socket.send(pings) })
            }
        }
    }

    @Test("Sending waits while the other end does not read, and goes on when it does")
    func slowReader() async throws {
        var configuration = HTTPServerConfiguration()
        configuration.webSockets.outbox = 1 << 20
        // However slowly it is read: neither a ping comes in between, nor an end before the close is read.
        configuration.webSockets.silence = .seconds(600)
        configuration.webSockets.closing = .seconds(600)
        let sent = Journal<Int>()
        let count = 400
        try await serving(configuration) { _ in
            HTTPResponse(
                status: 101,
                body: .webSocket { socket in
                    for number in 0..<count {
                        let block = [UInt8](repeating: UInt8(number & 255), count: 64 << 10)
                        guard (try? await socket.send(.binary(block))) != nil else { return }
                        sent.note(number)
                    }
                })
        } _: { port in
            let socket = try await onThread { try RawWebSocket(port: port, receiveBuffer: 32 << 10) }
            // The system's buffers hold a few MiB and the outbox one; the rest has to wait.
            await #expect(throws: WaitedInVain.self) {
                try await waiting(for: "all to be sent", atMost: .milliseconds(300)) {
                    try await sent.entry(count / 2, "block")
                }
            }
            try await onThread {
                for number in 0..<count {
                    let frame = socket.next()
                    #expect(frame?.payload.count == 64 << 10 && frame?.payload.last == UInt8(number & 255))
                }
                #expect(socket.next()?.opcode == 8)
            }
        }
    }

    @Test("Nothing more is read from whom nobody receives, and all of it when somebody does")
    func slowReceiver() async throws {
        var configuration = HTTPServerConfiguration()
        configuration.webSockets.inbox = 100_000
        let gate = Signal()
        try await serving(configuration) { _ in
            HTTPResponse(
                status: 101,
                body: .webSocket { socket in
                    await gate.happened()
                    var total = 0
                    while case .binary(let block) = await socket.receive(), !block.isEmpty { total += block.count }
                    try? await socket.send(.text("\(total)"))
                })
        } _: { port in
            let socket = try await onThread { try RawWebSocket(port: port) }
            let block = RawWebSocket.frame(2, [UInt8](repeating: 7, count: 1 << 20))
            let writing = Task {
                try await onThread {
                    for _ in 0..<40 { socket.socket.send(block) }
                    socket.socket.send(RawWebSocket.frame(2, []))
                }
            }
            // The system's buffers hold a few MiB; the rest can only leave when the server reads.
            let stuck = await #expect(throws: WaitedInVain.self) {
                try await waiting(for: "40 MiB", atMost: .milliseconds(300)) { try await writing.value }
            }
            #expect(stuck != nil)
            gate.happen()
            try await writing.value
            let total = try await onThread { socket.next()?.payload }
            #expect(total == bytes("\(40 << 20)"))
        }
    }

    /// Notes what it is told, and takes nothing before the test allows it.
    private struct Listener: WebSocketListener {
        let told = Journal<String>()
        let gate = Signal()

        func heard(_ message: WebSocketMessage) async {
            if case .text(let text) = message { told.note("\(text) begins") }
            await gate.happened()
            if case .text(let text) = message { told.note("\(text) ends") }
        }

        func ended() async { told.note("over") }
    }

    @Test("A listener is told one message after the other, and then of the end, once", arguments: [true, false])
    func listener(closesWell: Bool) async throws {
        let listener = Listener()
        try await serving { _ in
            HTTPResponse(status: 101, body: .heardWebSocket { _ in listener })
        } _: { port in
            var socket: RawWebSocket? = try await onThread {
                let socket = try RawWebSocket(port: port, early: RawWebSocket.frame(1, self.bytes("a")))
                socket.socket.send(RawWebSocket.frame(1, self.bytes("b")) + RawWebSocket.frame(1, self.bytes("c")))
                return socket
            }
            try await listener.told.wait(for: "the first message") { $0 == ["a begins"] }
            // What comes while nobody listens any more still counts.
            try await onThread { [socket] in
                socket?.socket.send(RawWebSocket.frame(1, self.bytes("d")))
                if closesWell {
                    socket?.socket.send(RawWebSocket.frame(8, [0x03, 0xe8]))
                    #expect(socket?.next()?.opcode == 8)
                    #expect(socket?.socket.isClosedByPeer() == true)
                }
            }
            listener.gate.happen()
            let said = ["a", "b", "c", "d"].flatMap { ["\($0) begins", "\($0) ends"] }
            try await listener.told.wait(for: "all messages") { $0.starts(with: said) }
            socket = nil
            try await listener.told.wait(for: "the end") { $0 == said + ["over"] }
        }
        #expect(listener.told.entries.count { $0 == "over" } == 1)
    }

    @Test("A broken frame while messages wait costs its connection, and no other one its turn")
    func brokenWhileSending() async throws {
        try await serving { _ in
            HTTPResponse(
                status: 101,
                body: .webSocket { socket in
                    guard case .text(let wanted)? = await socket.receive(), let count = Int(wanted) else { return }
                    for _ in 0..<count {
                        guard (try? await socket.send(.binary([UInt8](repeating: 7, count: 50_000)))) != nil else {
                            return
                        }
                    }
                })
        } _: { port in
            try await onThread {
                let flooded = try RawWebSocket(port: port, receiveBuffer: 4096)
                flooded.socket.send(RawWebSocket.frame(1, self.bytes("1000")))
                // By then so much is under way that more waits.
                _ = flooded.next()
                // A ping, whose answer waits, and a frame of a kind that there is not.
                flooded.socket.send(RawWebSocket.frame(9, []) + RawWebSocket.frame(9, []) + RawWebSocket.frame(7, []))
                while let bytes = flooded.socket.receive(), !bytes.isEmpty {}
                let other = try RawWebSocket(port: port)
                other.socket.send(RawWebSocket.frame(1, self.bytes("1")))
                #expect(other.next()?.payload.count == 50_000)
            }
        }
    }
}
