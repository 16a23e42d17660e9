// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletModel
import MartletPorts
import Synchronization

/// The workers that are there, what they can, and how they do.
///
/// It also is the catalog of encoders that jobs are planned for: that of the ffmpeg build with the most slots, since
/// segments of one film must come from equal encoders.
final class WorkerRoster: EncoderCatalog {
    /// What is known of one worker.
    struct Entry: Sendable {
        var profile: WorkerProfile
        var build: EncoderBuild
        var instance: String
        var transport: String
        var load: WorkerLoad?
        var completed = 0
        var failed = 0
    }

    private struct Contents {
        var entries: [WorkerID: Entry] = [:]
        var waiters: [Int: CheckedContinuation<Void, any Error>] = [:]
        var nextWaiter = 0
    }

    private let contents = Mutex(Contents())
    private let required: Int

    /// Makes an empty roster.
    ///
    /// - Parameter required: how many workers must be there before a job is planned.
    init(required: Int) { self.required = max(required, 1) }

    /// All entries, by name.
    var entries: [WorkerID: Entry] { contents.withLock { $0.entries } }

    /// A worker joined, or came back.
    func joined(_ entry: Entry) {
        let waiters = contents.withLock { contents -> [CheckedContinuation<Void, any Error>] in
            var entry = entry
            if let known = contents.entries[entry.profile.id] {
                (entry.completed, entry.failed) = (known.completed, known.failed)
            }
            contents.entries[entry.profile.id] = entry
            guard contents.entries.count >= required else { return [] }
            defer { contents.waiters = [:] }
            return Array(contents.waiters.values)
        }
        for waiter in waiters { waiter.resume() }
    }

    /// A worker is gone.
    func left(_ worker: WorkerID) { contents.withLock { $0.entries[worker] = nil } }

    /// A worker said how busy it is.
    func heard(_ worker: WorkerID, load: WorkerLoad) { contents.withLock { $0.entries[worker]?.load = load } }

    /// A worker's attempt ended.
    func ended(_ worker: WorkerID, _ result: AttemptResult) {
        contents.withLock { contents in
            switch result {
            case .completed: contents.entries[worker]?.completed += 1
            case .failed: contents.entries[worker]?.failed += 1
            case .interrupted: break
            }
        }
    }

    /// Whether enough workers are there to plan for.
    var isReady: Bool { contents.withLock { $0.entries.count >= required } }

    /// Waits until enough workers are there.
    ///
    /// - Throws: `CancellationError`.
    func ready() async throws {
        let number = contents.withLock { contents -> Int in
            contents.nextWaiter += 1
            return contents.nextWaiter
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let isDecided = contents.withLock { contents -> Bool in
                    if Task.isCancelled || contents.entries.count >= required { return true }
                    contents.waiters[number] = continuation
                    return false
                }
                if isDecided { continuation.resume() }
            }
            try Task.checkCancellation()
        } onCancel: {
            contents.withLock { $0.waiters.removeValue(forKey: number) }?.resume(throwing: CancellationError())
        }
    }

    /// Whether a worker with this build is there.
    func has(_ build: EncoderBuild) -> Bool {
        contents.withLock { $0.entries.values.contains { $0.build.digest == build.digest } }
    }

    // MARK: The catalog

    func build() async throws -> EncoderBuild {
        try await ready()
        let entries = self.entries.values
        var slots: [String: Int] = [:]
        for entry in entries { slots[entry.build.digest, default: 0] += entry.profile.slots }
        let best = slots.max { left, right in
            left.value == right.value ? left.key > right.key : left.value < right.value
        }
        guard let entry = entries.first(where: { $0.build.digest == best?.key }) else { throw CancellationError() }
        return entry.build
    }

    func failure(of encoder: String) async -> String? {
        guard let build = try? await build() else { return "no worker is there" }
        let able = entries.values.contains {
            $0.build.digest == build.digest && ($0.profile.encoders.isEmpty || $0.profile.encoders.contains(encoder))
        }
        return able ? nil : "no worker can encode with it"
    }
}
