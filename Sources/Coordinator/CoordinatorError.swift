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
        /// The path is in no media root, or nothing is there.
        case badPath = "coordinator.bad_path"
        /// What was submitted cannot be understood.
        case badSubmission = "coordinator.bad_submission"
        /// The job is not in a state in which that can be done.
        case wrongState = "coordinator.wrong_state"
        /// The worker is not known here.
        case unknownWorker = "coordinator.unknown_worker"
        /// Another worker of that name is at work.
        case workerNameTaken = "coordinator.worker_name_taken"
        /// A user has taken the worker out.
        case workerRemoved = "coordinator.worker_removed"
        /// The worker speaks another version of the protocol.
        case protocolMismatch = "coordinator.protocol_mismatch"
        /// The lease has ended, or never was.
        case staleLease = "coordinator.stale_lease"
        /// The source is not what it was when the job was submitted.
        case sourceChanged = "coordinator.source_changed"
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

    /// Whether an error is that a disk of this machine is full: then waiting for space helps.
    static func saysFullDisk(_ error: any Error) -> Bool {
        guard let code = (error as? any CodedError)?.codeName else { return false }
        return [Code.noSpace.rawValue, "host.no_space", "media.no_space"].contains(code)
    }

    package var exitStatus: ExitStatus {
        switch code {
        case .outputExists, .outputBusy, .unknownJob, .badSubmission, .wrongState, .unknownWorker: .usage
        case .badPath, .sourceChanged: .badInput
        case .workerNameTaken, .workerRemoved, .protocolMismatch, .staleLease: .clusterUnavailable
        case .verificationFailed: .verificationFailed
        case .noSpace: .writeFailed
        case .taskFailed, .damagedResult: .jobFailed
        }
    }
}
