// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletModel

/// A worker's view of its coordinator.
///
/// The coordinator itself conforms for workers in its own process; transports
/// conform for those elsewhere.
package protocol TaskDispatch: Sendable {
    /// Joins the pool. The stream hands out orders until the worker leaves or
    /// the coordinator stops.
    func register(_ worker: WorkerProfile) async throws -> AsyncStream<WorkerOrder>
    /// Says that the worker and the leases it names are alive; returns the leases that are no longer its own.
    func heartbeat(_ worker: WorkerID, holding leases: [LeaseToken]) async throws -> [LeaseToken]
    /// Says how far a task is. Never waits for anything slow.
    func report(_ lease: LeaseToken, progress: RunProgress) async
    /// Says how a task ended; returns whether the result was taken.
    func finish(_ lease: LeaseToken, result: AttemptResult) async throws -> Bool
    /// Leaves the pool; leases that are still held are given back.
    func unregister(_ worker: WorkerID) async
}

/// What a coordinator tells a worker.
package enum WorkerOrder: Sendable {
    /// Run this task.
    case run(TaskAssignment)
    /// Stop this task; its result is no longer wanted.
    case stop(LeaseToken)
}

/// A task with everything that is needed to run it here.
package struct TaskAssignment: Sendable, Equatable {
    /// The right to run it.
    package var lease: LeaseToken
    /// What is to be done.
    package var task: TaskSpecification
    /// The source's path on this machine.
    package var sourcePath: String
    /// The source's content; a worker refuses a path that holds another.
    package var fingerprint: Fingerprint
    /// The clock of the times in the task's expectation.
    package var timeBase: TimeBase
    /// The times of the frames in the task's expectation, ascending; empty when none are expected.
    package var expectedTimes: [Int64]
    /// The job's directory for results, on this machine.
    package var directory: String
    /// The file names of the tasks that this one reads.
    package var inputs: [TaskID: String]

    /// Makes an assignment from its parts.
    package init(
        lease: LeaseToken, task: TaskSpecification, sourcePath: String, fingerprint: Fingerprint, timeBase: TimeBase,
        expectedTimes: [Int64], directory: String, inputs: [TaskID: String]
    ) {
        self.lease = lease
        self.task = task
        self.sourcePath = sourcePath
        self.fingerprint = fingerprint
        self.timeBase = timeBase
        self.expectedTimes = expectedTimes
        self.directory = directory
        self.inputs = inputs
    }
}
