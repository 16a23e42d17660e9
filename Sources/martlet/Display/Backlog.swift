// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import Dispatch
import Synchronization

/// What is still to be written to a descriptor, by a thread of its own.
///
/// A pipe that nobody reads, and a terminal that is held, block who writes; a server has to go on.
final class Backlog: Sendable {
    private struct State {
        /// The bytes that wait.
        var bytes = 0
        /// The texts that were left out since the last that was taken.
        var lost = 0
        /// Why the descriptor took no more.
        var failure: Int32?
    }

    private let limit: Int
    private let write: @Sendable (String) -> Int32?
    private let tellLoss: @Sendable (Int) -> Void
    private let queue = DispatchQueue(label: "martlet.backlog")
    private let state = Mutex(State())

    /// Begins empty.
    ///
    /// - Parameters:
    ///   - limit: how many bytes may wait; texts beyond are left out.
    ///   - write: writes a text, and may block; returns the error number when that does not work.
    ///   - tellLoss: tells how many texts were left out, before the next one is written.
    init(limit: Int, write: @escaping @Sendable (String) -> Int32?, tellLoss: @escaping @Sendable (Int) -> Void) {
        self.limit = limit
        self.write = write
        self.tellLoss = tellLoss
    }

    /// Why the descriptor took no more, as an error number; `nil` while it does.
    var failure: Int32? { state.withLock(\.failure) }

    /// Writes a text when it is its turn, and returns at once.
    func add(_ text: String) {
        let size = text.utf8.count
        let lost: Int? = state.withLock { state in
            guard state.bytes == 0 || state.bytes + size <= limit else {
                state.lost += 1
                return nil
            }
            state.bytes += size
            defer { state.lost = 0 }
            return state.lost
        }
        guard let lost else { return }
        queue.async { [self] in
            if lost > 0 { tellLoss(lost) }
            let error = failure == nil ? write(text) : nil
            state.withLock { state in
                state.bytes -= size
                state.failure = state.failure ?? error
            }
        }
    }

    /// Waits until all is written, though not for ever; says whether it is.
    func finish(within seconds: Int) -> Bool {
        let end = DispatchSemaphore(value: 0)
        queue.async { end.signal() }
        return end.wait(timeout: .now() + .seconds(seconds)) == .success
    }
}
