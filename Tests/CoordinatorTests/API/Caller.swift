// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import FoundationEssentials
import MartletPorts
import MartletWire
import Testing

/// Asks a handler in this process.
struct Caller {
    let handler: any HTTPHandler

    /// Makes a request; what stands behind `?` in the path becomes its query.
    func call(
        _ method: String, _ path: String, headers: HTTPHeaders = HTTPHeaders(), body: any HTTPBody = EmptyBody()
    ) async -> HTTPResponse {
        let parts = path.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        let fields = parts.count < 2 ? [] : parts[1].split(separator: "&")
        let query = fields.map { field in
            let ends = field.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            return (name: String(ends[0]), value: ends.count < 2 ? "" : String(ends[1]))
        }
        return await handler.respond(
            to: HTTPRequest(method: method, path: String(parts[0]), query: query, headers: headers, body: body))
    }

    /// Likewise, with a text as body.
    func call(
        _ method: String, _ path: String, headers: HTTPHeaders = HTTPHeaders(), text: String
    ) async -> HTTPResponse {
        await call(method, path, headers: headers, body: BlockBody([Array(text.utf8)]))
    }
}

/// A body in blocks.
actor BlockBody: HTTPBody {
    private var blocks: [[UInt8]]
    private let failure: (any Error)?

    /// Makes a body; with a failure it breaks at its end.
    init(_ blocks: [[UInt8]], failure: (any Error)? = nil) {
        self.blocks = blocks
        self.failure = failure
    }

    func next() async throws -> [UInt8]? {
        if blocks.isEmpty {
            if let failure { throw failure }
            return nil
        }
        return blocks.removeFirst()
    }
}

extension HTTPResponse {
    /// The bytes of the body; the test fails for other kinds.
    func bytes() throws -> [UInt8] {
        guard case .bytes(let bytes) = body else { throw UnexpectedBody() }
        return bytes
    }

    /// The body as text.
    func text() throws -> String { String(decoding: try bytes(), as: UTF8.self) }

    /// The body read as JSON.
    func json<Value: Decodable>(_ type: Value.Type) throws -> Value { try JSONText.value(type, from: try bytes()) }

    /// The problem that it tells.
    func problem() throws -> Problem {
        #expect(headers["Content-Type"] == "application/problem+json")
        let problem = try json(Problem.self)
        #expect(problem.status == status)
        return problem
    }
}

/// The body is not of bytes.
struct UnexpectedBody: Error {}
