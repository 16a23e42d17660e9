// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletModel
import MartletPorts
import MartletScheduling

/// Software in the place of hardware that failed at work.
extension Coordinator {
    /// Plans a job's picture anew in software, and keeps the plan.
    ///
    /// - Throws: what the store throws.
    func keepSoftwarePlan(of job: JobID, because reason: String) async throws {
        guard let context = jobs[job], let prepared = context.prepared else { return }
        let next: PreparedJob
        do { next = try surroundings.preparation.inSoftware(prepared, because: reason) } catch {
            let message = "\(reason); and software cannot take over: \(Self.reason(error).message)"
            jobs[job]?.failure = CoordinatorError(
                .taskFailed, message, advice: (error as? any CodedError)?.advice)
            return
        }
        let news = next.plan.warnings.filter { !prepared.plan.warnings.contains($0) }
        var record = context.record
        record.plan = next.plan
        record.service?.warnings += news
        try await keep(record)
        jobs[job]?.prepared = next
        jobs[job]?.news = news
        jobs[job]?.reused = 0
        try await removeSuperseded(of: job, by: next)
    }

    /// Goes on with a plan in software that was kept; fails the job when there is none.
    func replanned(_ job: JobID) {
        guard !isClosed, let context = jobs[job], let prepared = context.prepared else { return }
        guard prepared.plan.abandonedEncoder != nil else {
            let (code, message) = Self.reason(context.failure ?? CancellationError())
            enqueue(machine.planningFailed(job, code: code, message: message, now: surroundings.time.now()))
            return
        }
        for warning in context.news { emit(.warning(job, warning)) }
        jobs[job]?.news = []
        planNextStage(of: job)
    }

    /// Removes the files of tasks that another plan took the place of; their records stay.
    private func removeSuperseded(of job: JobID, by prepared: PreparedJob) async throws {
        let superseded = Set(
            try await surroundings.store.tasks(of: job).map(\.specification).filter { !prepared.holds($0) }.map(
                \.id.text))
        let directory = directory(of: job)
        for name in (try? surroundings.files.list(directory)) ?? [] {
            // TASK.EPOCH.SUFFIX, or .TASK.EPOCH.SUFFIX.upload while it arrives.
            guard let task = name.split(separator: ".").first, superseded.contains(String(task)) else { continue }
            try? surroundings.files.remove("\(directory)/\(name)")
        }
    }
}
