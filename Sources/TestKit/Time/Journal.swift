// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import Synchronization

/// What happened, in order, for tests that wait for it.
package final class Journal<Entry: Sendable>: Sendable {
    private struct Watcher {
        let isEnough: @Sendable ([Entry]) -> Bool
        let continuation: CheckedContinuation<[Entry], Never>
    }

    private struct Contents {
        var entries: [Entry] = []
        var watchers: [Watcher] = []
    }

    private let contents = Mutex(Contents())

    /// Makes an empty journal.
    package init() {}

    /// Everything so far.
    package var entries: [Entry] { contents.withLock { $0.entries } }

    /// Adds an entry, and wakes those whom it satisfies.
    package func note(_ entry: Entry) {
        let (entries, woken) = contents.withLock { contents in
            contents.entries.append(entry)
            let entries = contents.entries
            let woken = contents.watchers.filter { $0.isEnough(entries) }
            contents.watchers.removeAll { $0.isEnough(entries) }
            return (entries, woken)
        }
        for watcher in woken { watcher.continuation.resume(returning: entries) }
    }

    /// Waits until the entries are enough, at most a minute; returns all of them.
    ///
    /// - Parameter subject: what is waited for, in words.
    /// - Throws: `WaitedInVain`.
    @discardableResult
    package func wait(
        for subject: String, until isEnough: @escaping @Sendable ([Entry]) -> Bool
    ) async throws -> [Entry] {
        try await waiting(for: subject) { await self.reached(isEnough) }
    }

    /// Waits for the entry with this number, from 0.
    ///
    /// - Throws: `WaitedInVain`.
    package func entry(_ number: Int, _ subject: String) async throws -> Entry {
        try await wait(for: "\(subject) \(number)") { $0.count > number }[number]
    }

    private func reached(_ isEnough: @escaping @Sendable ([Entry]) -> Bool) async -> [Entry] {
        await withCheckedContinuation { continuation in
            let entries = contents.withLock { contents in
                if isEnough(contents.entries) { return contents.entries as [Entry]? }
                contents.watchers.append(Watcher(isEnough: isEnough, continuation: continuation))
                return nil
            }
            if let entries { continuation.resume(returning: entries) }
        }
    }
}
