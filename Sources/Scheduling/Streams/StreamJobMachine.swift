// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletModel

/// Decides which plain worker streams what.
///
/// A worker has one stream at a time. A stream goes to an idle worker with hardware, else to the one with the least to do;
/// whoever refuses or does not answer rests for a while, twice as long each time. A stream whose worker is silent for too
/// long goes on elsewhere from where it was.
package struct StreamJobMachine: Sendable {
    /// What is to be done outside.
    package enum Action: Sendable, Equatable {
        /// Ask the worker to stream from here on; the answer comes back with the number.
        case offer(JobID, WorkerID, number: Int, from: Duration)
        /// Tell a worker, if it can be told, that the stream is no longer its own.
        case withdraw(JobID, WorkerID)
        /// The stream's phase is another.
        case changed(JobID)
        /// The stream is further.
        case progressed(JobID)
        /// A worker joined.
        case joined(WorkerID)
        /// A worker does something else.
        case altered(WorkerID)
        /// A worker is gone.
        case left(WorkerID)
    }

    /// What a worker says of a stream.
    package enum Report: Sendable, Equatable {
        /// It goes on; the share of what was given that is done, 0 to 1 (`nil`: not said).
        case streaming(share: Double?)
        case completed
        case failed(reason: String)
    }

    /// What becomes of a report.
    package enum Verdict: Sendable, Equatable {
        case taken([Action])
        /// The stream is somebody else's by now, or over.
        case stale([Action])
        /// There is no such stream.
        case unknown
    }

    /// The figures behind decisions.
    package struct Configuration: Sendable {
        /// How long a worker may be silent.
        package var heartbeatTimeout: Duration = .seconds(30)
        /// How long a worker rests after its first refusal; twice as long after each further one.
        package var rest: Duration = .seconds(5)
        /// The longest rest.
        package var longestRest: Duration = .seconds(60)
        /// How many workers may fail at a stream before it fails for good.
        package var failureLimit = 3

        /// Makes the default configuration.
        package init() {}
    }

    private let configuration: Configuration
    /// All streams.
    package private(set) var jobs: [JobID: StreamJob] = [:]
    /// All workers that are there.
    package private(set) var workers: [WorkerID: StreamWorker] = [:]
    /// When each stream that somebody has was last heard of.
    private var lastReports: [JobID: Moment] = [:]

    /// Makes a machine without streams and workers.
    package init(configuration: Configuration = Configuration()) { self.configuration = configuration }

    // MARK: Users

    /// Takes a stream in, new or as it was when this process ended last.
    ///
    /// A worker that had one is waited for as if it had just been heard.
    package mutating func add(_ job: StreamJob, now: Moment) -> [Action] {
        var job = job
        if case .offered(let worker) = job.phase { job.phase = .streaming(worker) }
        jobs[job.id] = job
        guard case .streaming(let worker) = job.phase else { return assign(now: now) }
        if workers[worker] == nil { workers[worker] = StreamWorker(worker, heard: now) }
        lastReports[job.id] = now
        return []
    }

    /// Gets to know a source's length.
    package mutating func learned(length: Duration, of job: JobID) { jobs[job]?.length = length }

    /// Stops a stream; nothing happens when it is over.
    package mutating func cancel(_ id: JobID, now: Moment) -> [Action] {
        guard let job = jobs[id], !job.phase.isFinal else { return [] }
        let actions = end(id, as: .cancelled)
        return actions + (job.worker.map { [.withdraw(id, $0)] } ?? []) + assign(now: now)
    }

    /// Takes up a stream again that failed or was cancelled, from where it was; `nil` when it is in another phase.
    package mutating func retry(_ id: JobID, now: Moment) -> [Action]? {
        switch jobs[id]?.phase {
        case .failed, .cancelled:
            jobs[id]?.failures = 0
            jobs[id]?.avoided = []
            return release(id) + assign(now: now)
        case .waiting, .offered, .streaming, .completed, nil: return nil
        }
    }

    /// Changes how urgent a stream is.
    package mutating func setPriority(_ priority: Priority, of job: JobID) { jobs[job]?.priority = priority }

    /// Forgets a stream that is over.
    package mutating func forget(_ id: JobID) {
        if jobs[id]?.phase.isFinal == true { jobs[id] = nil }
    }

    /// Gives a worker nothing more.
    package mutating func drain(_ id: WorkerID) -> [Action] {
        guard workers[id]?.isDraining == false else { return [] }
        workers[id]?.isDraining = true
        return [.altered(id)]
    }

    /// Takes a worker out; what it streams goes on elsewhere. It may come back.
    package mutating func remove(_ id: WorkerID, now: Moment) -> [Action] {
        guard workers[id] != nil else { return [] }
        return lose(id, isReachable: true) + assign(now: now)
    }

    // MARK: Workers

    /// A worker says that it is there.
    package mutating func heard(_ id: WorkerID, _ report: StreamWorker.Report, now: Moment) -> [Action] {
        let isNew = workers[id]?.report == nil
        var worker = workers[id] ?? StreamWorker(id, heard: now)
        let isAltered = worker.report?.isIdle != report.isIdle
        worker.report = report
        worker.lastHeard = now
        workers[id] = worker
        var actions: [Action] = isNew ? [.joined(id)] : []
        if isAltered { actions.append(.altered(id)) }
        // One that has nothing to do and says nothing of its stream has lost it.
        if report.isIdle, let job = job(at: id), case .streaming = job.phase,
            now - (lastReports[job.id] ?? now) >= configuration.heartbeatTimeout
        {
            actions += release(job.id)
        }
        return actions + assign(now: now)
    }

    /// A worker answered an offer, or did not (`isAccepted` is false then, too).
    package mutating func answered(
        _ id: JobID, number: Int, isAccepted: Bool, by worker: WorkerID, now: Moment
    ) -> [Action] {
        guard let job = jobs[id], job.offers == number, job.phase == .offered(worker) else {
            // A report may have come before the answer; else somebody else has it, or nobody wants it any more.
            let isOwn = jobs[id]?.offers == number && jobs[id]?.worker == worker
            return isAccepted && !isOwn ? [.withdraw(id, worker)] : []
        }
        if isAccepted {
            workers[worker]?.refusals = 0
            return begun(id, by: worker, now: now)
        }
        rest(worker, now: now)
        return release(id) + assign(now: now)
    }

    /// A worker says how far a stream is.
    ///
    /// - Parameter worker: who says so; `nil` when that is not known, and then it is whoever has it.
    package mutating func reported(_ id: JobID, _ report: Report, by worker: WorkerID?, now: Moment) -> Verdict {
        guard let job = jobs[id] else { return .unknown }
        guard let owner = job.worker, !job.phase.isFinal, worker == nil || worker == owner else {
            return .stale(worker.map { [.withdraw(id, $0)] } ?? [])
        }
        var actions: [Action] = []
        if case .offered = job.phase { actions += begun(id, by: owner, now: now) }
        lastReports[id] = now
        switch report {
        case .streaming(let share):
            if let share {
                jobs[id]?.share = min(1, max(job.share, share))
                actions.append(.progressed(id))
            }
        case .completed:
            workers[owner]?.completed += 1
            actions += end(id, as: .completed(owner)) + assign(now: now)
        case .failed(let reason):
            workers[owner]?.failed += 1
            rest(owner, now: now)
            jobs[id]?.failures += 1
            jobs[id]?.setback = "\(owner) failed: \(reason)"
            jobs[id]?.avoided.insert(owner)
            let isFinal = job.failures + 1 >= configuration.failureLimit
            actions += isFinal ? end(id, as: .failed(reason: reason)) : release(id)
            actions += assign(now: now)
        }
        return .taken(actions)
    }

    // MARK: Time

    /// When `ticked` has something to do; `nil` while only others can change anything.
    package var nextDeadline: Moment? {
        let silences = workers.values.map { $0.lastHeard + configuration.heartbeatTimeout }
        let isWaiting = jobs.values.contains { $0.phase == .waiting }
        let rests = isWaiting ? workers.values.compactMap(\.restsUntil) : []
        return (silences + rests).min()
    }

    /// Time has passed.
    package mutating func ticked(now: Moment) -> [Action] {
        var actions: [Action] = []
        for worker in workers.values.sorted(by: { $0.id < $1.id }) {
            if now - worker.lastHeard >= configuration.heartbeatTimeout {
                actions += lose(worker.id, isReachable: false)
            } else if let end = worker.restsUntil, end <= now {
                workers[worker.id]?.restsUntil = nil
            }
        }
        return actions + assign(now: now)
    }

    // MARK: Parts

    private func job(at worker: WorkerID) -> StreamJob? {
        jobs.values.first { !$0.phase.isFinal && $0.worker == worker }
    }

    private mutating func assign(now: Moment) -> [Action] {
        var actions: [Action] = []
        let waiting = jobs.values.filter { $0.phase == .waiting }.sorted {
            ($1.priority, $0.order, $0.id.text) < ($0.priority, $1.order, $1.id.text)
        }
        for job in waiting {
            let free = workers.values.filter { $0.takesOffers(at: now) && self.job(at: $0.id) == nil }
            let wanted = free.filter { !job.avoided.contains($0.id) }
            guard let best = (wanted.isEmpty ? free : wanted).min(by: { $0.isBetter(than: $1) }) else { continue }
            jobs[job.id]?.phase = .offered(best.id)
            jobs[job.id]?.offers += 1
            actions += [.changed(job.id), .offer(job.id, best.id, number: job.offers + 1, from: job.begin)]
        }
        return actions
    }

    private mutating func begun(_ id: JobID, by worker: WorkerID, now: Moment) -> [Action] {
        jobs[id]?.phase = .streaming(worker)
        lastReports[id] = now
        return [.changed(id), .altered(worker)]
    }

    /// Takes a stream from whoever has it; it goes on from where it was.
    private mutating func release(_ id: JobID) -> [Action] {
        guard let job = jobs[id] else { return [] }
        jobs[id]?.begin = job.position
        jobs[id]?.share = 0
        jobs[id]?.phase = .waiting
        lastReports[id] = nil
        return [.changed(id)] + (job.worker.map { [.altered($0)] } ?? [])
    }

    private mutating func end(_ id: JobID, as phase: StreamJob.Phase) -> [Action] {
        let worker = jobs[id]?.worker
        jobs[id]?.phase = phase
        lastReports[id] = nil
        return [.changed(id)] + (worker.map { [.altered($0)] } ?? [])
    }

    private mutating func rest(_ id: WorkerID, now: Moment) {
        guard var worker = workers[id] else { return }
        let length = configuration.rest * (1 << min(worker.refusals, 10))
        worker.refusals += 1
        worker.restsUntil = now + min(length, configuration.longestRest)
        workers[id] = worker
    }

    private mutating func lose(_ id: WorkerID, isReachable: Bool) -> [Action] {
        let job = job(at: id)
        workers[id] = nil
        var actions: [Action] = [.left(id)]
        if let job {
            jobs[job.id]?.setback = "\(id) is gone"
            if isReachable { actions.append(.withdraw(job.id, id)) }
            // Nothing can be said any more of a worker that is out.
            actions += release(job.id).filter { $0 != .altered(id) }
        }
        return actions
    }
}
