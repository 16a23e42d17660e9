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
    ///
    /// - Parameter leases: what the worker still runs, when it was here before.
    ///   An order to stop follows for each that is not its own any more.
    func register(_ worker: WorkerProfile, holding leases: [LeaseToken]) async throws -> AsyncStream<WorkerOrder>
    /// Says that the worker and the leases it names are alive; returns the leases that are no longer its own.
    ///
    /// - Parameter load: how busy its machine is; `nil` when it does not know.
    func heartbeat(
        _ worker: WorkerID, holding leases: [LeaseToken], load: WorkerLoad?
    ) async throws -> [LeaseToken]
    /// Says that a worker which joined before it knew how fast it is knows that now, and takes work.
    ///
    /// - Parameter speed: reference seconds of work that one slot does in a second; `nil` when nothing could be measured.
    func measured(_ worker: WorkerID, speed: Double?) async
    /// How often the worker is to say that it is alive; `nil` when that is left to it.
    func heartbeatInterval() async -> Duration?
    /// Says how far a task is. Never waits for anything slow.
    func report(_ lease: LeaseToken, progress: RunProgress) async
    /// Says how a task ended; returns whether the result was taken.
    func finish(_ lease: LeaseToken, result: AttemptResult) async throws -> Bool
    /// Leaves the pool; leases that are still held are given back.
    func unregister(_ worker: WorkerID) async
}

extension TaskDispatch {
    package func heartbeatInterval() async -> Duration? { nil }
}

/// What a coordinator tells a worker; assignments are large, and held by reference.
package enum WorkerOrder: Sendable {
    /// Run this task.
    indirect case run(TaskAssignment)
    /// This task will probably come next: what it reads may be fetched. Its lease is none yet.
    indirect case prefetch(TaskAssignment)
    /// Stop this task; its result is no longer wanted.
    case stop(LeaseToken)
}

/// A task with everything that is needed to run it here.
package struct TaskAssignment: Sendable, Equatable, Codable {
    /// The right to run it.
    package var lease: LeaseToken
    /// What is to be done.
    package var task: TaskSpecification
    /// The source's path on this machine.
    package var sourcePath: String
    /// The URL under which this machine's own proxy serves a source that lies elsewhere; what it serves has the
    /// fingerprint. `nil`: the source is read from its path.
    package var proxyURL: String?
    /// The part of the source's file that the task will read, as far as that can be told beforehand; `nil`: unknown.
    package var sourceBytes: Range<Int64>?
    /// The source, by the names that machines share; `nil` when it lies in no media root.
    package var sourceAddress: MediaAddress?
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
        expectedTimes: [Int64], directory: String, inputs: [TaskID: String], sourceAddress: MediaAddress? = nil
    ) {
        self.lease = lease
        self.task = task
        self.sourcePath = sourcePath
        self.fingerprint = fingerprint
        self.timeBase = timeBase
        self.expectedTimes = expectedTimes
        self.directory = directory
        self.inputs = inputs
        self.sourceAddress = sourceAddress
    }
}
