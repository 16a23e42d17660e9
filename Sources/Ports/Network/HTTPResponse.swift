// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

/// What is answered to an HTTP request.
package struct HTTPResponse: Sendable {
    /// What follows the header.
    package enum Body: Sendable {
        /// Nothing.
        case none
        /// These bytes.
        case bytes([UInt8])
        /// This part of a file, sent without copying where that is possible; the file stays open until it is sent.
        case file(path: String, bytes: Range<Int64>)
        /// Whatever the source gives, as it comes; ends when it gives `nil`, or when the other end is gone.
        case stream(any HTTPBody)
        /// The connection becomes a WebSocket, which this conducts until it returns.
        case webSocket(@Sendable (any WebSocketConnection) async -> Void)
        /// The connection becomes a WebSocket, whose messages go to the listener that this makes for it.
        case heardWebSocket(@Sendable (any WebSocketConnection) -> any WebSocketListener)
    }

    /// The status code.
    package var status: Int
    /// The header's fields; length, date and connection are added.
    package var headers: HTTPHeaders
    /// What follows the header.
    package var body: Body

    /// Makes a response.
    package init(status: Int, headers: HTTPHeaders = HTTPHeaders(), body: Body = .none) {
        self.status = status
        self.headers = headers
        self.body = body
    }
}

/// Answers HTTP requests.
package protocol HTTPHandler: Sendable {
    /// The answer to one request. A body that is not read to its end is dropped.
    ///
    /// The calling task is cancelled when the other end goes away first.
    func respond(to request: HTTPRequest) async -> HTTPResponse
}
