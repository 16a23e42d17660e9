// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletModel

/// What goes wrong while a coordinator sees a job through.
package struct CoordinatorError: CodedError, Equatable {
    /// The stable names of the reasons.
    package enum Code: String, Sendable {
        /// The output is there already, and may not be replaced.
        case outputExists = "coordinator.output_exists"
        /// The result does not match its source.
        case verificationFailed = "coordinator.verification_failed"
        /// The disk is too small for the result.
        case noSpace = "coordinator.no_space"
        /// A result is not what its worker said.
        case damagedResult = "coordinator.damaged_result"
        /// A task failed for good.
        case taskFailed = "coordinator.task_failed"
        /// The job is not known here.
        case unknownJob = "coordinator.unknown_job"
        /// Another job is writing the same output.
        case outputBusy = "coordinator.output_busy"
    }

    /// Which reason.
    package var code: Code
    package var message: String
    package var advice: String?
    package var isRetryable: Bool

    /// Makes an error.
    package init(_ code: Code, _ message: String, advice: String? = nil, isRetryable: Bool = false) {
        self.code = code
        self.message = message
        self.advice = advice
        self.isRetryable = isRetryable
    }

    package var codeName: String { code.rawValue }

    package var exitStatus: ExitStatus {
        switch code {
        case .outputExists, .outputBusy, .unknownJob: .usage
        case .verificationFailed: .verificationFailed
        case .noSpace: .writeFailed
        case .taskFailed, .damagedResult: .jobFailed
        }
    }
}
