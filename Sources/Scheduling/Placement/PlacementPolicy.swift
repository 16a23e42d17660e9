// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletModel

/// A job with tasks to give out, as placement sees it.
package struct JobOffer: Equatable, Sendable {
    /// The job's name.
    package var id: JobID
    /// How urgent it is.
    package var priority: Priority
    /// The ffmpeg build that must run it; `nil` for any.
    package var buildDigest: String?
    /// What can be given out.
    package var ready: ReadyQueue

    /// Makes an offer from its parts.
    package init(id: JobID, priority: Priority, buildDigest: String? = nil, ready: ReadyQueue) {
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
    /// Reference seconds of work that one slot does in a second, as far as known.
    package var speed: Double

    /// Makes an offer from its parts.
    package init(
        profile: WorkerProfile, running: Int = 0, usedMemory: ByteCount = ByteCount(0), speed: Double = 1
    ) {
        self.profile = profile
        self.running = running
        self.usedMemory = usedMemory
        self.speed = speed
    }

    /// Slots without a task.
    package var freeSlots: Int { max(profile.slots - running, 0) }

    /// Whether it is the right kind of worker, busy or not.
    package func isCapable(of task: ReadyTask, buildDigest: String?) -> Bool {
        profile.isCapable(of: task.encoder, buildDigest: buildDigest)
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

extension WorkerOffer: Comparable {
    /// Whether it is served before another: the fastest, then the one with most free slots, then by name.
    package static func < (left: WorkerOffer, right: WorkerOffer) -> Bool {
        if left.speed != right.speed { return left.speed > right.speed }
        let (free, other) = (left.freeSlots, right.freeSlots)
        return free == other ? left.profile.id < right.profile.id : free > other
    }
}

extension WorkerProfile {
    /// Whether it can run tasks of this encoder and ffmpeg build at all.
    func isCapable(of encoder: String, buildDigest: String?) -> Bool {
        (buildDigest == nil || buildDigest == self.buildDigest)
            && (encoders.isEmpty || encoders.contains(encoder))
    }
}

/// Decides who does what.
///
/// A pure function: the same offers and the same debt, the same decisions. No slot stays empty
/// while a task is ready that may run there.
package enum PlacementPolicy {
    /// What is to be given out now, in order; it is taken out of the jobs' queues.
    ///
    /// The fastest free slot is served first. It gets a task of the most urgent
    /// job that has one for it; among equals of the one that came first, so
    /// that jobs end one after the other and not all of them late. While less
    /// urgent jobs wait, a tenth of the effort goes to the one of them that came
    /// first (`FairShare`). Nothing that runs is taken away. Within a job, what
    /// needs the worker's special hardware comes first, then the longest task.
    ///
    /// Costs O(log workers + jobs * lines + log tasks) for each task given out.
    ///
    /// - Parameters:
    ///   - jobs: in order of arrival.
    ///   - idle: workers with a free slot.
    ///   - share: what less urgent jobs are owed.
    ///   - mayRepeat: whether a task may go to a worker that it failed on: when no other one could have it,
    ///     not even later.
    package static func place(
        jobs: inout [JobOffer], idle: [WorkerOffer], share: inout FairShare,
        mayRepeat: (_ task: ReadyTask, _ buildDigest: String?) -> Bool
    ) -> [Placement] {
        var slots = BinaryHeap<WorkerOffer>()
        for worker in idle where worker.freeSlots > 0 { slots.insert(worker) }
        var open = jobs.indices.filter { !jobs[$0].ready.isEmpty }
        open.sort { jobs[$0].priority == jobs[$1].priority ? $0 < $1 : jobs[$0].priority > jobs[$1].priority }
        var placements: [Placement] = []
        while let urgent = open.first, var worker = slots.popFirst() {
            let urgency = jobs[urgent].priority
            let lower = open.filter { jobs[$0].priority < urgency }.min()
            let waiting = lower.map { jobs[$0].ready.firstCost() }
            if lower == nil { share.forgive() }
            var order = open[...]
            if let lower, let waiting, share.isDue(waiting) { order.insert(lower, at: order.startIndex) }
            for index in order {
                let digest = jobs[index].buildDigest
                let found = jobs[index].ready.first(for: worker.profile.id) { task in
                    worker.isCapable(of: task, buildDigest: digest) && worker.hasRoom(for: task)
                        && (!task.failedOn.contains(worker.profile.id) || mayRepeat(task, digest))
                }
                guard let task = found else { continue }
                jobs[index].ready.remove(task.id)
                placements.append(Placement(job: jobs[index].id, task: task.id, worker: worker.profile.id))
                if order.first == lower {
                    if index == lower { share.paid(task.cost) }
                } else if let waiting, jobs[index].priority == urgency {
                    share.passedOver(waiting, by: task.cost)
                }
                if jobs[index].ready.isEmpty { open.removeAll { $0 == index } }
                worker.running += 1
                worker.usedMemory = worker.usedMemory + task.memory
                // A worker that found nothing finds nothing later either: room only shrinks.
                if worker.freeSlots > 0 { slots.insert(worker) }
                break
            }
        }
        return placements
    }
}
