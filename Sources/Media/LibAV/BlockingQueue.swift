// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import Dispatch

/// Threads for calls that block, so that they never hold up the cooperative pool.
struct BlockingQueue: Sendable {
    private let queue: DispatchQueue

    /// Makes a queue; `label` names its threads.
    init(label: String) {
        queue = DispatchQueue(label: label, attributes: .concurrent)
    }

    /// Runs `work` on a thread of its own and waits for it without blocking.
    func run<Value: Sendable>(_ work: @escaping @Sendable () throws -> Value) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            queue.async { continuation.resume(with: Result { try work() }) }
        }
    }
}
