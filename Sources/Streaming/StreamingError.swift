// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletModel

/// What goes wrong while streams are made and served.
package struct StreamingError: CodedError, Equatable {
    /// The stable names of the reasons.
    package enum Code: String, Sendable {
        /// The path holds another film than the one that was planned.
        case sourceChanged = "streaming.source_changed"
        /// The part is not one of the stream.
        case noSuchPart = "streaming.no_such_part"
        /// An encode made something else than was planned.
        case unexpectedResult = "streaming.unexpected_result"
    }

    /// Which reason.
    package var code: Code
    package var message: String
    package var advice: String?
    package var log: String

    /// Makes an error.
    package init(_ code: Code, _ message: String, advice: String? = nil, log: String = "") {
        self.code = code
        self.message = message
        self.advice = advice
        self.log = log
    }

    package var codeName: String { code.rawValue }
    package var isRetryable: Bool { false }

    package var exitStatus: ExitStatus {
        switch code {
        case .sourceChanged, .noSuchPart: .badInput
        case .unexpectedResult: .verificationFailed
        }
    }
}
