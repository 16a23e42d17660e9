// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import Foundation
package import MartletModel
package import MartletPorts

/// Calls a handler in this process as if it were a server.
package final class InProcessCaller: HTTPCaller {
    /// Looks at a call before it is made; what it throws is thrown instead.
    package typealias Fault = @Sendable (HTTPCall) async throws -> Void

    /// The calls that were made, WebSockets as `GET`, before faults.
    package let calls = Journal<HTTPCall>()
    /// The clients' ends of the WebSockets that were opened.
    package let sockets = Journal<MemoryWebSocket>()
    private let handler: any HTTPHandler
    private let fault: Fault

    /// Makes a caller of `handler`.
    package init(_ handler: any HTTPHandler, fault: @escaping Fault = { _ in }) {
        self.handler = handler
        self.fault = fault
    }

    /// What a caller throws when nobody answers.
    package static let unreachable = AttemptFailure(
        code: "http.unreachable", message: "nobody answers", isRetryable: true, exitStatus: .clusterUnavailable)

    package func call(_ call: HTTPCall, limit: Int) async throws -> HTTPAnswer {
        let streamed = try await stream(call)
        guard let body = try await streamed.body.collected(upTo: limit) else { throw Self.unreachable }
        return HTTPAnswer(status: streamed.status, headers: streamed.headers, body: body)
    }

    package func stream(_ call: HTTPCall) async throws -> HTTPStreamedAnswer {
        let response = try await response(to: call)
        return HTTPStreamedAnswer(
            status: response.status, headers: response.headers, body: try body(of: response, call.method))
    }

    package func download(_ call: HTTPCall, to path: String, at offset: Int64) async throws -> HTTPAnswer {
        let streamed = try await stream(call)
        guard streamed.status < 300 else {
            let body = try await streamed.body.collected(upTo: 1 << 20) ?? []
            return HTTPAnswer(status: streamed.status, headers: streamed.headers, body: body)
        }
        let file = try FileHandle(forWritingTo: URL(filePath: path))
        defer { try? file.close() }
        try file.seek(toOffset: UInt64(offset))
        while let block = try await streamed.body.next() { try file.write(contentsOf: Data(block)) }
        return HTTPAnswer(status: streamed.status, headers: streamed.headers)
    }

    package func openWebSocket(
        _ url: String, headers: HTTPHeaders, timeout: Duration
    ) async throws -> any WebSocketConnection {
        let response = try await response(to: HTTPCall("GET", url, headers: headers))
        let (client, server) = MemoryWebSocket.pair()
        switch response.body {
        case .webSocket(let conduct):
            Task {
                await conduct(server)
                await server.close(code: 1000, reason: "")
            }
        case .heardWebSocket(let listener): server.told(to: listener(server))
        case .none, .bytes, .file, .stream:
            throw AttemptFailure(
                code: "http.bad_answer", message: "status \(response.status)", isRetryable: false,
                exitStatus: .clusterUnavailable)
        }
        sockets.note(client)
        return client
    }

    private func response(to call: HTTPCall) async throws -> HTTPResponse {
        calls.note(call)
        try await fault(call)
        guard let url = URLComponents(string: call.url) else { throw Self.unreachable }
        let body: any HTTPBody =
            switch call.body {
            case .none: EmptyBody()
            case .bytes(let bytes): OneBlock(bytes)
            case .file(let path, let bytes): OneBlock(try Self.part(of: path, bytes))
            }
        return await handler.respond(
            to: HTTPRequest(
                method: call.method, path: url.percentEncodedPath,
                query: (url.queryItems ?? []).map { ($0.name, $0.value ?? "") }, headers: call.headers, body: body))
    }

    private func body(of response: HTTPResponse, _ method: String) throws -> any HTTPBody {
        guard method != "HEAD" else { return EmptyBody() }
        return switch response.body {
        case .none, .webSocket, .heardWebSocket: EmptyBody()
        case .bytes(let bytes): OneBlock(bytes)
        case .file(let path, let bytes): OneBlock(try Self.part(of: path, bytes))
        case .stream(let body): body
        }
    }

    private static func part(of path: String, _ bytes: Range<Int64>) throws -> [UInt8] {
        let file = try FileHandle(forReadingFrom: URL(filePath: path))
        defer { try? file.close() }
        try file.seek(toOffset: UInt64(bytes.lowerBound))
        return [UInt8](try file.read(upToCount: bytes.count) ?? Data())
    }
}

/// A body of one block.
package actor OneBlock: HTTPBody {
    private var bytes: [UInt8]?

    /// Makes it.
    package init(_ bytes: [UInt8]) { self.bytes = bytes }

    package func next() async throws -> [UInt8]? {
        defer { bytes = nil }
        return bytes
    }
}
