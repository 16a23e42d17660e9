// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

/// The exclusive right to one task, for now.
package struct LeaseToken: Sendable, Hashable, Codable {
    /// The job.
    package var job: JobID
    /// The task.
    package var task: TaskID
    /// The fencing number.
    package var epoch: Epoch
    /// Who holds it.
    package var worker: WorkerID

    /// Makes a token from its parts.
    package init(job: JobID, task: TaskID, epoch: Epoch, worker: WorkerID) {
        self.job = job
        self.task = task
        self.epoch = epoch
        self.worker = worker
    }
}
