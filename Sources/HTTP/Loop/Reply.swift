// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import Synchronization

/// One value that a loop's thread gives to one task that waits for it. The first value counts.
final class Reply<Value: Sendable>: Sendable {
    private struct Contents {
        var result: Result<Value, any Error>?
        var waiter: CheckedContinuation<Value, any Error>?
    }

    private let contents = Mutex(Contents())

    /// Gives the value.
    func give(_ result: Result<Value, any Error>) {
        contents.withLock { contents -> CheckedContinuation<Value, any Error>? in
            guard contents.result == nil else { return nil }
            contents.result = result
            defer { contents.waiter = nil }
            return contents.waiter
        }?.resume(with: result)
    }

    /// Waits for it.
    func value() async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            let result = contents.withLock { contents in
                if contents.result == nil { contents.waiter = continuation }
                return contents.result
            }
            if let result { continuation.resume(with: result) }
        }
    }
}
