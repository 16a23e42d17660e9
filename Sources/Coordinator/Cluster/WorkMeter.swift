// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletModel
internal import Synchronization

/// Hands figures about the work on to whoever counts them.
package final class WorkMeter: Sendable {
    /// One figure.
    package enum Figure: Sendable {
        /// A task went to its worker, so long after the event that made that possible.
        case dispatched(after: Duration)
        /// A try at a task ended, so long after it began.
        case attemptEnded(AttemptResult, encoder: String, after: Duration)
        /// A worker said that it is alive, over `websocket`, `http` or `local`.
        case heartbeat(String)
    }

    /// A closure alone would be wrapped once more with every look at it through the lock's generic type.
    private struct Listener: Sendable {
        var hear: @Sendable (Figure) -> Void
    }

    private let listener = Mutex<Listener?>(nil)

    /// Makes a meter that nobody listens to.
    package init() {}

    /// Has every figure from now on told.
    package func connect(_ listener: @escaping @Sendable (Figure) -> Void) {
        self.listener.withLock { $0 = Listener(hear: listener) }
    }

    func tell(_ figure: Figure) { listener.withLock { $0 }?.hear(figure) }
}
