// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletModel

/// What goes wrong between a command and a cluster, besides what the coordinator itself reports.
struct ClusterError: CodedError, Equatable {
    /// The stable names of the reasons.
    enum Code: String, Sendable, CaseIterable {
        /// What answered is no coordinator of Martlet's, or not one that this release understands.
        case badAnswer = "cluster.bad_answer"
        /// The coordinator did not let this machine in, or could not do what was asked.
        case refused = "cluster.refused"
        /// No job or worker has a name that begins so.
        case unknownName = "cluster.unknown_name"
        /// Several have.
        case ambiguousName = "cluster.ambiguous_name"
        /// The job was cancelled.
        case jobCancelled = "cluster.job_cancelled"
        /// The coordinator stopped answering while a job was watched.
        case lost = "cluster.lost"
    }

    /// Which reason.
    var code: Code
    var message: String
    var advice: String?
    var isRetryable: Bool

    /// Makes an error.
    init(_ code: Code, _ message: String, advice: String? = nil, isRetryable: Bool = false) {
        self.code = code
        self.message = message
        self.advice = advice
        self.isRetryable = isRetryable
    }

    var codeName: String { code.rawValue }

    var exitStatus: ExitStatus {
        switch code {
        case .badAnswer, .refused, .lost: .clusterUnavailable
        case .unknownName, .ambiguousName: .usage
        case .jobCancelled: .jobFailed
        }
    }
}
