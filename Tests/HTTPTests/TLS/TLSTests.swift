// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import Foundation
import MartletHTTP
import MartletPorts
import MartletTestKit
import Testing

@Suite("TLS")
struct TLSTests {
    private func trusting(
        _ authority: String?, as client: (certificate: String, key: String)? = nil
    ) -> CurlCaller {
        CurlCaller(
            configuration: CurlConfiguration(
                authorities: authority, certificate: client?.certificate, key: client?.key))
    }

    private func secured(_ family: Certificates.Family, clients: String? = nil) -> HTTPServerConfiguration {
        var configuration = HTTPServerConfiguration()
        configuration.tls = ServerTLS(
            certificate: family.server.certificate, key: family.server.key, clientAuthorities: clients)
        return configuration
    }

    @Test("Bodies, files and streams pass through TLS whole")
    func exchange() async throws {
        let certificates = try await Certificates.made()
        let file = certificates.directory.file("tls-film")
        let bytes = (0..<700_000).map { UInt8(truncatingIfNeeded: $0 &* 13 &+ $0 >> 7) }
        try Data(bytes).write(to: URL(filePath: file))
        try await serving(secured(certificates.own)) { request in
            #expect(request.isSecure && request.clientName == nil)
            if request.method == "GET" { return HTTPResponse(status: 200, body: .file(path: file, bytes: 0..<700_000)) }
            let body = try? await request.body.collected(upTo: 1 << 20)
            return HTTPResponse(status: 200, body: .bytes((body ?? nil) ?? []))
        } _: { port in
            let caller = trusting(certificates.own.authority)
            for host in ["127.0.0.1", "localhost"] {
                let down = try await caller.call(HTTPCall("GET", "https://\(host):\(port)/"), limit: 1 << 20)
                #expect(down.body == bytes)
            }
            let echo = try await caller.call(
                HTTPCall("PUT", "https://127.0.0.1:\(port)/", body: .bytes(bytes)), limit: 1 << 20)
            #expect(echo.body == bytes)
        }
    }

    @Test("A server is trusted only by the authority that it has its certificate from")
    func distrust() async throws {
        let certificates = try await Certificates.made()
        try await serving(secured(certificates.own)) { _ in
            .text("secret")
        } _: { port in
            for authority in [certificates.foreign.authority, nil] {
                let error = await #expect(throws: HTTPError.self) {
                    _ = try await trusting(authority).call(HTTPCall("GET", "https://127.0.0.1:\(port)/"), limit: 10)
                }
                #expect(error?.code == .untrusted && error?.isRetryable == false)
                let socketError = await #expect(throws: HTTPError.self) {
                    _ = try await trusting(authority).openWebSocket(
                        "wss://127.0.0.1:\(port)/", headers: HTTPHeaders(), timeout: .seconds(30))
                }
                #expect(socketError?.code == .untrusted)
            }
            let plain = await #expect(throws: HTTPError.self) {
                _ = try await CurlCaller().call(HTTPCall("GET", "http://127.0.0.1:\(port)/"), limit: 10)
            }
            #expect(plain != nil)
        }
        let plain = try MuteListener()
        let answering = Task { try await onThread { try plain.accept(saying: "HTTP/1.1 400 Bad Request\r\n\r\n") } }
        let error = await #expect(throws: HTTPError.self) {
            _ = try await trusting(certificates.own.authority).call(
                HTTPCall("GET", "https://127.0.0.1:\(plain.port)/"), limit: 10)
        }
        #expect(error?.code == .badAnswer)
        plain.release(try await answering.value)
    }

    @Test("With client authorities, only their clients get in, by name")
    func mutual() async throws {
        let certificates = try await Certificates.made()
        let configuration = secured(certificates.own, clients: certificates.own.authority)
        try await serving(configuration) { request in
            let name = request.clientName ?? "nobody"
            guard request.path == "/socket" else { return .text(name) }
            return HTTPResponse(status: 101, body: .webSocket { try? await $0.send(.text(name)) })
        } _: { port in
            let call = HTTPCall("GET", "https://127.0.0.1:\(port)/")
            let known = trusting(certificates.own.authority, as: certificates.own.client)
            #expect(try await known.call(call, limit: 100).body == Array("worker-7".utf8))
            let socket = try await known.openWebSocket(
                "wss://127.0.0.1:\(port)/socket", headers: HTTPHeaders(), timeout: .seconds(30))
            #expect(await socket.receive() == .text("worker-7"))

            // None, one of another authority, and one that was made for servers.
            for client in [nil, certificates.foreign.client, certificates.own.server] {
                let stranger = trusting(certificates.own.authority, as: client)
                let error = await #expect(throws: HTTPError.self) { _ = try await stranger.call(call, limit: 100) }
                #expect(error?.code == .untrusted, "\(error?.message ?? "")")
                let socketError = await #expect(throws: HTTPError.self) {
                    _ = try await stranger.openWebSocket(
                        "wss://127.0.0.1:\(port)/socket", headers: HTTPHeaders(), timeout: .seconds(30))
                }
                #expect(socketError != nil)
            }
        }
    }

    @Test("Files that hold no certificate are refused at the start, by both ends")
    func badFiles() async throws {
        let certificates = try await Certificates.made()
        let (own, foreign) = (certificates.own.server, certificates.foreign.server)
        for (certificate, key, authorities, culprit) in [
            ("/nowhere", own.key, nil, "/nowhere"), (own.key, own.key, nil, own.key),
            (own.certificate, foreign.key, nil, foreign.key),
            (own.certificate, own.key, own.key, "authorities \(own.key)"),
        ] {
            var configuration = HTTPServerConfiguration()
            configuration.tls = ServerTLS(certificate: certificate, key: key, clientAuthorities: authorities)
            let server = HTTPServer(configuration: configuration, handler: Answering { _ in .text("") })
            let error = await #expect(throws: HTTPError.self) { _ = try await server.start() }
            #expect(error?.code == .cannotListen && error?.message.contains(culprit) == true)
        }
        let error = await #expect(throws: HTTPError.self) {
            _ = try await trusting("/nowhere").call(HTTPCall("GET", "https://127.0.0.1:1/"), limit: 10)
        }
        #expect(error?.code == .untrusted && error?.message.contains("/nowhere") == true)
    }

    @Test("WebSockets over TLS open, echo and close by hundreds without a stall or a descriptor left behind")
    func crowd() async throws {
        let certificates = try await Certificates.made()
        let (count, rounds) = (300, 3)
        var configuration = secured(certificates.own)
        configuration.webSockets.closing = .seconds(120)
        let caller = CurlCaller(
            configuration: {
                var configuration = CurlConfiguration(authorities: certificates.own.authority)
                configuration.webSockets.closing = .seconds(120)
                return configuration
            }())
        let port = try await echoing(configuration) { port in
            var open: [OwnSockets] = []
            for _ in 0..<rounds {
                let sockets = try await withThrowingTaskGroup(of: (any WebSocketConnection).self) { group in
                    for _ in 0..<count {
                        group.addTask {
                            try await caller.openWebSocket(
                                "wss://127.0.0.1:\(port)/", headers: HTTPHeaders(), timeout: .seconds(60))
                        }
                    }
                    return try await group.reduce(into: []) { $0.append($1) }
                }
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for (index, socket) in sockets.enumerated() {
                        group.addTask {
                            for round in 0..<5 {
                                let message = WebSocketMessage.text("\(index)-\(round)")
                                try await socket.send(message)
                                #expect(await socket.receive() == message)
                            }
                        }
                    }
                    try await group.waitForAll()
                }
                open.append(try OwnSockets(on: port))
                let began = ContinuousClock.now
                await withTaskGroup(of: Void.self) { group in
                    for socket in sockets { group.addTask { await socket.close(code: 1000, reason: "") } }
                }
                // A stall would last for the time that closing may take, which is two minutes.
                #expect(ContinuousClock.now - began < .seconds(60))
            }
            // Each takes one of the client's and one of the server's, and a pair that libmicrohttpd makes.
            #expect(open[0].connected >= 2 * count && open[0].paired >= count, "\(open)")
            // What the server closes last may still be there; all that a round opened is not.
            let last = open[rounds - 1]
            #expect(last.connected < open[0].connected + 2 * count, "\(open)")
            #expect(last.paired < open[0].paired + 2 * count, "\(open)")
            return port
        }
        #expect(try OwnSockets(on: port).connected == 0)
    }

    /// The sockets that this process has.
    private struct OwnSockets {
        /// Those of connections with a port of this machine, both ends.
        let connected: Int
        /// Those that only lead to another in the same process, as a rule.
        let paired: Int

        init(on port: Int) throws {
            let files = FileManager.default
            let own = try files.contentsOfDirectory(atPath: "/proc/self/fd").compactMap { name in
                try? files.destinationOfSymbolicLink(atPath: "/proc/self/fd/\(name)")
            }
            let end = ":" + String(port, radix: 16, uppercase: true).leftPadded(to: 4)
            func inodes(_ table: String, at column: Int, where isMeant: ([Substring]) -> Bool) throws -> Set<String> {
                // Not by its size, which is 0.
                let bytes = try FileHandle(forReadingFrom: URL(filePath: "/proc/self/net/\(table)")).readToEnd()
                let lines = String(decoding: bytes ?? Data(), as: UTF8.self).split(separator: "\n")
                return Set(
                    lines.dropFirst().map { $0.split(separator: " ") }.filter { $0.count > column && isMeant($0) }
                        .map { "socket:[\($0[column])]" })
            }
            let connections = try inodes("tcp", at: 9) { $0[1].hasSuffix(end) || $0[2].hasSuffix(end) }
            let pairs = try inodes("unix", at: 6) { $0.count == 7 }
            connected = own.count(where: connections.contains)
            paired = own.count(where: pairs.contains)
        }
    }
}

extension String {
    fileprivate func leftPadded(to length: Int) -> String {
        String(repeating: "0", count: max(length - count, 0)) + self
    }
}
