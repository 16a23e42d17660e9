// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import Foundation
import MartletHTTP
import MartletPorts
import MartletTestKit
import Testing

@Suite("Requests and responses")
struct PlainExchangeTests {
    let caller = CurlCaller()

    @Test("A handler sees method, path, query, header and peer as they were sent")
    func request() async throws {
        let seen = try await serving { request in
            let query = request.query.map { "\($0.name)=\($0.value)" }.joined(separator: "|")
            return .text(
                [
                    request.method, request.path, query, request.headers["x-colour"] ?? "", request.peer,
                    "\(request.isSecure)", request.clientName ?? "-",
                ].joined(separator: "\n"))
        } _: { port in
            try await caller.call(
                HTTPCall(
                    "DELETE", "http://127.0.0.1:\(port)/a%20b/c?x=1&y=%C3%A4+o&flag", headers: ["X-Colour": "green"]),
                limit: 1000)
        }
        #expect(seen.status == 200)
        #expect(
            String(decoding: seen.body, as: UTF8.self)
                == "DELETE\n/a%20b/c\nx=1|y=ä o|flag=\ngreen\n127.0.0.1\nfalse\n-")
        #expect(seen.headers["content-type"] == "text/plain")
        #expect(seen.headers["content-length"] == "\(seen.body.count)")
        #expect(seen.headers["date"] != nil)
    }

    @Test("Bodies go up and come back whole", arguments: [0, 1, 1000, 100_000, 3_000_000])
    func echo(count: Int) async throws {
        let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }
        let answer = try await serving { request in
            let body = try? await request.body.collected(upTo: 10_000_000)
            return HTTPResponse(status: 200, body: .bytes((body ?? nil) ?? []))
        } _: { port in
            try await caller.call(
                HTTPCall("PUT", "http://127.0.0.1:\(port)/", body: .bytes(bytes)), limit: 10_000_000)
        }
        #expect(answer.body == bytes)
    }

    @Test("HEAD, 204 and 304 have no body, and the connection goes on after them")
    func withoutBody() async throws {
        try await serving { request in
            switch request.path {
            case "/none": HTTPResponse(status: 204)
            case "/same": HTTPResponse(status: 304, headers: ["ETag": "\"1\""])
            default: .text("abcde")
            }
        } _: { port in
            try await onThread {
                let socket = try RawSocket(port: port)
                var answers = ""
                for line in ["HEAD /", "GET /none", "GET /same", "GET /"] {
                    socket.send("\(line) HTTP/1.1\r\nHost: a\r\n\r\n")
                    answers += socket.receiveAll { $0.contains(line == "GET /" ? "abcde" : "\r\n\r\n") } + "-"
                }
                let parts = answers.split(separator: "-HTTP/1.1 ")
                #expect(parts.count == 4)
                #expect(parts[0].hasPrefix("HTTP/1.1 200") && parts[0].lowercased().contains("content-length: 5"))
                #expect(parts[0].hasSuffix("\r\n\r\n"))
                #expect(parts[1].hasPrefix("204") && parts[1].hasSuffix("\r\n\r\n"))
                #expect(parts[2].hasPrefix("304") && parts[2].contains("ETag: \"1\""))
            }
        }
    }

    @Test("Parts of a file are sent, and a file that is missing is a 404")
    func files() async throws {
        let directory = try TemporaryDirectory()
        let bytes = (0..<200_000).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ $0 >> 9) }
        try Data(bytes).write(to: URL(filePath: directory.file("film")))
        try await serving { request in
            let range = (Int64(request.query("from") ?? "") ?? 0)..<(Int64(request.query("to") ?? "") ?? 0)
            return HTTPResponse(
                status: 206, body: .file(path: directory.file(request.query("name") ?? ""), bytes: range))
        } _: { port in
            for (from, to) in [(0, 200_000), (0, 1), (199_999, 200_000), (65_535, 131_073), (7, 7)] {
                let answer = try await caller.call(
                    HTTPCall("GET", "http://127.0.0.1:\(port)/?name=film&from=\(from)&to=\(to)"), limit: 1 << 20)
                #expect(answer.status == 206)
                #expect(answer.body == Array(bytes[from..<to]))
            }
            let missing = try await caller.call(
                HTTPCall("GET", "http://127.0.0.1:\(port)/?name=none&from=0&to=1"), limit: 100)
            #expect(missing.status == 404)
            let short = try await caller.call(
                HTTPCall("GET", "http://127.0.0.1:\(port)/?name=film&from=0&to=200001"), limit: 100)
            #expect(short.status == 500)
        }
    }

    @Test("A stream is sent block by block, each at once")
    func stream() async throws {
        let body = FedBody()
        try await serving { _ in
            HTTPResponse(status: 200, headers: ["Content-Type": "text/event-stream"], body: .stream(body))
        } _: { port in
            let answer = try await caller.stream(HTTPCall("GET", "http://127.0.0.1:\(port)/"))
            #expect(answer.status == 200)
            for text in ["one", "two", "three"] {
                body.feed(text)
                let block = try await waiting(for: "a block") { try await answer.body.next() }
                #expect(block.map { String(decoding: $0, as: UTF8.self) } == text)
            }
            body.end()
            let end = try await waiting(for: "the end") { try await answer.body.next() }
            #expect(end == nil)
        }
    }

    @Test("A server starts once, says its port, and gives it back when it stops")
    func life() async throws {
        let server = HTTPServer(configuration: HTTPServerConfiguration(), handler: Answering { _ in .text("1") })
        await server.stop()
        await #expect(throws: HTTPError.self) { try await server.start() }

        let first = HTTPServer(configuration: HTTPServerConfiguration(), handler: Answering { _ in .text("2") })
        let port = try await first.start()
        #expect(port > 0)
        await #expect(throws: HTTPError.self) { try await first.start() }
        let second = HTTPServer(
            configuration: HTTPServerConfiguration(port: port), handler: Answering { _ in .text("3") })
        let refusal = await #expect(throws: HTTPError.self) { try await second.start() }
        #expect(refusal?.code == .cannotListen)
        await first.stop()
        await first.stop()
        let third = HTTPServer(
            configuration: HTTPServerConfiguration(port: port), handler: Answering { _ in .text("4") })
        #expect(try await third.start() == port)
        let answer = try await caller.call(HTTPCall("GET", "http://127.0.0.1:\(port)/"), limit: 10)
        #expect(answer.body == Array("4".utf8))
        await third.stop()
    }
}
