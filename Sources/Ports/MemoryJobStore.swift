// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletModel
import Synchronization

/// A `JobStore` that lasts as long as its process: for tests and for jobs that nobody will resume.
package final class MemoryJobStore: JobStore {
    private struct Contents {
        var jobs: [JobID: JobRecord] = [:]
        /// Job names in the order in which they were added.
        var order: [JobID] = []
        var tasks: [JobID: [TaskID: TaskRecord]] = [:]
        var attempts: [JobID: [AttemptRecord]] = [:]

        mutating func update(_ job: JobRecord) -> Int? {
            guard let stored = jobs[job.id], stored.revision == job.revision else { return nil }
            var next = job
            next.revision += 1
            next.createdMilliseconds = stored.createdMilliseconds
            jobs[job.id] = next
            return next.revision
        }

        mutating func insert(_ tasks: [TaskRecord]) {
            for task in tasks where jobs[task.job] != nil {
                let id = task.specification.id
                if self.tasks[task.job]?[id] == nil { self.tasks[task.job, default: [:]][id] = task }
            }
        }

        mutating func update(_ tasks: [TaskRecord]) -> [TaskID] {
            tasks.compactMap { task in
                let id = task.specification.id
                guard var stored = self.tasks[task.job]?[id], stored.epoch <= task.epoch else { return id }
                stored.state = task.state
                stored.epoch = task.epoch
                stored.failures = task.failures
                stored.artifact = task.artifact
                stored.holder = task.holder
                self.tasks[task.job]?[id] = stored
                return nil
            }
        }

        mutating func record(_ attempt: AttemptRecord) {
            guard jobs[attempt.job] != nil else { return }
            let known = attempts[attempt.job]?.firstIndex {
                $0.task == attempt.task && $0.epoch == attempt.epoch
            }
            if let known {
                attempts[attempt.job]?[known] = attempt
            } else {
                attempts[attempt.job, default: []].append(attempt)
            }
        }
    }

    private let contents = Mutex(Contents())

    /// Makes an empty store.
    package init() {}

    package func insert(_ job: JobRecord) async throws -> Bool {
        contents.withLock { contents in
            guard contents.jobs[job.id] == nil else { return false }
            contents.jobs[job.id] = job
            contents.order.append(job.id)
            return true
        }
    }

    package func job(_ id: JobID) async throws -> JobRecord? {
        contents.withLock { $0.jobs[id] }
    }

    package func jobs() async throws -> [JobRecord] {
        contents.withLock { contents in
            let jobs = contents.order.compactMap { contents.jobs[$0] }.enumerated()
            return jobs.sorted { left, right in
                let (time, other) = (left.element.createdMilliseconds, right.element.createdMilliseconds)
                return time == other ? left.offset < right.offset : time < other
            }.map(\.element)
        }
    }

    package func jobs(_ query: JobQuery) async throws -> [JobRecord] {
        contents.withLock { contents in
            let wanted = contents.jobs.values.filter { job in
                guard query.states.isEmpty || query.states.contains(job.state) else { return false }
                return query.after.map { Self.precedes(($0.createdMilliseconds, $0.id), job) } ?? true
            }
            let sorted = wanted.sorted { Self.precedes(($0.createdMilliseconds, $0.id), $1) }
            return sorted.prefix(query.limit).map { job in
                var job = job
                job.plan = nil
                return job
            }
        }
    }

    private static func precedes(_ place: (time: Int64, id: JobID), _ job: JobRecord) -> Bool {
        place.time == job.createdMilliseconds
            ? place.id.text > job.id.text : place.time > job.createdMilliseconds
    }

    package func jobCounts() async throws -> [JobState: Int] {
        contents.withLock { contents in
            contents.jobs.values.reduce(into: [:]) { $0[$1.state, default: 0] += 1 }
        }
    }

    package func taskCounts(of job: JobID) async throws -> [TaskState: Int] {
        try await tasks(of: job).reduce(into: [:]) { $0[$1.state, default: 0] += 1 }
    }

    package func update(_ job: JobRecord) async throws -> Int? {
        contents.withLock { $0.update(job) }
    }

    package func renew(_ job: JobRecord, tasks: [TaskRecord]) async throws -> Int? {
        contents.withLock { contents in
            guard let revision = contents.update(job) else { return nil }
            (contents.tasks[job.id], contents.attempts[job.id]) = (nil, nil)
            contents.insert(tasks)
            return revision
        }
    }

    package func insert(_ tasks: [TaskRecord]) async throws {
        contents.withLock { $0.insert(tasks) }
    }

    package func tasks(of job: JobID) async throws -> [TaskRecord] {
        contents.withLock { contents in
            (contents.tasks[job] ?? [:]).values.sorted { $0.specification.id < $1.specification.id }
        }
    }

    package func update(_ task: TaskRecord) async throws -> Bool {
        try await update([task]).isEmpty
    }

    package func update(_ tasks: [TaskRecord]) async throws -> [TaskID] {
        contents.withLock { $0.update(tasks) }
    }

    package func record(_ attempt: AttemptRecord) async throws {
        contents.withLock { $0.record(attempt) }
    }

    package func apply(_ changes: [TaskChange]) async throws {
        contents.withLock { contents in
            for change in changes {
                switch change {
                case .insert(let tasks): contents.insert(tasks)
                case .update(let tasks): _ = contents.update(tasks)
                case .record(let attempt): contents.record(attempt)
                }
            }
        }
    }

    package func attempts(of job: JobID) async throws -> [AttemptRecord] {
        contents.withLock { $0.attempts[job] ?? [] }
    }

    package func openAttempts(of job: JobID) async throws -> [AttemptRecord] {
        try await attempts(of: job).filter { $0.result == nil }
    }

    package func remove(_ job: JobID) async throws {
        contents.withLock { contents in
            contents.jobs[job] = nil
            contents.order.removeAll { $0 == job }
            contents.tasks[job] = nil
            contents.attempts[job] = nil
        }
    }
}
