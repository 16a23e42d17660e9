// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import Glibc
import MartletModel
import Synchronization

/// Lets a signal cancel what runs.
final class Interruption: Sendable {
    private struct State {
        var isRequested = false
        var cancel: (@Sendable () -> Void)?
    }

    private let state = Mutex(State())

    /// Whether a signal came.
    var isRequested: Bool { state.withLock(\.isRequested) }

    /// Cancels the work that is guarded, now or as soon as it begins; ends the
    /// process when there is none, since then nothing is lost.
    func request() {
        let cancel = state.withLock { state in
            state.isRequested = true
            return state.cancel
        }
        if let cancel { cancel() } else { _exit(ExitStatus.interrupted.rawValue) }
    }

    /// Runs work in a task that a request cancels.
    ///
    /// - Throws: what the work throws.
    func guarding<Value: Sendable>(_ work: @escaping @Sendable () async throws -> Value) async throws -> Value {
        // Begun under the lock, so that no request falls between its begin and its guard.
        let task = state.withLock { state in
            let task = Task { try await work() }
            state.cancel = { task.cancel() }
            return task
        }
        defer { state.withLock { $0.cancel = nil } }
        return try await task.value
    }
}
