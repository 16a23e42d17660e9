// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletModel

/// What is said about an error: what happened, what to do, and the exit code.
struct Failure: Sendable, Equatable {
    /// The stable name of what went wrong.
    var code: String
    /// What happened.
    var message: String
    /// What to do; `nil` when the message says it.
    var advice: String?
    /// The exit code.
    var status: ExitStatus
    /// What ffmpeg said, at each attempt; empty when it has no part in it.
    var log = ""

    /// What is said about any error.
    init(_ error: any Error) {
        if let coded = error as? any CodedError {
            (code, message, advice, status) = (coded.codeName, coded.message, coded.advice, coded.exitStatus)
            log = coded.log
        } else if error is CancellationError {
            (code, message, advice, status) = ("job.interrupted", "Interrupted.", nil, .interrupted)
        } else {
            (code, message, advice, status) = ("job.unexpected", "\(error)", nil, .jobFailed)
        }
    }

    /// What is said when a job was interrupted.
    static var resumable: Failure {
        var failure = Failure(CancellationError())
        failure.message = "Interrupted; the state is kept."
        failure.advice = "The same command resumes."
        return failure
    }

    /// The two lines for standard error.
    var text: String { "martlet: \(message)\n" + (advice.map { $0 + "\n" } ?? "") }

    /// What stands under `error` in the last line.
    var line: String { advice.map { message + " " + $0 } ?? message }

    /// The object with every detail.
    var json: JSON {
        .object([
            ("event", .text("error")), ("code", .text(code)), ("message", .text(message)),
            ("advice", .text(orNull: advice)), ("exit_code", .integer(Int(status.rawValue))),
            ("log", .text(orNull: log.isEmpty ? nil : log)),
        ])
    }
}
