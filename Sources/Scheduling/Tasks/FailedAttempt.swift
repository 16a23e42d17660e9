// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletModel

/// Where and why an attempt at a task failed.
package struct FailedAttempt: Equatable, Sendable {
    /// Who ran it.
    package var worker: WorkerID
    /// The code name of the failure.
    package var code: String
    /// What it says.
    package var message: String
    /// Whether it brought a result, and that was not what it should be.
    package var isWrongResult: Bool

    /// Makes it from its parts.
    package init(worker: WorkerID, code: String, message: String, isWrongResult: Bool = false) {
        self.worker = worker
        self.code = code
        self.message = message
        self.isWrongResult = isWrongResult
    }

    /// What is to be said of a task after its last attempt: the failure alone
    /// when one worker met it, else who met which one.
    static func summary(of attempts: [FailedAttempt], last: String) -> String {
        guard Set(attempts.map(\.worker)).count > 1 else { return last }
        return attempts.map { "\($0.message) (on worker \($0.worker))" }.joined(separator: "; ")
    }
}
