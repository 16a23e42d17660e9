// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletModel
import MartletPorts

extension AttemptFailure {
    /// The failure of a task that was tried several times: what each attempt met, and what ffmpeg said there.
    ///
    /// - Parameters:
    ///   - last: the last attempt's failure; it alone when it was the only one.
    ///   - attempts: the task's attempts, oldest first.
    init(_ last: AttemptFailure, of attempts: some Sequence<AttemptRecord>) {
        self = last
        let failed = attempts.compactMap { attempt -> (worker: WorkerID, failure: AttemptFailure)? in
            guard case .failed(let failure) = attempt.result else { return nil }
            return (attempt.worker, failure)
        }
        guard failed.count > 1 else { return }
        if Set(failed.map(\.worker)).count > 1 {
            message = failed.map { "\($0.failure.message) (on worker \($0.worker))" }.joined(separator: "; ")
        }
        guard failed.contains(where: { !$0.failure.log.isEmpty }) else { return }
        log = failed.map { "On worker \($0.worker): \($0.failure.message)\n\($0.failure.log)" }.joined(separator: "\n")
    }
}
