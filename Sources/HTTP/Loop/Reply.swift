// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import Synchronization

/// One value that a loop's thread gives to one task that waits for it. The first value counts.
final class Reply<Value: Sendable>: Sendable {
    private struct Contents {
        /// What was given and not taken yet. It is not kept: whoever drops the value must have dropped it for good.
        var result: Result<Value, any Error>?
        var isGiven = false
        var waiter: CheckedContinuation<Value, any Error>?
    }

    private let contents = Mutex(Contents())

    /// Gives the value.
    func give(_ result: Result<Value, any Error>) {
        contents.withLock { contents -> CheckedContinuation<Value, any Error>? in
            guard !contents.isGiven else { return nil }
            contents.isGiven = true
            if contents.waiter == nil { contents.result = result }
            defer { contents.waiter = nil }
            return contents.waiter
        }?.resume(with: result)
    }

    /// Waits for it; to be called once.
    func value() async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            let result = contents.withLock { contents in
                defer { contents.result = nil }
                if contents.result == nil { contents.waiter = continuation }
                return contents.result
            }
            if let result { continuation.resume(with: result) }
        }
    }
}
