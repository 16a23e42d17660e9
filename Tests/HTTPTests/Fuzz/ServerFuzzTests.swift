// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletHTTP
import MartletPorts
import MartletTestKit
import Testing

/// Whatever bytes come over a connection, it costs that connection at most.
@Suite(.serialized) struct ServerFuzzTests {
    private static let requests = [
        "GET /a?b=c HTTP/1.1\r\nHost: a\r\nRange: bytes=0-9\r\nConnection: close\r\n\r\n",
        "POST /a HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 13\r\n\r\n{\"a\": \"bcdef\"}",
        "PUT /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
    ].map { Array($0.utf8) }

    /// Reads every body to its end.
    private static func answer(to request: HTTPRequest) async -> HTTPResponse {
        var count = 0
        do { while let bytes = try await request.body.next() { count += bytes.count } } catch {
            return HTTPResponse(status: 400)
        }
        return .text("\(count)")
    }

    @Test func brokenRequestsCostTheirConnection() async throws {
        try await serving(HTTPServerConfiguration(), Self.answer) { port in
            for seed in Trial.current.seeds(short: 1...150) {
                let start = try await onThread {
                    var random = SplitMix64(seed: seed)
                    let request = BrokenRequest.request(random.pick(Self.requests), using: &random)
                    return try BrokenRequest.send(request, toPort: port, using: &random)
                }
                #expect(start.isEmpty || start.starts(with: "HTTP/".utf8), "seed \(seed)")
            }
            let good = try await onThread {
                let socket = try RawSocket(port: port)
                socket.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
                return socket.receiveAll()
            }
            #expect(good.hasPrefix("HTTP/1.1 200") && good.hasSuffix("0"), "\(good)")
        }
    }

    @Test func brokenFramesCostTheirConnection() async throws {
        let texts = ["", "a", #"{"heartbeat": {"holding": []}}"#, String(repeating: "long ", count: 400)]
        try await serving(HTTPServerConfiguration(), Self.echo) { port in
            for seed in Trial.current.seeds(short: 1...150) {
                try await onThread {
                    var random = SplitMix64(seed: seed)
                    let frames = BrokenRequest.frames(texts, using: &random)
                    let socket = try RawWebSocket(port: port)
                    socket.socket.send(frames)
                    socket.socket.setPatience(milliseconds: 20)
                    if random.chance(0.5) { _ = socket.socket.receive() }
                    if random.chance(0.3) { socket.socket.reset() }
                }
            }
            let answer = try await onThread {
                let socket = try RawWebSocket(port: port)
                socket.socket.send(RawWebSocket.frame(1, Array("still there".utf8)))
                return socket.next()?.payload
            }
            #expect(answer == Array("still there".utf8))
        }
    }

    /// A WebSocket that says back what it hears.
    private static func echo(to request: HTTPRequest) async -> HTTPResponse {
        HTTPResponse(
            status: 101,
            body: .webSocket { socket in
                while let message = await socket.receive() { try? await socket.send(message) }
                await socket.close(code: 1000, reason: "")
            })
    }
}
