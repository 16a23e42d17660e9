// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import Synchronization

/// Tells work on another thread that nobody waits for it any more.
final class StopFlag: Sendable {
    private let isRaised = Atomic(false)

    /// Asks the work to stop.
    func raise() { isRaised.store(true, ordering: .relaxed) }

    /// Throws `CancellationError` once the flag was raised.
    func check() throws {
        if isRaised.load(ordering: .relaxed) { throw CancellationError() }
    }
}

/// Runs calls that block (libav, big files) on a thread of their own, and tells
/// them when the calling task is cancelled.
///
/// - Parameters:
///   - name: the queue's name in a debugger.
///   - body: the work; it must look at the flag often, and throw when it is raised.
func blocking<Value: Sendable>(
    _ name: String, _ body: @escaping @Sendable (StopFlag) throws -> Value
) async throws -> Value {
    let flag = StopFlag()
    return try await withTaskCancellationHandler {
        try await BlockingQueue(label: name).run { try body(flag) }
    } onCancel: {
        flag.raise()
    }
}
