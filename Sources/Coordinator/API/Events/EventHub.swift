// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletModel
package import MartletPorts

/// Keeps the latest events and wakes those who read them.
package actor EventHub {
    /// What a reader is given.
    enum Delivery: Sendable, Equatable {
        /// These; the reader then stands at `position`. Perhaps none, where a filter passes none.
        case entries([EventLog.Entry], position: Int64)
        /// What follows the reader's position is not kept any more.
        case gap(oldest: Int64)
        /// Nothing happened for a while.
        case stillHere
        /// Nothing more will happen.
        case end
    }

    private enum Wake: Sendable {
        case news, stillHere, end
    }

    /// How often readers hear that the connection lives.
    private static let heartbeat: Duration = .seconds(15)

    private var log: EventLog
    private let time: any TimeSource
    private var isOver = false
    private var waiting: [Int: CheckedContinuation<Wake, Never>] = [:]
    private var nextWaiter = 0
    private var tap: @Sendable (Event) -> Void

    /// Makes a hub that keeps nothing yet.
    ///
    /// - Parameters:
    ///   - capacity: how many events are kept for readers who were away.
    ///   - tap: is shown every event, before readers are.
    package init(
        capacity: Int = 10_000, time: any TimeSource, tap: @escaping @Sendable (Event) -> Void = { _ in }
    ) {
        // So ids of an earlier life are never ids of this one: no coordinator makes a thousand events a millisecond. They
        // stay below 2^53, which is as far as numbers of JavaScript are exact.
        log = EventLog(capacity: capacity, firstID: max(1, time.wallMilliseconds() * 1000))
        self.time = time
        self.tap = tap
    }

    /// The time, for what readers are told besides events.
    nonisolated var wallMilliseconds: Int64 { time.wallMilliseconds() }

    /// Takes in events until they end or the task is cancelled; then readers come to their end, too.
    package func run(_ events: AsyncStream<Event>) async {
        let ticker = Task { [time] in
            while (try? await time.sleep(until: time.now() + Self.heartbeat)) != nil { self.wake(.stillHere) }
        }
        for await event in events {
            tap(event)
            if log.append(event, at: time.wallMilliseconds()) { wake(.news) }
        }
        ticker.cancel()
        isOver = true
        wake(.end)
    }

    /// Where a reader stands who wants only what is still to come.
    var newest: Int64 { log.newest }

    /// How far the running tasks of a job are, where that is news to whoever has seen so many reports; and how many
    /// there are by now.
    func tasks(of job: JobID, after seen: Int, asOf position: Int64) -> (entries: [EventLog.Entry], seen: Int) {
        (log.tasks(of: job, after: seen, asOf: position), log.reports)
    }

    /// Waits for what comes after a position.
    func next(after position: Int64, limit: Int = 256, job: JobID?) async -> Delivery {
        while true {
            switch log.read(after: position, limit: limit, job: job) {
            case .gap(let oldest): return .gap(oldest: oldest)
            case .entries(let entries, let reached) where reached > position:
                return .entries(entries, position: reached)
            case .entries: break
            }
            if isOver || Task.isCancelled { return .end }
            switch await wait() {
            case .news: continue
            case .stillHere: return .stillHere
            case .end: continue
            }
        }
    }

    private func wait() async -> Wake {
        nextWaiter += 1
        let waiter = nextWaiter
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                if Task.isCancelled {
                    continuation.resume(returning: .end)
                } else {
                    waiting[waiter] = continuation
                }
            }
        } onCancel: {
            Task { await self.give(up: waiter) }
        }
    }

    private func give(up waiter: Int) { waiting.removeValue(forKey: waiter)?.resume(returning: .end) }

    private func wake(_ wake: Wake) {
        let all = waiting.values
        waiting = [:]
        for continuation in all { continuation.resume(returning: wake) }
    }
}
