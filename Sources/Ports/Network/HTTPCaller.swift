// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

/// Makes HTTP calls.
package protocol HTTPTransfers: Sendable {
    /// Makes a call, and takes the whole answer.
    ///
    /// - Parameter limit: the most bytes of body that are taken.
    /// - Throws: a `CodedError`, retryable when the server was not reached or the connection broke; exit status
    ///   `clusterUnavailable`. `CancellationError`. An answer with an error status is an answer.
    func call(_ call: HTTPCall, limit: Int) async throws -> HTTPAnswer

    /// Makes a call, and takes the body as it comes: the server is held back while nobody asks for more.
    func stream(_ call: HTTPCall) async throws -> HTTPStreamedAnswer

    /// Makes a call, and writes the body of an answer below 300 to a file that is there, from `offset` on.
    ///
    /// - Returns: the answer without its body, or with the body of an error.
    func download(_ call: HTTPCall, to path: String, at offset: Int64) async throws -> HTTPAnswer
}

/// Makes HTTP calls and opens WebSockets.
package protocol HTTPCaller: HTTPTransfers {
    /// Opens a WebSocket (`ws:`, `wss:`, or the same with `http:`).
    func openWebSocket(
        _ url: String, headers: HTTPHeaders, timeout: Duration
    ) async throws -> any WebSocketConnection
}

/// A call.
package struct HTTPCall: Sendable {
    /// What is sent.
    package enum Body: Sendable {
        case none
        case bytes([UInt8])
        /// This part of a file.
        case file(path: String, bytes: Range<Int64>)
    }

    /// The method, in upper case.
    package var method: String
    /// The URL, percent-encoded.
    package var url: String
    /// The header's fields.
    package var headers: HTTPHeaders
    /// What is sent.
    package var body: Body
    /// How long the connection may take.
    package var connectTimeout: Duration
    /// How long nothing at all may arrive or leave before the call counts as broken.
    package var stallTimeout: Duration

    /// Makes a call.
    package init(
        _ method: String, _ url: String, headers: HTTPHeaders = HTTPHeaders(), body: Body = .none,
        connectTimeout: Duration = .seconds(5), stallTimeout: Duration = .seconds(30)
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
        self.connectTimeout = connectTimeout
        self.stallTimeout = stallTimeout
    }
}

/// An answer with its body.
package struct HTTPAnswer: Sendable {
    /// The status code.
    package var status: Int
    /// The header's fields.
    package var headers: HTTPHeaders
    /// The body.
    package var body: [UInt8]

    /// Makes an answer.
    package init(status: Int, headers: HTTPHeaders = HTTPHeaders(), body: [UInt8] = []) {
        self.status = status
        self.headers = headers
        self.body = body
    }
}

/// An answer whose body is still coming.
package struct HTTPStreamedAnswer: Sendable {
    /// The status code.
    package var status: Int
    /// The header's fields.
    package var headers: HTTPHeaders
    /// The body; dropping it ends the call.
    package var body: any HTTPBody

    /// Makes an answer.
    package init(status: Int, headers: HTTPHeaders, body: any HTTPBody) {
        self.status = status
        self.headers = headers
        self.body = body
    }
}
