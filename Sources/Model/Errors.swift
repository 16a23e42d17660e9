// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

/// What every error of Martlet answers.
///
/// Each module has one error type that conforms. Messages may change from
/// release to release; codes never do.
package protocol CodedError: Error, Sendable, CustomStringConvertible {
    /// The stable name of what went wrong, `module.reason`: for logs, the API and tests.
    var codeName: String { get }
    /// One sentence for people: what happened, to which file.
    var message: String { get }
    /// What to do about it, one sentence; `nil` when the message says it all.
    var advice: String? { get }
    /// Whether the same attempt can succeed when it is made again.
    var isRetryable: Bool { get }
    /// What the program's exit code says about it.
    var exitStatus: ExitStatus { get }
    /// The last messages of the program that failed; empty when there was none.
    var log: String { get }
}

extension CodedError {
    package var log: String { "" }

    package var description: String { advice.map { "\(message)\n\($0)" } ?? message }
}

/// The exit codes of the program `martlet`.
package enum ExitStatus: Int32, Sendable, Codable {
    /// Done.
    case success = 0
    /// The job failed.
    case jobFailed = 1
    /// The command line is wrong.
    case usage = 2
    /// The input cannot be read, or has nothing to encode.
    case badInput = 3
    /// The result does not match its source.
    case verificationFailed = 4
    /// No space is left, or a write failed.
    case writeFailed = 5
    /// The cluster cannot be reached, or refused.
    case clusterUnavailable = 6
    /// Interrupted; the state is kept, and the same command resumes.
    case interrupted = 130
}
