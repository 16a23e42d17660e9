// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletModel
package import MartletPorts
internal import MartletScheduling

/// The workers' side.
extension Coordinator: TaskDispatch {
    package func register(_ worker: WorkerProfile) async throws -> AsyncStream<WorkerOrder> {
        let (stream, continuation) = AsyncStream.makeStream(of: WorkerOrder.self)
        orders[worker.id]?.finish()
        orders[worker.id] = continuation
        await enqueue(machine.workerRegistered(worker, now: surroundings.time.now())).value
        return stream
    }

    package func heartbeat(_ worker: WorkerID, holding leases: [LeaseToken]) async throws -> [LeaseToken] {
        let actions = machine.heartbeat(worker, holding: leases, now: surroundings.time.now())
        enqueue(actions)
        return actions.compactMap(\.refusedLease)
    }

    package func report(_ lease: LeaseToken, progress: RunProgress) async {
        let actions = machine.taskProgressed(
            lease, frames: progress.frames, outputMicroseconds: progress.outputMicroseconds,
            now: surroundings.time.now())
        enqueue(actions)
    }

    /// Takes a result: the file is looked at again before the task counts as done.
    package func finish(_ lease: LeaseToken, result: AttemptResult) async throws -> Bool {
        let result = await checkedOnArrival(lease, result)
        if case .failed(let failure) = result { jobs[lease.job]?.failure = failure }
        var generator = SystemRandomNumberGenerator()
        let actions = machine.taskFinished(
            lease, result: result, now: surroundings.time.now(), using: &generator)
        await enqueue(actions).value
        return !actions.contains { $0.refusedLease == lease }
    }

    package func unregister(_ worker: WorkerID) async {
        orders[worker]?.finish()
        orders[worker] = nil
        await enqueue(machine.workerLost(worker, now: surroundings.time.now())).value
    }

    /// Hands a task to its worker.
    func assign(_ lease: LeaseToken, _ task: TaskSpecification) {
        guard let context = jobs[lease.job] else { return }
        let inputs = task.inputs.compactMap { input -> (TaskID, String)? in
            machine.jobs[lease.job]?.tasks[input]?.artifact.map { (input, $0.fileName) }
        }
        orders[lease.worker]?.yield(
            .run(
                TaskAssignment(
                    lease: lease, task: task, sourcePath: context.record.source,
                    fingerprint: context.record.fingerprint, timeBase: context.prepared.plan.videoTimeBase,
                    expectedTimes: context.times(of: task.expectation), directory: context.directory,
                    inputs: Dictionary(uniqueKeysWithValues: inputs))))
    }

    /// A result whose file is not there, or is another one than the worker saw, is a failed attempt.
    private func checkedOnArrival(_ lease: LeaseToken, _ result: AttemptResult) async -> AttemptResult {
        guard case .completed(let artifact) = result, let context = jobs[lease.job] else { return result }
        let path = "\(context.directory)/\(artifact.fileName)"
        do {
            guard try surroundings.files.size(of: path) == artifact.size,
                try await surroundings.files.digest(of: path) == artifact.digest
            else { throw CoordinatorError(.damagedResult, "\(path) is not what its worker made", isRetryable: true) }
            return result
        } catch {
            return .failed(AttemptFailure(error))
        }
    }
}
