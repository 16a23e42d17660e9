// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletModel
package import MartletPorts
internal import MartletScheduling

/// The workers' side.
extension Coordinator: TaskDispatch {
    package func register(
        _ worker: WorkerProfile, holding leases: [LeaseToken]
    ) async throws -> AsyncStream<WorkerOrder> {
        let (stream, sink) = WorkerOrder.stream()
        await register(worker, holding: leases, orders: sink)
        return stream
    }

    /// Lets a worker join.
    ///
    /// - Parameter orders: is given its orders, and `nil` when no more follow; never waits.
    func register(_ worker: WorkerProfile, holding leases: [LeaseToken], orders: @escaping OrderSink) async {
        if isClosed { return orders(nil) }
        connections[worker.id]?.orders(nil)
        connections[worker.id] = Connection(profile: worker, orders: orders)
        await enqueue(machine.workerRegistered(worker, holding: leases, now: surroundings.time.now())).value
    }

    package func heartbeat(
        _ worker: WorkerID, holding leases: [LeaseToken], load: WorkerLoad?
    ) async throws -> [LeaseToken] {
        let now = surroundings.time.now()
        if machine.workers[worker] == nil, let connection = connections[worker] {
            // It was silent for too long, as after a pause of the whole process, and is still connected.
            enqueue(machine.workerRegistered(connection.profile, holding: leases, now: now))
        }
        let actions = machine.heartbeat(worker, holding: leases, load: load, now: now)
        enqueue(actions)
        return actions.compactMap(\.refusedLease)
    }

    package func measured(_ worker: WorkerID, speed: Double?) async {
        connections[worker]?.profile.isMeasuring = false
        connections[worker]?.profile.speed = speed
        await enqueue(machine.workerMeasured(worker, speed: speed, now: surroundings.time.now())).value
    }

    package func report(_ lease: LeaseToken, progress: RunProgress) async {
        let actions = machine.taskProgressed(
            lease, frames: progress.frames, outputMicroseconds: progress.outputMicroseconds,
            now: surroundings.time.now())
        enqueue(actions)
    }

    /// Takes a result: the file is looked at again before the task counts as done.
    package func finish(_ lease: LeaseToken, result: AttemptResult) async throws -> Bool {
        // In a task of its own: a worker that is told to stop meanwhile must not lose a whole result.
        let result = await Task { await self.checkedOnArrival(lease, result) }.value
        var generator = SystemRandomNumberGenerator()
        let actions = machine.taskFinished(
            lease, result: result, now: surroundings.time.now(), using: &generator)
        if case .failed(let failure) = result, actions.contains(where: \.isJobFailure) {
            jobs[lease.job]?.failure = failure
            jobs[lease.job]?.failedTask = lease.task
        }
        await enqueue(actions).value
        // What could not be kept was not taken.
        return breakage == nil && !actions.contains { $0.refusedLease == lease }
    }

    package func unregister(_ worker: WorkerID) async {
        connections[worker]?.orders(nil)
        connections[worker] = nil
        await enqueue(machine.workerLost(worker, now: surroundings.time.now())).value
    }

    /// Hands a task to its worker.
    func assign(_ lease: LeaseToken, _ task: TaskSpecification) {
        guard let assignment = assignment(of: task, under: lease) else { return }
        connections[lease.worker]?.orders(.run(assignment))
    }

    /// Tells a worker which task it will probably get next.
    func announce(_ task: TaskID, of job: JobID, to worker: WorkerID) {
        let lease = LeaseToken(job: job, task: task, epoch: Epoch(0), worker: worker)
        guard let specification = machine.jobs[job]?.tasks[task]?.specification,
            let assignment = assignment(of: specification, under: lease)
        else { return }
        connections[worker]?.orders(.prefetch(assignment))
    }

    private func assignment(of task: TaskSpecification, under lease: LeaseToken) -> TaskAssignment? {
        guard let context = jobs[lease.job], let prepared = context.prepared else { return nil }
        let inputs = task.inputs.compactMap { input -> (TaskID, String)? in
            machine.jobs[lease.job]?.tasks[input]?.artifact.map { (input, $0.fileName) }
        }
        var assignment = TaskAssignment(
            lease: lease, task: task, sourcePath: context.record.source, fingerprint: context.record.fingerprint,
            timeBase: prepared.plan.videoTimeBase, expectedTimes: context.times(of: task.expectation),
            directory: context.directory, inputs: Dictionary(uniqueKeysWithValues: inputs),
            sourceAddress: prepared.restamping == nil ? context.record.service?.source : nil)
        assignment.sourceBytes = prepared.sourceBytes(of: task)
        return assignment
    }

    /// A result whose file is not there, or is another one than the worker saw, is a failed attempt; what fails for
    /// want of the source is no worker's fault.
    private func checkedOnArrival(_ lease: LeaseToken, _ result: AttemptResult) async -> AttemptResult {
        switch result {
        case .completed(let artifact):
            guard let context = jobs[lease.job] else { return result }
            let path = "\(context.directory)/\(artifact.fileName)"
            if (try? await isUnchanged(artifact, at: path)) == true { return result }
            return .failed(
                AttemptFailure(
                    CoordinatorError(.damagedResult, "\(path) is not what its worker made", isRetryable: true)))
        case .failed(var failure):
            if let fault = await sourceFault(of: lease.job) {
                var explained = AttemptFailure(fault)
                explained.log = failure.log
                return .failed(explained)
            }
            // It changed, or went, on that worker's share alone; it can have it from here.
            if failure.code == Self.workersSourceChanged { failure.isRetryable = true }
            return .failed(failure)
        case .interrupted: return result
        }
    }

    /// What became of the file that a job's tasks read; `nil` when it is as it was planned, or nobody can tell.
    func sourceFault(of job: JobID) async -> CoordinatorError? {
        guard let context = jobs[job], let source = context.prepared?.plan.source else { return nil }
        let name = context.record.service?.source.description ?? source.path
        guard surroundings.files.exists(source.path) else {
            return CoordinatorError(
                .sourceChanged, "\(name) is not there any more: it was removed or renamed while the job was at work",
                advice: "Put it back and retry the job; finished segments are kept.")
        }
        guard let content = try? await surroundings.files.fingerprint(of: source.path), content != source.fingerprint
        else { return nil }
        return CoordinatorError(
            .sourceChanged, "\(name) changed while the job was at work",
            advice: "Start the job again to transcode the new content.")
    }

    /// What a worker says that finds another file, or none, where the source was.
    private static let workersSourceChanged = "worker.source_changed"
}

/// A worker that is there, and the way to it.
struct Connection {
    /// What it said of itself.
    var profile: WorkerProfile
    /// Where its orders go.
    let orders: OrderSink
}

/// Takes orders for a worker, and `nil` when no more follow; never waits.
typealias OrderSink = @Sendable (WorkerOrder?) -> Void

extension WorkerOrder {
    /// Orders as a stream.
    static func stream() -> (AsyncStream<WorkerOrder>, OrderSink) {
        let (stream, continuation) = AsyncStream.makeStream(of: WorkerOrder.self)
        return (stream, { order in if let order { continuation.yield(order) } else { continuation.finish() } })
    }
}

extension SchedulingAction {
    /// Whether it says that a job failed.
    fileprivate var isJobFailure: Bool { if case .emit(.jobFailed) = self { true } else { false } }
}
