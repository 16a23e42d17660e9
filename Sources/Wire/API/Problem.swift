// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletModel

/// What is answered instead of what was asked for: `application/problem+json`.
///
/// Source: <https://www.rfc-editor.org/rfc/rfc9457>
package struct Problem: Sendable, Equatable, Codable {
    /// `about:blank`: `code` says which kind it is.
    package var type: String
    /// The status in words.
    package var title: String
    /// The HTTP status.
    package var status: Int
    /// What happened.
    package var detail: String
    /// What to do about it; `nil` when `detail` says it.
    package var advice: String?
    /// The path that was asked for.
    package var instance: String?
    /// The stable name, `module.reason`.
    package var code: String
    /// Whether the same request can succeed when it is made again.
    package var retryable: Bool
    /// The exit code that the program ends with for it.
    package var exitCode: Int32
    /// The field of body, query or header that is wrong.
    package var field: String?

    /// The JSON names.
    enum CodingKeys: String, CodingKey {
        case type, title, status, detail, advice, instance, code, retryable, field
        case exitCode = "exit_code"
    }

    /// The media type.
    package static let mediaType = "application/problem+json"

    /// Makes an error's problem.
    package init(_ error: any CodedError, title: String, status: Int, instance: String?, field: String? = nil) {
        type = "about:blank"
        self.title = title
        self.status = status
        detail = error.message
        advice = error.advice
        self.instance = instance
        code = error.codeName
        retryable = error.isRetryable
        exitCode = error.exitStatus.rawValue
        self.field = field
    }
}
