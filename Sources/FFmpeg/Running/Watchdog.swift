// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import MartletModel
internal import MartletPorts
internal import Synchronization

/// Watches that a run gets on.
final class Watchdog: Sendable {
    private struct State {
        var grownAt: Moment
        var allowance: Duration
        var frames = 0
        var microseconds: Int64 = 0
        var size: Int64 = 0
        var latest = RunProgress()
    }

    private let limit: Duration
    private let time: any TimeSource
    private let state: Mutex<State>

    /// Starts to watch now.
    ///
    /// - Parameter allowance: added to the limit until something has grown.
    init(limit: Duration, allowance: Duration = .zero, time: any TimeSource) {
        self.limit = limit
        self.time = time
        state = Mutex(State(grownAt: time.now(), allowance: allowance))
    }

    /// The latest report.
    var latest: RunProgress { state.withLock(\.latest) }

    /// Takes a report: a run with a picture gets on by frames, any other by time or size.
    func note(_ progress: RunProgress) {
        let now = time.now()
        state.withLock { state in
            state.latest = progress
            var hasGrown = false
            if let frames = progress.frames {
                hasGrown = frames > state.frames
                state.frames = frames
            } else {
                let (microseconds, size) = (progress.outputMicroseconds ?? 0, progress.size?.bytes ?? 0)
                hasGrown = microseconds > state.microseconds || size > state.size
                state.microseconds = max(state.microseconds, microseconds)
                state.size = max(state.size, size)
            }
            if hasGrown { (state.grownAt, state.allowance) = (now, .zero) }
        }
    }

    /// Returns when nothing has grown for the limit.
    ///
    /// - Throws: `CancellationError` when the calling task is cancelled.
    func waitForStall() async throws {
        while true {
            let deadline = state.withLock { $0.grownAt + $0.allowance } + limit
            let late = time.now() - deadline
            if late > .seconds(5) {
                // This process itself stood still, so it has not seen what the child did meanwhile.
                state.withLock { $0.grownAt = time.now() }
            } else if late >= .zero {
                return
            } else {
                try await time.sleep(until: deadline)
            }
        }
    }
}
