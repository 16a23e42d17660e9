// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletModel

/// What goes wrong while a worker runs a task.
package struct WorkerError: CodedError, Equatable {
    /// The stable names of the reasons.
    package enum Code: String, Sendable {
        /// The path holds another file than the one that was planned.
        case sourceChanged = "worker.source_changed"
        /// Other frames came out than the frame list promised.
        case framesMismatch = "worker.frames_mismatch"
        /// The directory of the results is gone.
        case workDirectoryGone = "worker.work_directory_gone"
        /// The result is not what was planned.
        case unexpectedResult = "worker.unexpected_result"
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

    /// A wrong frame list stays wrong, and so does a changed source; a result
    /// that is short or empty may come from a passing fault.
    package var isRetryable: Bool { code == .unexpectedResult }

    package var exitStatus: ExitStatus {
        switch code {
        case .sourceChanged: .badInput
        case .workDirectoryGone: .writeFailed
        case .framesMismatch, .unexpectedResult: .verificationFailed
        }
    }
}
