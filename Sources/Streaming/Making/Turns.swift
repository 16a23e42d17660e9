// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

/// Lets so many at a time do something, in the order in which they came.
actor Turns {
    private var free: Int
    private var lastNumber = 0
    private var queue: [(number: Int, continuation: CheckedContinuation<Void, any Error>)] = []

    /// Lets `count` at a time in, at least 1.
    init(count: Int) { free = max(1, count) }

    /// Does something as soon as it is its turn.
    ///
    /// - Throws: `CancellationError` when the calling task is cancelled while it waits; what the work throws.
    func pass<Value: Sendable>(_ work: @Sendable () async throws -> Value) async throws -> Value {
        try await enter()
        defer { leave() }
        return try await work()
    }

    private func enter() async throws {
        try Task.checkCancellation()
        guard free == 0 else {
            free -= 1
            return
        }
        lastNumber += 1
        let number = lastNumber
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                queue.append((number, continuation))
                if Task.isCancelled { giveUp(number) }
            }
        } onCancel: {
            Task { await self.giveUp(number) }
        }
    }

    private func giveUp(_ number: Int) {
        guard let place = queue.firstIndex(where: { $0.number == number }) else { return }
        queue.remove(at: place).continuation.resume(throwing: CancellationError())
    }

    /// The turn goes over to the next one, or is free.
    private func leave() {
        if queue.isEmpty { free += 1 } else { queue.removeFirst().continuation.resume() }
    }
}
