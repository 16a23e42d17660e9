// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import Synchronization

/// A test waited in vain.
package struct WaitedInVain: Error, CustomStringConvertible {
    /// What it waited for.
    package let subject: String

    /// Makes the error.
    package init(subject: String) { self.subject = subject }

    package var description: String { "waited in vain for \(subject)" }
}

/// Waits for the end of `work`, but not for ever; work that is late is left behind.
///
/// - Parameters:
///   - subject: what is waited for, in words.
///   - limit: how long at most, by the real clock.
/// - Throws: `WaitedInVain`, or what the work throws.
package func waiting<Value: Sendable>(
    for subject: String, atMost limit: Duration = .seconds(240), _ work: @escaping @Sendable () async throws -> Value
) async throws -> Value {
    let answer = Answer<Value>()
    let working = Task {
        do { answer.give(.success(try await work())) } catch { answer.give(.failure(error)) }
    }
    let timing = Task {
        try await Task.sleep(for: limit)
        answer.give(.failure(WaitedInVain(subject: subject)))
    }
    defer {
        working.cancel()
        timing.cancel()
    }
    return try await answer.value()
}

/// The first answer counts, and comes once.
private final class Answer<Value: Sendable>: Sendable {
    private struct Contents {
        var result: Result<Value, any Error>?
        var continuation: CheckedContinuation<Value, any Error>?
    }

    private let contents = Mutex(Contents())

    func give(_ result: Result<Value, any Error>) {
        let continuation = contents.withLock { contents in
            guard contents.result == nil else { return nil as CheckedContinuation<Value, any Error>? }
            contents.result = result
            return contents.continuation
        }
        continuation?.resume(with: result)
    }

    func value() async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            let result = contents.withLock { contents in
                contents.continuation = continuation
                return contents.result
            }
            if let result { continuation.resume(with: result) }
        }
    }
}
