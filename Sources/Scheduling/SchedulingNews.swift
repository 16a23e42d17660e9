// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletModel

/// What an event changed, so that only that is looked at again.
struct SchedulingNews: Equatable, Sendable {
    /// Workers whose slots, state or load changed.
    var workers: Set<WorkerID> = []
    /// Whether a worker joined, left or began to serve.
    var fleet = false
    /// Whether tasks became ready, or may go to more workers than before.
    var tasks = false
    /// Whether another job's turn may have come.
    var turns = false
    /// Jobs that are over.
    var ended: Set<JobID> = []
}
