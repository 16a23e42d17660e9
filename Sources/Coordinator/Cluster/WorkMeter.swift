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

    private let listener = Mutex<(@Sendable (Figure) -> Void)?>(nil)

    /// Makes a meter that nobody listens to.
    package init() {}

    /// Has every figure from now on told.
    package func connect(_ listener: @escaping @Sendable (Figure) -> Void) { self.listener.withLock { $0 = listener } }

    func tell(_ figure: Figure) { listener.withLock { $0 }?(figure) }
}
