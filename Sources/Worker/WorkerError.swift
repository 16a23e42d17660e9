// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletModel
import MartletPorts

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
        /// The connection to the coordinator broke.
        case connectionLost = "worker.connection_lost"
        /// The coordinator does not let the worker in.
        case refused = "worker.refused"
        /// The coordinator does not take a result, or does not give what a task reads.
        case transferFailed = "worker.transfer_failed"
        /// The worker's disk is full.
        case noSpace = "worker.no_space"
        /// The order names files in a way that no coordinator should, or a place behind the film's end.
        case badOrder = "worker.bad_order"
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
    package var isRetryable: Bool {
        switch code {
        case .unexpectedResult, .connectionLost, .transferFailed, .noSpace: true
        case .sourceChanged, .framesMismatch, .workDirectoryGone, .refused, .badOrder: false
        }
    }

    package var exitStatus: ExitStatus {
        switch code {
        case .sourceChanged: .badInput
        case .workDirectoryGone, .noSpace: .writeFailed
        case .framesMismatch, .unexpectedResult: .verificationFailed
        case .connectionLost, .refused: .clusterUnavailable
        case .transferFailed, .badOrder: .jobFailed
        }
    }

    /// The connection to the coordinator broke.
    static let connectionLost = WorkerError(.connectionLost, "the connection to the coordinator broke")

    /// The coordinator, which had let the worker in, does so no longer: its token has expired.
    static func letOut(_ answer: HTTPAnswer) -> WorkerError {
        WorkerError(
            .refused, "The coordinator refuses this worker: \(ProblemText.line(of: answer))", advice: "Check the token."
        )
    }

    /// Whether a call that failed with this may work later.
    static func isPassing(_ error: any Error) -> Bool { (error as? any CodedError)?.isRetryable ?? false }
}
