// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletModel
import MartletPorts
import Synchronization

/// The workers that are known, what they can, and how they do.
///
/// A worker whose connection broke, or that fell silent, is known and not present: it may come back. It also is the
/// catalog of encoders that jobs are planned for: that of the ffmpeg build with the most slots among those present,
/// since segments of one film must come from equal encoders.
final class WorkerRoster: EncoderCatalog {
    /// What is known of one worker.
    struct Entry: Sendable {
        var profile: WorkerProfile
        var build: EncoderBuild
        var instance: String
        var transport: String
        /// Whether it can be reckoned with.
        var isPresent = true
        var load: WorkerLoad?
        var completed = 0
        var failed = 0

        /// Whether it works in the coordinator's own process, without a connection.
        var isLocal: Bool { transport == ServiceDispatch.transport }
    }

    private struct Contents {
        var entries: [WorkerID: Entry] = [:]
        var waiters: [Int: CheckedContinuation<Void, any Error>] = [:]
        var nextWaiter = 0

        /// The workers that can be reckoned with.
        var present: [Entry] { entries.values.filter(\.isPresent) }
    }

    private let contents = Mutex(Contents())
    private let required: Int

    /// Makes an empty roster.
    ///
    /// - Parameter required: how many workers must be there before a job is planned.
    init(required: Int) { self.required = max(required, 1) }

    /// All entries, by name.
    var entries: [WorkerID: Entry] { contents.withLock { $0.entries } }

    /// How many workers can be reckoned with.
    var presentCount: Int { contents.withLock { $0.present.count } }

    /// A worker joined, or came back over another connection.
    func joined(_ entry: Entry) {
        change { contents in
            var entry = entry
            if let known = contents.entries[entry.profile.id] {
                (entry.completed, entry.failed) = (known.completed, known.failed)
            }
            // Most workers have one and the same ffmpeg, and what is known of it is long: it is held once.
            let like = contents.entries.values.first { $0.build.digest == entry.build.digest }
            if let like, like.build == entry.build { entry.build = like.build }
            contents.entries[entry.profile.id] = entry
        }
    }

    /// A worker cannot be reckoned with for now.
    func lost(_ worker: WorkerID) { change { $0.entries[worker]?.isPresent = false } }

    /// A worker is there again that was lost.
    func returned(_ worker: WorkerID) { change { $0.entries[worker]?.isPresent = true } }

    /// Nobody can be reckoned with until they join again.
    func allLost() {
        change { contents in
            for worker in contents.entries.keys { contents.entries[worker]?.isPresent = false }
        }
    }

    /// Changes the contents, and lets those go on who waited for enough workers.
    private func change(_ body: (inout Contents) -> Void) {
        let waiters = contents.withLock { contents -> [CheckedContinuation<Void, any Error>] in
            body(&contents)
            guard !contents.waiters.isEmpty, contents.present.count >= required else { return [] }
            defer { contents.waiters = [:] }
            return Array(contents.waiters.values)
        }
        for waiter in waiters { waiter.resume() }
    }

    /// A worker is gone for good.
    func left(_ worker: WorkerID) { contents.withLock { $0.entries[worker] = nil } }

    /// A worker said how busy it is.
    func heard(_ worker: WorkerID, load: WorkerLoad) { contents.withLock { $0.entries[worker]?.load = load } }

    /// A worker knows how fast it is; `nil` when it could not find out.
    func measured(_ worker: WorkerID, speed: Double?) {
        contents.withLock { $0.entries[worker]?.profile.speed = speed }
    }

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
    var isReady: Bool { presentCount >= required }

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
                    if Task.isCancelled || contents.present.count >= required { return true }
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
        contents.withLock { $0.present.contains { $0.build.digest == build.digest } }
    }

    // MARK: The catalog

    func build() async throws -> EncoderBuild {
        while true {
            try await ready()
            let present = contents.withLock { $0.present }
            var slots: [String: Int] = [:]
            for entry in present { slots[entry.build.digest, default: 0] += entry.profile.slots }
            let best = slots.max { left, right in
                left.value == right.value ? left.key > right.key : left.value < right.value
            }
            // They may have gone again meanwhile.
            if let entry = present.first(where: { $0.build.digest == best?.key }) { return entry.build }
        }
    }

    func failure(of encoder: String) async -> String? {
        guard let build = try? await build() else { return "no worker is there" }
        let able = contents.withLock { $0.present }.contains {
            $0.build.digest == build.digest && ($0.profile.encoders.isEmpty || $0.profile.encoders.contains(encoder))
        }
        return able ? nil : "no worker can encode with it"
    }
}
