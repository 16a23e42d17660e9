// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletModel
internal import MartletPorts
package import MartletScheduling
package import MartletWire

/// Workers that speak plain JSON over HTTP, and the streams that they serve.
///
/// `StreamJobMachine` decides; this performs, in the order of the decisions: what changed is kept first, then told, then
/// workers are called.
package actor PlainWorkers {
    /// What is to be done, with the record as it was when it was decided.
    private enum Effect: Sendable {
        case keep(StreamRecord)
        case tell(Event)
        case offer(StreamRecord, WorkerID, PlainContact, number: Int, from: Duration)
        case withdraw(JobID, PlainContact)
    }

    /// How many streams that are over are kept.
    private static let keptEnded = 1000

    private let surroundings: Surroundings
    private var machine: StreamJobMachine
    private var records: [JobID: StreamRecord] = [:]
    private var contacts: [WorkerID: PlainContact] = [:]
    private var broadcast = Broadcast()
    private let effects: AsyncStream<Effect>
    private let effectSink: AsyncStream<Effect>.Continuation
    private let calls: PlainWorkerCalls
    /// Finds out how long sources are.
    private var learning: [JobID: Task<Void, Never>] = [:]
    private var alarm: (deadline: Moment, task: Task<Void, Never>)?

    /// Makes it, without streams and workers.
    package init(configuration: StreamJobMachine.Configuration = .init(), with surroundings: Surroundings) {
        self.surroundings = surroundings
        calls = PlainWorkerCalls(caller: surroundings.caller)
        machine = StreamJobMachine(configuration: configuration)
        (effects, effectSink) = AsyncStream.makeStream(of: Effect.self)
    }

    /// Takes up the streams of an earlier life, and does what is decided until the task is cancelled.
    ///
    /// - Throws: when the streams cannot be read.
    package func run() async throws {
        for (_, record) in try await surroundings.records.all() where records[record.stream.id] == nil {
            records[record.stream.id] = record
            guard !record.stream.phase.isFinal else { continue }
            decide { $0.add(record.stream, now: $1) }
            if record.stream.length == nil { learn(lengthOf: record) }
        }
        await withDiscardingTaskGroup { group in
            for await effect in effects {
                switch effect {
                case .keep(let record):
                    // On a full disk the stream goes on, and is forgotten by the next life.
                    try? await surroundings.records.keep(record, as: record.stream.id.text)
                case .tell(let event): broadcast.send(event)
                case .offer(let record, let worker, let contact, let number, let begin):
                    let assignment = record.assignment(from: begin)
                    group.addTask { await self.offer(assignment, to: worker, at: contact, number: number) }
                case .withdraw(let job, let contact):
                    group.addTask { [calls] in await calls.withdraw(job, from: contact) }
                }
            }
            group.cancelAll()
        }
        alarm?.task.cancel()
        broadcast.finish()
    }

    // MARK: Users

    /// Takes a stream in.
    ///
    /// - Parameter submission: has a `startTime`.
    /// - Throws: a `CodedError` when the source is in no media root or the stream cannot be kept.
    package func submit(_ submission: JobSubmission) async throws -> JobView {
        let source = try surroundings.locate(submission.source)
        let created = surroundings.time.wallMilliseconds()
        let priority = Priority.allCases.first { $0.name == submission.priority } ?? .normal
        let stream = StreamJob(
            id: surroundings.newID(), priority: priority, order: created,
            start: .milliseconds(Int64(((submission.startTime ?? 0) * 1000).rounded())))
        let record = StreamRecord(submission: submission, source: source, stream: stream, createdMs: created)
        try await surroundings.records.keep(record, as: stream.id.text)
        records[stream.id] = record
        effectSink.yield(.tell(.jobSubmitted(stream.id)))
        decide { $0.add(stream, now: $1) }
        learn(lengthOf: record)
        return records[stream.id]?.view ?? record.view
    }

    /// All streams, newest first.
    package func jobs(state: JobState?) -> [JobView] {
        records.values.filter { state == nil || $0.state == state }.map(\.view).sorted {
            ($0.createdMs, $0.id.text) > ($1.createdMs, $1.id.text)
        }
    }

    /// One stream; `nil` when there is none of that name.
    package func job(_ id: JobID) -> JobView? { records[id]?.view }

    /// Stops a stream; `nil` when there is none of that name.
    package func cancel(_ id: JobID) -> JobView? {
        decide { $0.cancel(id, now: $1) }
        return job(id)
    }

    /// Takes up a stream again that failed or was cancelled; `nil` when there is none of that name.
    ///
    /// - Throws: `CoordinatorError` `wrongState`.
    package func retry(_ id: JobID) throws -> JobView? {
        guard let record = records[id] else { return nil }
        let isTaken = decide { machine, now in
            // What is over is known to this alone.
            if machine.jobs[id] == nil { _ = machine.add(record.stream, now: now) }
            return machine.retry(id, now: now)
        }
        guard isTaken else {
            throw CoordinatorError(.wrongState, "The stream \(id) neither failed nor was cancelled.")
        }
        records[id]?.finishedMs = nil
        return job(id)
    }

    /// Changes how urgent a stream is; `nil` when there is none of that name.
    package func setPriority(_ priority: Priority, of id: JobID) -> JobView? {
        guard records[id] != nil else { return nil }
        machine.setPriority(priority, of: id)
        records[id]?.stream.priority = priority
        if let record = records[id] { effectSink.yield(.keep(record)) }
        return job(id)
    }

    /// What a stream reads, and how long that is where it can be told; `nil` when no such stream goes on.
    ///
    /// Waits until the source has been looked at.
    func source(of id: JobID) async -> (address: MediaAddress, length: Duration?)? {
        guard let record = records[id], !record.stream.phase.isFinal else { return nil }
        await learning[id]?.value
        return (record.source, records[id]?.stream.length)
    }

    /// Where a stream is served.
    ///
    /// - Throws: `CoordinatorError` `unknownJob`, and `wrongState` while nobody serves it.
    package func streamURL(of id: JobID) throws -> String {
        guard let record = records[id] else { throw Self.unknown(id) }
        guard let url = record.url else {
            throw CoordinatorError(.wrongState, "The stream \(id) is not served yet.", isRetryable: true)
        }
        return url
    }

    /// Everything that happens from now on.
    package func events() -> AsyncStream<Event> {
        let (stream, continuation) = AsyncStream.makeStream(of: Event.self)
        let listener = broadcast.add(continuation)
        continuation.onTermination = { [weak self] _ in
            Task { await self?.forget(listener: listener) }
        }
        return stream
    }

    // MARK: Workers

    /// A worker says that it is there.
    ///
    /// - Parameter peer: where that came from.
    /// - Throws: `APIError` `badField`.
    package func heard(_ heartbeat: PlainHeartbeat, from peer: String) throws {
        let id = heartbeat.workerID
        guard !id.text.isEmpty, id.text.utf8.count <= 200 else {
            throw APIError.badField("worker_id", "a name of up to 200 bytes is wanted.")
        }
        let contact = try PlainContact(heartbeat, from: peer)
        guard heartbeat.status?.lowercased() != PlainHeartbeat.offline else {
            decide { $0.remove(id, now: $1) }
            return
        }
        contacts[id] = contact
        let report = StreamWorker.Report(
            isIdle: heartbeat.status.map { $0.lowercased() == "idle" } ?? true, hardware: heartbeat.hwAccel ?? [],
            processors: heartbeat.cpuUsage.map { $0 / 100 })
        decide { $0.heard(id, report, now: $1) }
    }

    /// A worker says how far a stream is.
    ///
    /// - Throws: `CoordinatorError` `unknownJob`, or `wrongState` when the stream is not the worker's.
    package func reported(_ status: PlainStatus) throws {
        let id = status.jobID
        var sender = status.workerID
        if sender == nil, let url = status.streamURL {
            // Several may share a host; then it is not known who speaks.
            let hosts = contacts.filter { $0.value.isHost(of: url) }
            if hosts.count == 1 { sender = hosts.first?.key }
        }
        var verdict = StreamJobMachine.Verdict.unknown
        decide { machine, now in
            verdict = machine.reported(id, status.report, by: sender, now: now)
            switch verdict {
            case .taken(let actions), .stale(let actions): return actions
            case .unknown: return []
            }
        } before: {
            guard case .taken = verdict, var record = records[id] else { return }
            record.url = status.streamURL ?? record.url
            record.fps = status.fps ?? record.fps
            records[id] = record
        }
        switch verdict {
        case .taken: return
        case .stale: throw CoordinatorError(.wrongState, "The stream \(id) is not this worker's, or is over.")
        case .unknown:
            guard records[id] == nil else { throw CoordinatorError(.wrongState, "The stream \(id) is over.") }
            throw Self.unknown(id)
        }
    }

    /// Where a worker listens, host and port; `nil` when it was not heard of lately.
    func authority(of worker: WorkerID) -> String? { contacts[worker]?.authority }

    /// All workers, by name.
    package func workers() -> [WorkerView] { machine.workers.values.map(view).sorted { $0.id < $1.id } }

    /// Gives a worker nothing more; `nil` when there is none of that name.
    package func drain(_ id: WorkerID) -> WorkerView? {
        decide { machine, _ in machine.drain(id) }
        return machine.workers[id].map(view)
    }

    /// Takes a worker out; whether there was one of that name.
    package func remove(_ id: WorkerID) -> Bool {
        guard machine.workers[id] != nil else { return false }
        decide { $0.remove(id, now: $1) }
        return true
    }

    // MARK: Deciding

    /// Asks the machine, and puts what it says in the queue; whether it said anything at all.
    ///
    /// - Parameter before: done when it has decided, and before its decisions are carried over.
    @discardableResult
    private func decide(
        _ decision: (inout StreamJobMachine, Moment) -> [StreamJobMachine.Action]?, before: () -> Void = {}
    ) -> Bool {
        let actions = decision(&machine, surroundings.time.now())
        before()
        for action in actions ?? [] { carryOver(action) }
        setAlarm()
        return actions != nil
    }

    private func carryOver(_ action: StreamJobMachine.Action) {
        switch action {
        case .changed(let id): changed(id)
        case .progressed(let id):
            guard let job = machine.jobs[id], let record = records[id] else { return }
            records[id]?.stream = job
            effectSink.yield(
                .tell(
                    .progress(
                        id, .encoding, fraction: job.progress, framesPerSecond: record.fps ?? 0, remainingSeconds: nil))
            )
        case .offer(let id, let worker, let number, let begin):
            guard let record = records[id], let contact = contacts[worker] else { return }
            effectSink.yield(.offer(record, worker, contact, number: number, from: begin))
        case .withdraw(let id, let worker):
            guard let contact = contacts[worker] else { return }
            effectSink.yield(.withdraw(id, contact))
        case .joined(let worker): effectSink.yield(.tell(.workerRegistered(worker)))
        case .altered(let id):
            guard let worker = machine.workers[id] else { return }
            effectSink.yield(.tell(.workerStateChanged(id, state(of: worker))))
        case .left(let worker): effectSink.yield(.tell(.workerUnregistered(worker)))
        }
    }

    private func changed(_ id: JobID) {
        guard let job = machine.jobs[id], var record = records[id] else { return }
        record.stream = job
        switch job.phase {
        case .waiting: record.url = nil
        case .completed, .failed, .cancelled: record.finishedMs = surroundings.time.wallMilliseconds()
        case .offered, .streaming: break
        }
        records[id] = record
        effectSink.yield(.keep(record))
        effectSink.yield(.tell(.jobStateChanged(id, record.state)))
        switch job.phase {
        case .completed: effectSink.yield(.tell(.jobCompleted(id)))
        case .failed(let reason):
            let code = CoordinatorError.Code.taskFailed.rawValue
            effectSink.yield(.tell(.jobFailed(id, code: code, message: reason)))
        case .waiting, .offered, .streaming, .cancelled: break
        }
        if job.phase.isFinal {
            machine.forget(id)
            forgetOldest()
        }
    }

    private func forgetOldest() {
        let ended = records.values.filter { $0.stream.phase.isFinal }
        guard ended.count > Self.keptEnded, let oldest = ended.min(by: { $0.createdMs < $1.createdMs }) else { return }
        let id = oldest.stream.id
        records[id] = nil
        Task { try? await surroundings.records.forget(id.text) }
    }

    private func learn(lengthOf record: StreamRecord) {
        let id = record.stream.id
        learning[id] = Task {
            let length = await surroundings.length(record.source)
            learning[id] = nil
            guard let length else { return }
            machine.learned(length: length, of: id)
            if let job = machine.jobs[id] { records[id]?.stream = job }
        }
    }

    private func setAlarm() {
        guard let deadline = machine.nextDeadline else { return }
        // An alarm that rings too early does no harm, and sets the next one.
        if let alarm, alarm.deadline <= deadline { return }
        alarm?.task.cancel()
        let time = surroundings.time
        let task = Task { [weak self] in
            guard (try? await time.sleep(until: deadline)) != nil else { return }
            await self?.rang()
        }
        alarm = (deadline, task)
    }

    private func rang() {
        alarm = nil
        decide { $0.ticked(now: $1) }
        // Of workers that are gone nothing need be known.
        contacts = contacts.filter { machine.workers[$0.key] != nil }
    }

    private func forget(listener: Int) { broadcast.remove(listener) }

    // MARK: Calling

    private func offer(_ assignment: PlainAssignment, to worker: WorkerID, at contact: PlainContact, number: Int) async
    {
        let isAccepted = await calls.offer(assignment, to: contact)
        // The next life asks again.
        if Task.isCancelled { return }
        decide { $0.answered(assignment.jobID, number: number, isAccepted: isAccepted, by: worker, now: $1) }
    }

    // MARK: Views

    private func state(of worker: StreamWorker) -> WorkerState {
        if worker.isDraining { return .draining }
        return worker.report?.isIdle == true && running(at: worker.id) == nil ? .idle : .processing
    }

    private func running(at worker: WorkerID) -> JobID? {
        machine.jobs.values.first { !$0.phase.isFinal && $0.worker == worker }?.id
    }

    private func view(of worker: StreamWorker) -> WorkerView {
        WorkerView(
            worker, state: state(of: worker), contact: contacts[worker.id], running: running(at: worker.id),
            now: surroundings.time.now())
    }

    private static func unknown(_ id: JobID) -> CoordinatorError {
        CoordinatorError(
            .unknownJob, "There is no stream \(id).",
            advice: "A job with `start_time` is a stream; what others make is at /api/v1/jobs/{id}/output.")
    }
}
