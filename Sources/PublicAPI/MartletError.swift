// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import MartletModel

/// What went wrong, in words for people and for programs.
public struct MartletError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The stable name of the reason, such as `media.not_media`.
    public let code: String
    /// What happened, to which file.
    public let message: String
    /// What to do about it; `nil` when the message says it all.
    public let advice: String?
    /// Whether the same can succeed when it is tried again.
    public let isRetryable: Bool

    init(code: String, message: String, advice: String? = nil, isRetryable: Bool = false) {
        self.code = code
        self.message = message
        self.advice = advice
        self.isRetryable = isRetryable
    }

    /// Takes over what an error says of itself.
    init(_ error: any Error) {
        if let error = error as? MartletError {
            self = error
        } else if let error = error as? any CodedError {
            self.init(
                code: error.codeName, message: error.message, advice: error.advice, isRetryable: error.isRetryable)
        } else {
            self.init(code: "library.unexpected", message: "\(error)")
        }
    }

    /// The message and the advice.
    public var description: String { advice.map { "\(message)\n\($0)" } ?? message }
}
