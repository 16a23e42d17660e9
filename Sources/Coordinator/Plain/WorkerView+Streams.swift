// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import MartletModel
internal import MartletScheduling
internal import MartletWire

extension WorkerView {
    /// A worker that streams, as its heartbeats and the decisions about it show it.
    init(_ worker: StreamWorker, state: WorkerState, contact: PlainContact?, running: JobID?, now: Moment) {
        self.init(
            id: worker.id, state: state, health: worker.refusals > 0 ? .degraded : .healthy, slots: 1,
            running: running.map { [.init(job: $0, task: TaskID.stream)] } ?? [],
            hwAccel: worker.report?.hardware ?? [], lastHeardMs: (now - worker.lastHeard).nanoseconds / 1_000_000,
            tasksCompleted: worker.completed, tasksFailed: worker.failed, transport: "http")
        os = contact?.os
        cpuUsage = worker.report?.processors.map { $0 * 100 }
        address = contact?.authority
    }

    /// One machine that encodes films and serves streams.
    ///
    /// - Parameter streaming: the same worker, as it is known for its streams.
    func joined(with streaming: WorkerView) -> WorkerView {
        var view = self
        view.running += streaming.running
        view.address = streaming.address
        view.tasksCompleted += streaming.tasksCompleted
        view.tasksFailed += streaming.tasksFailed
        if view.state == .idle, streaming.state == .processing { view.state = .processing }
        if view.health == .healthy { view.health = streaming.health }
        return view
    }
}
