// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

/// A task as it is kept.
package struct TaskRecord: Codable, Sendable, Equatable {
    /// The job it belongs to.
    package var job: JobID
    /// What is to be done.
    package var specification: TaskSpecification
    /// Where it stands.
    package var state: TaskState
    /// The epoch of its latest lease; 0 before the first.
    package var epoch: Int
    /// How many attempts failed.
    package var failures: Int
    /// The result; `nil` until completed.
    package var artifact: Artifact?
    /// Who has its latest lease; `nil` while nobody runs it.
    package var holder: WorkerID?

    /// Makes a record of a new task.
    package init(
        job: JobID, specification: TaskSpecification, state: TaskState = .pending, epoch: Int = 0, failures: Int = 0,
        artifact: Artifact? = nil, holder: WorkerID? = nil
    ) {
        self.job = job
        self.specification = specification
        self.state = state
        self.epoch = epoch
        self.failures = failures
        self.artifact = artifact
        self.holder = holder
    }
}
