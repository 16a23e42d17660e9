// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletModel
import MartletPorts

/// What a coordinator holds of one job besides the scheduler's view of it.
struct JobContext {
    /// The job as it is kept; without its plan once it has ended.
    var record: JobRecord
    /// The plan and the source's frames; `nil` once the job has ended, since they are large.
    var prepared: PreparedJob?
    /// Where its results lie.
    var directory: String
    /// The share of the job that was done when this was last told, 0 to 1.
    var fraction = 0.0
    /// Segments whose results were there already.
    var reused = 0
    /// What made it fail, where that is more than a code and a message.
    var failure: (any Error)?
    /// The task whose last attempt that was; `nil` when it was no task's.
    var failedTask: TaskID?
    /// What the user should know of a new plan, and was not told yet.
    var news: [String] = []
    /// The join or the new plan that is under way.
    var work: Task<Void, Never>?
    /// Whether the user does not want it any more.
    var isUnwanted = false
    /// How it ended.
    var outcome: Result<FinishedJob, any Error>?
    /// Who waits for its end.
    var waiters: [Int: CheckedContinuation<FinishedJob, any Error>] = [:]

    /// Notes how the job ended, and tells everyone who waits.
    mutating func ended(_ result: Result<FinishedJob, any Error>) {
        guard outcome == nil else { return }
        outcome = result
        for waiter in waiters.values { waiter.resume(with: result) }
        waiters = [:]
        prepared = nil
        record.plan = nil
    }

    /// The times of the frames of a segment, as planned.
    func times(of expectation: TaskSpecification.Expectation) -> [Int64] {
        guard case .frames(let segment) = expectation, let index = prepared?.index,
            segment.frames.upperBound <= index.presentationTimes.count
        else { return [] }
        return Array(index.presentationTimes[segment.frames])
    }
}
