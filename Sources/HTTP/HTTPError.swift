// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletModel

/// What goes wrong between machines.
package struct HTTPError: CodedError, Equatable {
    /// The stable names of the reasons.
    package enum Code: String, Sendable, CaseIterable {
        /// No server answered there, or the connection broke.
        case unreachable = "http.unreachable"
        /// The server's certificate is not trusted, or it does not trust ours.
        case untrusted = "http.untrusted"
        /// The URL is no URL that can be called.
        case badURL = "http.bad_url"
        /// The server answered something that is no HTTP or no WebSocket.
        case badAnswer = "http.bad_answer"
        /// The address cannot be listened on.
        case cannotListen = "http.cannot_listen"
        /// The connection is closed.
        case closed = "http.closed"
        /// The server does not open a WebSocket there, or not to this client.
        case refused = "http.refused"
        /// A file that is to be sent cannot be read.
        case unreadable = "http.unreadable"
        /// A file that an answer is for cannot be written.
        case unwritable = "http.unwritable"
    }

    /// Which reason.
    package var code: Code
    package var message: String
    package var advice: String?
    /// The status that a server refused with; `nil` when it did not answer with one.
    package var status: Int?

    /// Makes an error.
    package init(_ code: Code, _ message: String, advice: String? = nil, status: Int? = nil) {
        self.code = code
        self.message = message
        self.advice = advice
        self.status = status
    }

    package var codeName: String { code.rawValue }

    package var isRetryable: Bool {
        switch code {
        case .unreachable, .closed: true
        // Proxies answer so while the server behind them starts.
        case .refused: status.map { $0 >= 500 || $0 == 429 || $0 == 408 } ?? false
        case .untrusted, .badURL, .badAnswer, .cannotListen, .unreadable, .unwritable: false
        }
    }

    package var exitStatus: ExitStatus {
        switch code {
        case .badURL: .usage
        case .unreadable: .badInput
        case .unwritable: .writeFailed
        case .unreachable, .untrusted, .badAnswer, .cannotListen, .closed, .refused: .clusterUnavailable
        }
    }
}
