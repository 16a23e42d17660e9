// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletModel

/// One thing that the driver has to do.
///
/// Actions MUST be performed in the order in which they are returned: what is
/// to be kept comes before what others see of it. Each is safe to repeat.
package enum SchedulingAction: Equatable, Sendable {
    /// Keep these new tasks (`JobStore.insert`).
    case insertTasks([TaskRecord])
    /// Keep these changed tasks in one transaction (`JobStore.update`).
    case persistTasks([TaskRecord])
    /// Keep the job's state; `failure` is `code: message` when it failed.
    case persistJob(JobID, JobState, failure: String?)
    /// Keep an attempt that began at `started`; `result` is `nil` when it begins now.
    case recordAttempt(LeaseToken, started: Moment, result: AttemptResult?)
    /// Keep that an attempt goes on which was kept before, and may be kept as ended: its worker has it again.
    case resumeAttempt(LeaseToken)
    /// Tell everyone who watches.
    case emit(Event)
    /// Tell the worker to run the task.
    case assign(LeaseToken, TaskSpecification)
    /// Tell the worker to stop; nothing that it still sends for the lease is accepted.
    case stop(LeaseToken)
    /// Tell the sender that the lease is not its own, so that it stops; nothing else changes.
    case refuse(LeaseToken, LeaseRefusal)
    /// Tell the worker that it will most likely get this task next, so that it can fetch the inputs now.
    case prefetch(WorkerID, JobID, TaskID)
    /// Plan what follows the tasks completed so far, then call `tasksPlanned` or `planningFailed`.
    case planNextStage(JobID)
    /// Plan the picture anew in software, then go on as for `planNextStage`. The job's hardware failed, for this reason;
    /// its picture tasks are cancelled, all others stay.
    case replan(JobID, reason: String)
    /// Join and verify the results, then call `assembled` or `assemblyFailed`.
    case assemble(JobID)
    /// A message came for a job that does not wait for it, and was not used: note it in the log.
    case drop(JobID, JobState?)
    /// Call `ticked` at this moment; replaces the moment asked for before.
    case wake(at: Moment)

    /// The lease that is refused; `nil` for other actions.
    package var refusedLease: LeaseToken? {
        if case .refuse(let lease, _) = self { lease } else { nil }
    }
}

extension [SchedulingAction] {
    /// The first lease that is refused; `nil` when none is.
    package var refusedLease: LeaseToken? { lazy.compactMap(\.refusedLease).first }
}
