// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletModel

/// A task that can be given out, as placement sees it.
package struct ReadyTask: Equatable, Sendable {
    /// The task's name.
    package var id: TaskID
    /// Expected effort.
    package var cost: Double
    /// Expected peak memory.
    package var memory: ByteCount
    /// FFmpeg's name of the encoder it needs.
    package var encoder: String
    /// The workers on which an attempt failed.
    package var failedOn: Set<WorkerID>

    /// Makes a ready task from its parts.
    package init(id: TaskID, cost: Double, memory: ByteCount, encoder: String, failedOn: Set<WorkerID> = []) {
        self.id = id
        self.cost = cost
        self.memory = memory
        self.encoder = encoder
        self.failedOn = failedOn
    }

    /// Whether it is given out before `other`: longest first, then by name.
    package func precedes(_ other: ReadyTask) -> Bool {
        cost == other.cost ? id < other.id : cost > other.cost
    }
}

/// A job with tasks to give out, as placement sees it.
package struct JobOffer: Equatable, Sendable {
    /// The job's name.
    package var id: JobID
    /// How urgent it is.
    package var priority: Priority
    /// The ffmpeg build that must run it; `nil` for any.
    package var buildDigest: String?
    /// What can be given out, in order.
    package var ready: [ReadyTask]

    /// Makes an offer from its parts.
    package init(id: JobID, priority: Priority, buildDigest: String? = nil, ready: [ReadyTask]) {
        self.id = id
        self.priority = priority
        self.buildDigest = buildDigest
        self.ready = ready
    }
}

/// A worker that takes tasks, as placement sees it.
package struct WorkerOffer: Equatable, Sendable {
    /// What it said of itself.
    package var profile: WorkerProfile
    /// How many tasks it runs.
    package var running: Int
    /// The expected memory of those.
    package var usedMemory: ByteCount

    /// Makes an offer from its parts.
    package init(profile: WorkerProfile, running: Int = 0, usedMemory: ByteCount = ByteCount(0)) {
        self.profile = profile
        self.running = running
        self.usedMemory = usedMemory
    }

    /// Slots without a task.
    package var freeSlots: Int { max(profile.slots - running, 0) }

    /// Whether it is the right kind of worker, busy or not.
    package func isCapable(of task: ReadyTask, buildDigest: String?) -> Bool {
        (buildDigest == nil || buildDigest == profile.buildDigest)
            && (profile.encoders.isEmpty || profile.encoders.contains(task.encoder))
    }

    /// Whether the task fits beside what runs. A worker without any task takes
    /// one of any size: else a task that is too large for every worker would
    /// wait for ever.
    package func hasRoom(for task: ReadyTask) -> Bool {
        freeSlots > 0 && (running == 0 || usedMemory + task.memory <= profile.memory)
    }
}

/// The decision to give a task to a worker.
package struct Placement: Equatable, Sendable {
    /// The job.
    package var job: JobID
    /// The task.
    package var task: TaskID
    /// The worker.
    package var worker: WorkerID

    /// Makes a decision.
    package init(job: JobID, task: TaskID, worker: WorkerID) {
        self.job = job
        self.task = task
        self.worker = worker
    }
}

/// Decides who does what.
///
/// A pure function: the same offers and the same debt, the same decisions. No slot stays empty
/// while a task is ready that may run there.
package enum PlacementPolicy {
    /// What is to be given out now, in order.
    ///
    /// The most urgent job comes first; among equals the one that came first, so
    /// that jobs end one after the other and not all of them late. While less
    /// urgent jobs wait, a tenth of the effort goes to the one of them that came
    /// first (`FairShare`). Nothing that runs is taken away. Within a job the
    /// longest task comes first. Of the workers that may have it, the one with the most
    /// free slots gets it. A task does not go back to a worker that it failed
    /// on while another capable one is there, even a busy one.
    ///
    /// Costs O(jobs) for each task given out, and looks at each ready task once.
    ///
    /// - Parameters:
    ///   - jobs: in order of arrival.
    ///   - workers: all that take work, those without a free slot included.
    ///   - share: what less urgent jobs are owed.
    package static func place(
        jobs: [JobOffer], workers: [WorkerOffer], share: inout FairShare
    ) -> [Placement] {
        var workers = workers.sorted { $0.profile.id < $1.profile.id }
        var freeSlots = workers.reduce(0) { $0 + $1.freeSlots }
        // Room only shrinks while tasks are given out, so what found no worker once finds none later.
        var next = jobs.map { _ in 0 }
        var open = jobs.indices.filter { !jobs[$0].ready.isEmpty }
        var placements: [Placement] = []
        while freeSlots > 0, !open.isEmpty {
            let urgency = open.reduce(Priority.low) { max($0, jobs[$1].priority) }
            guard let first = open.first(where: { jobs[$0].priority == urgency }) else { break }
            let lower = open.first { jobs[$0].priority < urgency }
            let waiting = lower.map { jobs[$0].ready[next[$0]].cost }
            if lower == nil { share.forgive() }
            var index = first
            if let lower, let waiting, share.isDue(waiting) { index = lower }
            let job = jobs[index]
            var chosen: Int?
            while chosen == nil, next[index] < job.ready.count {
                let task = job.ready[next[index]]
                next[index] += 1
                chosen = worker(for: task, buildDigest: job.buildDigest, among: workers)
                if let chosen {
                    placements.append(Placement(job: job.id, task: task.id, worker: workers[chosen].profile.id))
                    workers[chosen].running += 1
                    workers[chosen].usedMemory = workers[chosen].usedMemory + task.memory
                    freeSlots -= 1
                    if index == lower {
                        share.paid(task.cost)
                    } else if let waiting {
                        share.passedOver(waiting, by: task.cost)
                    }
                }
            }
            if next[index] == job.ready.count { open.removeAll { $0 == index } }
        }
        return placements
    }

    private static func worker(for task: ReadyTask, buildDigest: String?, among workers: [WorkerOffer]) -> Int? {
        let capable = workers.indices.filter { workers[$0].isCapable(of: task, buildDigest: buildDigest) }
        let untried = capable.filter { !task.failedOn.contains(workers[$0].profile.id) }
        let allowed = (untried.isEmpty ? capable : untried).filter { workers[$0].hasRoom(for: task) }
        return allowed.min { left, right in
            let (free, other) = (workers[left].freeSlots, workers[right].freeSlots)
            return free == other ? left < right : free > other
        }
    }
}
