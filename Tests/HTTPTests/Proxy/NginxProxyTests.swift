// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import Foundation
import MartletHTTP
import MartletPorts
import MartletTestKit
import Testing

@Suite("Behind nginx")
struct NginxProxyTests {
    @Test("Bodies, streams, files and WebSockets pass through a proxy with TLS")
    func everything() async throws {
        let certificates = try await Certificates.made()
        let family = certificates.own
        let caller = CurlCaller(configuration: CurlConfiguration(authorities: family.authority))
        let bytes = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }
        let file = certificates.directory.file("proxied")
        try Data(bytes).write(to: URL(filePath: file))
        let events = FedBody()
        try await serving { request in
            switch request.path {
            case "/file": return HTTPResponse(status: 206, body: .file(path: file, bytes: 1000..<2_000_000))
            case "/events": return HTTPResponse(status: 200, body: .stream(events))
            case "/refused": return HTTPResponse(status: 403)
            case "/socket":
                return HTTPResponse(
                    status: 101,
                    body: .webSocket { socket in
                        while let message = await socket.receive() { try? await socket.send(message) }
                    })
            default:
                let body = try? await request.body.collected(upTo: 10_000_000)
                return HTTPResponse(status: 200, body: .bytes((body ?? nil) ?? []))
            }
        } _: { backend in
            let nginx = try await NginxProxy(
                before: backend, certificate: family.server.certificate, key: family.server.key)
            let base = "https://127.0.0.1:\(nginx.port)"
            let echo = try await caller.call(HTTPCall("PUT", base + "/", body: .bytes(bytes)), limit: 10_000_000)
            #expect(echo.body == bytes)
            let part = try await caller.call(HTTPCall("GET", base + "/file"), limit: 10_000_000)
            #expect(part.status == 206 && part.body == Array(bytes[1000..<2_000_000]))
            let refused = try await caller.call(
                HTTPCall("PUT", base + "/refused", body: .bytes([1, 2, 3])), limit: 10_000)
            #expect(refused.status == 403)

            let stream = try await caller.stream(HTTPCall("GET", base + "/events"))
            for text in ["one", "two"] {
                events.feed(text)
                let block = try await waiting(for: "an event") { try await stream.body.next() }
                #expect(block == Array(text.utf8))
            }
            events.end()
            #expect(try await stream.body.next() == nil)

            let sockets = try await withThrowingTaskGroup(of: (any WebSocketConnection).self) { group in
                for _ in 0..<20 {
                    group.addTask {
                        try await caller.openWebSocket(
                            base + "/socket", headers: HTTPHeaders(), timeout: .seconds(60))
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            for socket in sockets {
                for message in [WebSocketMessage.text("small"), .binary(Array(bytes.prefix(700_000)))] {
                    try await socket.send(message)
                    #expect(await socket.receive() == message)
                }
                await socket.close(code: 1000, reason: "")
            }
            try await nginx.stop()

            // What a proxy answers while the server behind it is away can be tried again.
            let orphan = try await NginxProxy(
                before: try MuteListener().port, certificate: family.server.certificate, key: family.server.key)
            let error = await #expect(throws: HTTPError.self) {
                _ = try await caller.openWebSocket(
                    "wss://127.0.0.1:\(orphan.port)/", headers: HTTPHeaders(), timeout: .seconds(60))
            }
            #expect(error?.status == 502 && error?.isRetryable == true)
            try await orphan.stop()
        }
    }
}
