// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletModel
package import MartletPorts

/// A job store in memory that can be made to wait or to fail before each change.
package final class FaultyStore: JobStore {
    /// What a change is, for the test that looks at it.
    package enum Change: Sendable {
        case insertJob(JobRecord)
        case updateJob(JobRecord)
        case renewJob(JobRecord, [TaskRecord])
        case insertTasks([TaskRecord])
        case updateTasks([TaskRecord])
        case recordAttempt(AttemptRecord)
        /// So many changes in one transaction; each of them follows.
        case together(Int)
        case remove(JobID)
    }

    private let memory: MemoryJobStore
    private let before: @Sendable (Change) async throws -> Void
    private let gone: @Sendable () -> Void

    /// Makes a store.
    ///
    /// - Parameters:
    ///   - memory: what it keeps.
    ///   - gone: called when nobody holds the store any more.
    ///   - before: called ahead of every change; what it throws is thrown instead of it.
    package init(
        _ memory: MemoryJobStore = MemoryJobStore(), gone: @escaping @Sendable () -> Void = {},
        before: @escaping @Sendable (Change) async throws -> Void = { _ in }
    ) {
        self.memory = memory
        self.gone = gone
        self.before = before
    }

    deinit { gone() }

    package func insert(_ job: JobRecord) async throws -> Bool {
        try await before(.insertJob(job))
        return try await memory.insert(job)
    }

    package func jobs(_ query: JobQuery) async throws -> [JobRecord] { try await memory.jobs(query) }

    package func jobCounts() async throws -> [JobState: Int] { try await memory.jobCounts() }

    package func taskCounts(of job: JobID) async throws -> [TaskState: Int] { try await memory.taskCounts(of: job) }

    package func job(_ id: JobID) async throws -> JobRecord? { try await memory.job(id) }

    package func jobs() async throws -> [JobRecord] { try await memory.jobs() }

    package func update(_ job: JobRecord) async throws -> Int? {
        try await before(.updateJob(job))
        return try await memory.update(job)
    }

    package func renew(_ job: JobRecord, tasks: [TaskRecord]) async throws -> Int? {
        try await before(.renewJob(job, tasks))
        return try await memory.renew(job, tasks: tasks)
    }

    package func insert(_ tasks: [TaskRecord]) async throws {
        try await before(.insertTasks(tasks))
        try await memory.insert(tasks)
    }

    package func tasks(of job: JobID) async throws -> [TaskRecord] { try await memory.tasks(of: job) }

    package func update(_ task: TaskRecord) async throws -> Bool {
        try await before(.updateTasks([task]))
        return try await memory.update(task)
    }

    package func update(_ tasks: [TaskRecord]) async throws -> [TaskID] {
        try await before(.updateTasks(tasks))
        return try await memory.update(tasks)
    }

    package func record(_ attempt: AttemptRecord) async throws {
        try await before(.recordAttempt(attempt))
        try await memory.record(attempt)
    }

    package func apply(_ changes: [TaskChange]) async throws {
        try await before(.together(changes.count))
        for change in changes {
            switch change {
            case .insert(let tasks): try await before(.insertTasks(tasks))
            case .update(let tasks): try await before(.updateTasks(tasks))
            case .record(let attempt): try await before(.recordAttempt(attempt))
            }
        }
        try await memory.apply(changes)
    }

    package func attempts(of job: JobID) async throws -> [AttemptRecord] { try await memory.attempts(of: job) }

    package func openAttempts(of job: JobID) async throws -> [AttemptRecord] {
        try await memory.openAttempts(of: job)
    }

    package func remove(_ job: JobID) async throws {
        try await before(.remove(job))
        try await memory.remove(job)
    }
}
