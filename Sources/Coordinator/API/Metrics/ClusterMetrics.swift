// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletModel
internal import MartletWire
internal import Synchronization

/// Counts what happens in a cluster, for `/metrics`. Every call takes well under a microsecond.
package final class ClusterMetrics: Sendable {
    /// Which way bytes go, seen from a worker.
    package enum Direction: String, Sendable {
        case up, down
    }

    /// How a try at a task ended.
    package enum AttemptEnd: String, Sendable {
        case completed, failed, interrupted
    }

    private let metrics: Mutex<Metrics>
    private let readers: ReaderCount

    /// Makes a count of nothing.
    ///
    /// - Parameters:
    ///   - version: Martlet's.
    ///   - readers: how many read events.
    package init(version: String, readers: ReaderCount) {
        var metrics = Metrics()
        metrics.set(1, of: .buildInformation, [version])
        // A counter that is not there yet cannot be seen to grow.
        for result in ["completed", "failed", "cancelled"] { metrics.add(0, to: .jobsEnded, [result]) }
        for reason in ["damaged", "stale_lease"] { metrics.add(0, to: .transfersRefused, [reason]) }
        metrics.add(0, to: .jobsSubmitted)
        metrics.add(0, to: .waste)
        self.metrics = Mutex(metrics)
        self.readers = readers
    }

    /// Counts an event.
    package func note(_ event: Event) {
        switch event {
        case .jobSubmitted: metrics.withLock { $0.add(to: .jobsSubmitted) }
        case .jobCompleted: metrics.withLock { $0.add(to: .jobsEnded, ["completed"]) }
        case .jobFailed: metrics.withLock { $0.add(to: .jobsEnded, ["failed"]) }
        case .jobStateChanged(_, .cancelled): metrics.withLock { $0.add(to: .jobsEnded, ["cancelled"]) }
        case .jobStateChanged, .taskStarted, .taskProgress, .taskCompleted, .taskFailed, .taskRetried,
            .workerRegistered, .workerStateChanged, .workerUnregistered, .progress, .warning:
            break
        }
    }

    /// Counts a request.
    package func note(_ record: Router.Record) {
        metrics.withLock {
            $0.add(to: .requests, [Self.known(record.method), record.route, "\(record.status)"])
            $0.observe(record.duration.inSeconds, in: .requestDuration, [record.route])
        }
    }

    /// Counts a try at a task that ended.
    ///
    /// - Parameter isUsed: whether its result is; what was not used was waste.
    package func attemptEnded(_ end: AttemptEnd, encoder: String, after duration: Duration, isUsed: Bool) {
        metrics.withLock {
            $0.add(to: .attempts, [end.rawValue])
            if end == .completed { $0.observe(duration.inSeconds, in: .taskDuration, [encoder]) }
            if !isUsed { $0.add(duration.inSeconds, to: .waste) }
        }
    }

    /// Counts bytes that went between the coordinator and a worker.
    package func transferred(_ bytes: Int64, _ direction: Direction) {
        metrics.withLock { $0.add(Double(bytes), to: .transferred, [direction.rawValue]) }
    }

    /// Counts a part of a result that was not taken.
    ///
    /// - Parameter reason: `damaged` or `stale_lease`.
    package func transferRefused(_ reason: String) { metrics.withLock { $0.add(to: .transfersRefused, [reason]) } }

    /// Counts a task's way to a worker.
    ///
    /// - Parameter duration: since both the task was ready and the worker free.
    package func dispatched(after duration: Duration) {
        metrics.withLock { $0.observe(duration.inSeconds, in: .dispatch) }
    }

    /// Counts a heartbeat.
    ///
    /// - Parameter transport: as in `WorkerView`.
    package func heartbeat(over transport: String) { metrics.withLock { $0.add(to: .heartbeats, [transport]) } }

    /// Counts a callback that came through or was given up.
    func callbackEnded(isDelivered: Bool) {
        metrics.withLock { $0.add(to: .callbacks, [isDelivered ? "delivered" : "given_up"]) }
    }

    /// The text, with how things stand now.
    func text(stats: StatsView, workers: [WorkerView]) -> String {
        metrics.withLock { metrics in
            metrics.set(stats.uptimeS, of: .uptime)
            metrics.set(stats.fps, of: .framesPerSecond)
            metrics.set(Double(readers.value), of: .eventReaders)
            for state in JobState.allCases {
                metrics.set(Double(stats.jobs[state.rawValue] ?? 0), of: .jobs, [state.rawValue])
            }
            for state in TaskState.allCases {
                metrics.set(Double(stats.tasks[state.rawValue] ?? 0), of: .tasks, [state.rawValue])
            }
            let waiting: [TaskState] = [.queued, .retrying]
            metrics.set(Double(waiting.map { stats.tasks[$0.rawValue] ?? 0 }.reduce(0, +)), of: .queueLength)
            metrics.clear(.workers)
            for worker in workers { metrics.add(to: .workers, [worker.state.rawValue, worker.health.rawValue]) }
            return metrics.text(of: MetricFamily.cluster)
        }
    }

    /// Strangers may call a method what they like; that must not make new series.
    private static func known(_ method: String) -> String {
        ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"].contains(method) ? method : "other"
    }
}
