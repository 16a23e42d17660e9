// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletModel
import MartletPorts
import Synchronization

/// A clock that stands still until a test moves it.
package final class ManualClock: TimeSource {
    private struct Sleeper {
        var deadline: Moment
        var continuation: CheckedContinuation<Void, any Error>
    }

    private struct Watcher {
        var count: Int
        var continuation: CheckedContinuation<Void, Never>
    }

    private struct Contents {
        var now: Moment
        var wallMilliseconds: Int64
        var nextID = 0
        var sleepers: [Int: Sleeper] = [:]
        var cancelled: Set<Int> = []
        var watchers: [Watcher] = []

        /// The watchers that have seen enough sleepers, taken out.
        mutating func satisfiedWatchers() -> [CheckedContinuation<Void, Never>] {
            let satisfied = watchers.filter { $0.count <= sleepers.count }
            watchers.removeAll { $0.count <= sleepers.count }
            return satisfied.map(\.continuation)
        }
    }

    private let contents: Mutex<Contents>

    /// Makes a clock that reads `now`; the wall clock starts at `wallMilliseconds`.
    package init(now: Moment = Moment(nanoseconds: 0), wallMilliseconds: Int64 = 1_700_000_000_000) {
        contents = Mutex(Contents(now: now, wallMilliseconds: wallMilliseconds))
    }

    package func now() -> Moment { contents.withLock { $0.now } }

    package func wallMilliseconds() -> Int64 { contents.withLock { $0.wallMilliseconds } }

    /// How many calls of `sleep(until:)` wait now.
    package var sleeperCount: Int { contents.withLock { $0.sleepers.count } }

    /// The earliest moment that somebody waits for; `nil` when nobody does.
    package var nextDeadline: Moment? { contents.withLock { $0.sleepers.values.map(\.deadline).min() } }

    /// Moves both clocks on, and wakes whoever waited for it, the earliest first.
    package func advance(by duration: Duration) {
        let woken = contents.withLock { contents in
            contents.now = contents.now + duration
            contents.wallMilliseconds += duration.nanoseconds / 1_000_000
            let due = contents.sleepers.filter { $0.value.deadline <= contents.now }
            for id in due.keys { contents.sleepers[id] = nil }
            return due.sorted { ($0.value.deadline, $0.key) < ($1.value.deadline, $1.key) }.map(\.value.continuation)
        }
        for continuation in woken { continuation.resume() }
    }

    /// Returns when at least `count` calls of `sleep(until:)` wait: the moment to move the clock.
    package func waitForSleepers(_ count: Int = 1) async {
        await withCheckedContinuation { continuation in
            let satisfied = contents.withLock { contents in
                contents.watchers.append(Watcher(count: count, continuation: continuation))
                return contents.satisfiedWatchers()
            }
            for watcher in satisfied { watcher.resume() }
        }
    }

    package func sleep(until deadline: Moment) async throws {
        let id = contents.withLock { contents in
            contents.nextID += 1
            return contents.nextID
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
                let (outcome, satisfied) = contents.withLock { contents in
                    let outcome: Result<Void, any Error>?
                    if contents.cancelled.remove(id) != nil {
                        outcome = .failure(CancellationError())
                    } else if deadline <= contents.now {
                        outcome = .success(())
                    } else {
                        contents.sleepers[id] = Sleeper(deadline: deadline, continuation: continuation)
                        outcome = nil
                    }
                    return (outcome, contents.satisfiedWatchers())
                }
                for watcher in satisfied { watcher.resume() }
                if let outcome { continuation.resume(with: outcome) }
            }
        } onCancel: {
            let sleeper = contents.withLock { contents in
                let sleeper = contents.sleepers.removeValue(forKey: id)
                // Cancelled before it began to wait: it finds its mark then.
                if sleeper == nil { contents.cancelled.insert(id) }
                return sleeper
            }
            sleeper?.continuation.resume(throwing: CancellationError())
        }
    }
}
