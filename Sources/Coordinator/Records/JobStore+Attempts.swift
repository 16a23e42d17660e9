// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletModel
import MartletPorts

extension JobStore {
    /// Notes that nobody is at a job's tasks any more: attempts whose end was not kept, since the process ended
    /// before, were interrupted.
    ///
    /// - Parameters:
    ///   - awaited: tasks whose latest attempt may go on.
    ///   - now: milliseconds since 1970.
    func endAttempts(at job: JobID, but awaited: [TaskRecord] = [], now: Int64) async throws {
        let latest = Dictionary(awaited.map { ($0.specification.id, $0.epoch) }, uniquingKeysWith: max)
        for var attempt in try await openAttempts(of: job) {
            guard latest[attempt.task] != attempt.epoch else { continue }
            attempt.result = .interrupted
            attempt.endedMilliseconds = now
            try await record(attempt)
        }
    }
}
