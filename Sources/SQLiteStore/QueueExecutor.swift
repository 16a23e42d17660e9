// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import Dispatch

/// Runs an actor's work on a queue of its own, so that waiting for the disk
/// holds up no thread of the cooperative pool.
final class QueueExecutor: SerialExecutor {
    private let queue: DispatchQueue

    init(label: String) { queue = DispatchQueue(label: label) }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        queue.async { job.runSynchronously(on: self.asUnownedSerialExecutor()) }
    }

    /// Calls `body` on the queue whenever somebody writes to the file, until the watch is dropped.
    ///
    /// - Throws: `StoreError`: `failed`, where the system watches no more files.
    func watch(_ path: String, _ body: @escaping @Sendable () -> Void) throws -> FileWatch {
        try FileWatch(path, on: queue, body)
    }

    /// Runs `body` on the queue, for what must happen before there is an actor.
    func run<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
        try await withCheckedThrowingContinuation { continuation in
            queue.async { continuation.resume(with: Swift.Result { try body() }) }
        }
    }
}
