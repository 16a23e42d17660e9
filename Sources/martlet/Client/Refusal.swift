// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import FoundationEssentials
import MartletModel
import MartletPorts
import MartletWire

/// What a coordinator says when it does not do what was asked: problem JSON (RFC 9457), or whatever else came.
enum Refusal {
    /// The members that are looked at.
    private struct Problem: Decodable {
        var code: String?
        var title: String?
        var detail: String?
        var advice: String?
        var retryable: Bool?
        var exitCode: Int32?

        enum CodingKeys: String, CodingKey {
            case code, title, detail, advice, retryable
            case exitCode = "exit_code"
        }
    }

    /// The error that an answer reports.
    static func error(of answer: HTTPAnswer, _ connection: Connection) -> any CodedError {
        let problem = try? JSONDecoder().decode(Problem.self, from: Data(answer.body))
        if answer.status == 401 || answer.status == 403 { return strangers(problem?.detail, connection) }
        guard let problem, let code = problem.code, let message = problem.detail ?? problem.title else {
            return ClusterError(
                .refused, "The coordinator at \(connection.address) answered with status \(answer.status).",
                advice: "Check the address; a proxy in between may say more in its log.",
                isRetryable: status(of: answer.status) == .clusterUnavailable)
        }
        return AttemptFailure(
            code: code, message: message, advice: problem.advice,
            isRetryable: problem.retryable ?? (status(of: answer.status) == .clusterUnavailable),
            exitStatus: problem.exitCode.flatMap(ExitStatus.init) ?? status(of: answer.status))
    }

    /// What a failed job reports.
    static func error(of job: JobView) -> any CodedError {
        if job.state == .cancelled {
            return ClusterError(
                .jobCancelled, "The job \(job.id) was cancelled.",
                advice: "`martlet retry \(job.id)` takes it up again.")
        }
        let problem = job.error ?? ProblemView(code: "cluster.refused", message: "The job \(job.id) failed.")
        return AttemptFailure(
            code: problem.code, message: problem.message, advice: problem.advice, log: problem.log ?? "",
            isRetryable: false, exitStatus: problem.exitCode.flatMap(ExitStatus.init) ?? .jobFailed)
    }

    private static func strangers(_ detail: String?, _ connection: Connection) -> ClusterError {
        guard connection.token != nil else {
            return ClusterError(
                .refused, "The coordinator at \(connection.address) wants a token.",
                advice: "Name it by --token-file, or in the variable MARTLET_TOKEN.")
        }
        return ClusterError(
            .refused, "The coordinator at \(connection.address) does not take this token.",
            advice: detail ?? "Ask whoever runs the coordinator for a valid one.")
    }

    private static func status(of code: Int) -> ExitStatus {
        switch code {
        case 507: .writeFailed
        case 408, 429, 500...: .clusterUnavailable
        default: .usage
        }
    }
}
