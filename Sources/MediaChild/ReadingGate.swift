// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

/// Lets only so many in at once, in the order of arrival.
actor ReadingGate {
    private var free: Int
    private var waiting: [CheckedContinuation<Void, Never>] = []

    /// Makes a gate with this many places, at least 1.
    init(places: Int) { free = max(1, places) }

    /// Waits for a place, uses it, and gives it back.
    ///
    /// - Throws: what the work throws; `CancellationError` when nobody wanted the work any more once it was its turn.
    nonisolated func pass<Value: Sendable>(_ work: @Sendable () async throws -> Value) async throws -> Value {
        await enter()
        do {
            try Task.checkCancellation()
            let value = try await work()
            await leave()
            return value
        } catch {
            await leave()
            throw error
        }
    }

    private func enter() async {
        guard free == 0 else {
            free -= 1
            return
        }
        await withCheckedContinuation { waiting.append($0) }
    }

    private func leave() {
        if waiting.isEmpty { free += 1 } else { waiting.removeFirst().resume() }
    }
}
