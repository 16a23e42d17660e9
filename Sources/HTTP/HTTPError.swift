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
        /// A file that is to be sent cannot be read.
        case unreadable = "http.unreadable"
        /// A file that an answer is for cannot be written.
        case unwritable = "http.unwritable"
    }

    /// Which reason.
    package var code: Code
    package var message: String
    package var advice: String?

    /// Makes an error.
    package init(_ code: Code, _ message: String, advice: String? = nil) {
        self.code = code
        self.message = message
        self.advice = advice
    }

    package var codeName: String { code.rawValue }

    package var isRetryable: Bool { code == .unreachable || code == .closed }

    package var exitStatus: ExitStatus {
        switch code {
        case .badURL: .usage
        case .unreadable: .badInput
        case .unwritable: .writeFailed
        case .unreachable, .untrusted, .badAnswer, .cannotListen, .closed: .clusterUnavailable
        }
    }
}
