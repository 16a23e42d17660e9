// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletModel

/// A task that runs, as copying sees it.
package struct LateTask: Equatable, Sendable {
    /// The job.
    package var job: JobID
    /// The task, with the workers it failed on.
    package var task: ReadyTask
    /// The ffmpeg build that must run it; `nil` for any.
    package var buildDigest: String?
    /// Seconds until its best attempt is done; infinite when all are stalled.
    package var remaining: Double
    /// Who runs it.
    package var workers: [WorkerID]
    /// How many attempts may run at once.
    package var limit: Int
    /// The effort that the job may still spend on copies.
    package var budget: Double

    /// Makes it from its parts.
    package init(
        job: JobID, task: ReadyTask, buildDigest: String? = nil, remaining: Double, workers: [WorkerID],
        limit: Int = 2, budget: Double = .infinity
    ) {
        self.job = job
        self.task = task
        self.buildDigest = buildDigest
        self.remaining = remaining
        self.workers = workers
        self.limit = limit
        self.budget = budget
    }
}

/// Decides which late tasks idle workers begin too, so that one slow worker does not hold up a whole film.
///
/// Only slots get copies that no waiting task of any job can use.
package struct CopyPolicy: Equatable, Sendable {
    /// How many attempts at one task run at once, default 2; less than 2 for no copies.
    package var maximumAttempts = 2
    /// As `maximumAttempts`, for tasks of which an attempt failed, is stalled or
    /// takes half as long again as was expected, default 3.
    package var maximumAttemptsInTrouble = 3
    /// How much sooner a copy must be expected to end, in seconds, default 2.
    package var leastGain = 2.0
    /// As `leastGain`, as a share of the copy's own time, default 0.5: what is expected is seldom met exactly, and the
    /// loser's work is lost in any case.
    package var leastGainShare = 0.5
    /// The share of a job's effort that its copies may have together, default 0.05, and three tasks more.
    package var budgetShare = 0.05
    /// How many of the latest tasks a slot is compared with, default 8.
    package var lookahead = 8
    /// The time between two looks while a slot is idle, default 1 s.
    package var interval: Duration = .seconds(1)

    /// Makes the default policy.
    package init() {}

    /// The copies to begin now, in order.
    ///
    /// - Parameters:
    ///   - idle: workers with a free slot; of each, one slot is served.
    ///   - late: running tasks, those that end last first.
    ///   - speed: reference seconds a second of one slot of a worker with an encoder; `nil` when nothing is known.
    package func copies(
        idle: [WorkerOffer], late: [LateTask], speed: (WorkerID, String) -> Double?
    ) -> [Placement] {
        var late = late
        var result: [Placement] = []
        for worker in idle.sorted() {
            let id = worker.profile.id
            var jobs: Set<JobID> = []
            let chosen = late.prefix(lookahead).firstIndex { entry in
                // What ends before the latest that this slot could help with holds nothing up.
                guard isAllowed(entry, on: worker), jobs.insert(entry.job).inserted else { return false }
                // Nothing is lost with a task that does not move at all.
                guard let speed = speed(id, entry.task.encoder), speed > 0 else { return entry.remaining == .infinity }
                let own = entry.task.cost / speed
                return entry.remaining - own > max(leastGain, leastGainShare * own)
            }
            guard let chosen else { continue }
            var entry = late.remove(at: chosen)
            result.append(Placement(job: entry.job, task: entry.task.id, worker: id))
            entry.workers.append(id)
            let own = speed(id, entry.task.encoder).map { entry.task.cost / $0 } ?? entry.remaining
            entry.remaining = min(entry.remaining, own)
            for index in late.indices where late[index].job == entry.job { late[index].budget -= entry.task.cost }
            if entry.workers.count < entry.limit {
                late.insert(entry, at: late.firstIndex { $0.remaining < entry.remaining } ?? late.count)
            }
        }
        return result
    }

    private func isAllowed(_ entry: LateTask, on worker: WorkerOffer) -> Bool {
        entry.workers.count < entry.limit && !entry.workers.contains(worker.profile.id)
            && !entry.task.failedOn.contains(worker.profile.id) && entry.task.cost <= entry.budget
            && worker.isCapable(of: entry.task, buildDigest: entry.buildDigest) && worker.hasRoom(for: entry.task)
    }
}
