// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletModel
import MartletPorts
import MartletScheduling

/// What a cluster's service asks of its coordinator.
extension Coordinator {
    /// Forgets a job that is over.
    func forget(_ job: JobID) {
        guard jobs[job]?.outcome != nil else { return }
        jobs[job] = nil
        watchedJobs.remove(job)
    }

    /// How many tasks of a job are in each state; `nil` when the job is not at work.
    func taskCounts(of job: JobID) -> [TaskState: Int]? {
        machine.jobs[job]?.tasks.values.reduce(into: [:]) { $0[$1.taskState, default: 0] += 1 }
    }

    /// What a job that somebody watches has made so far; `nil` when it is not at work.
    func watched(_ job: JobID) -> PreviewFilm.Results? {
        watchedJobs.insert(job)
        machine.jobWatched(job)
        guard let prepared = jobs[job]?.prepared, let tasks = machine.jobs[job]?.tasks else { return nil }
        return PreviewFilm.Results(
            plan: prepared.plan, index: prepared.index, tasks: tasks.values.map(\.record).filter { $0.artifact != nil })
    }

    /// The file that a job's tasks read, and its content.
    func source(of job: JobID) -> (path: String, content: Fingerprint)? {
        guard let source = jobs[job]?.prepared?.plan.source else { return nil }
        return (source.path, source.fingerprint)
    }

    /// Whether a worker holds this lease.
    func holds(_ lease: LeaseToken) -> Bool {
        machine.jobs[lease.job]?.tasks[lease.task]?.isHeld(under: lease) ?? false
    }

    /// Whether a job is at work here.
    func isAtWork(_ job: JobID) -> Bool { machine.jobs[job] != nil }

    /// Changes how urgent a job at work is, and keeps that.
    ///
    /// - Returns: whether it is at work.
    /// - Throws: what the store throws.
    func setPriority(_ priority: Priority, of job: JobID) async throws -> Bool {
        guard jobs[job] != nil, let state = machine.jobs[job]?.jobState, !state.isFinal else { return false }
        jobs[job]?.record.priority = priority
        let actions = machine.jobPriorityChanged(job, to: priority, now: surroundings.time.now())
        await enqueue([.persistJob(job, state, failure: nil)] + actions).value
        if let breakage { throw breakage }
        return true
    }

    /// Whether the scheduler keeps a worker.
    func knows(_ worker: WorkerID) -> Bool { machine.workers[worker] != nil }

    /// Whether a worker's connection is there.
    func isConnected(_ worker: WorkerID) -> Bool { connections[worker] != nil }

    /// A worker's connection broke: it may come back soon.
    func suspect(_ worker: WorkerID) async {
        connections[worker]?.orders(nil)
        connections[worker] = nil
        await enqueue(machine.workerSuspected(worker, now: surroundings.time.now())).value
    }

    /// Gives a worker no new work.
    ///
    /// - Returns: whether it is there.
    func drain(_ worker: WorkerID) async -> Bool {
        guard machine.workers[worker] != nil else { return false }
        await enqueue(machine.workerDrained(worker, now: surroundings.time.now())).value
        return true
    }

    /// Takes a worker out; what it runs goes to others.
    func remove(_ worker: WorkerID) async {
        await enqueue(machine.workerRemoved(worker, now: surroundings.time.now())).value
        connections[worker]?.orders(nil)
        connections[worker] = nil
    }

    /// The disk is short of space, or is not any more.
    func spaceChanged(isShort: Bool) {
        enqueue(machine.spaceChanged(isShort: isShort, now: surroundings.time.now()))
    }

    /// How a worker stands.
    struct WorkerStanding: Sendable {
        var state: WorkerState
        var health: WorkerHealth
        var leases: [LeaseToken]
        var lastHeard: Moment
    }

    /// How all workers stand.
    func workerStates() -> [WorkerID: WorkerStanding] {
        let now = surroundings.time.now()
        return machine.workers.mapValues { worker in
            WorkerStanding(
                state: worker.workerState, health: worker.health(now: now),
                leases: worker.leases.keys.sorted { ($0.job.text, $0.task) < ($1.job.text, $1.task) },
                lastHeard: worker.lastHeard)
        }
    }
}
