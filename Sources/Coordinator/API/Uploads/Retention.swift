// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import MartletModel
internal import MartletPorts
internal import MartletWire

/// Removes what users sent and what jobs left behind, when its time is over.
///
/// It sleeps until the next thing's time is over, and a day at most, which is less than anything that comes meanwhile is
/// kept for. What the disk says is what counts, so nothing is forgotten over a restart.
struct Retention: Sendable {
    /// How long things are kept.
    struct Periods: Sendable {
        /// Unfinished uploads, from the last byte on, default a day.
        var unfinished: Duration = .seconds(86_400)
        /// Finished uploads and the work of jobs that ended, from the end of the last job that needed them on, or from when
        /// they came; default seven days.
        var finished: Duration = .seconds(7 * 86_400)
    }

    var periods = Periods()
    /// Users' files; `nil` where there are none.
    let uploads: SourceUploads?
    /// Where jobs have what they make, one directory each; `nil` leaves that alone.
    let jobsDirectory: String?
    let control: any ClusterControl
    let files: any FileStore
    let time: any TimeSource

    /// Works until the calling task is cancelled.
    func run() async {
        while !Task.isCancelled {
            let rest = await sweep()
            guard (try? await time.sleep(until: time.now() + .milliseconds(rest))) != nil else { return }
        }
    }

    /// Removes what is due; returns in how many milliseconds something may be due again.
    private func sweep() async -> Int64 {
        let now = time.wallMilliseconds()
        var deadlines: [Int64] = [now + periods.unfinished.milliseconds]
        deadlines += await sweepUploads(now: now)
        deadlines += await sweepJobs(now: now)
        return max((deadlines.min() ?? now) - now, 1)
    }

    /// The times at which uploads that stay may be due.
    private func sweepUploads(now: Int64) async -> [Int64] {
        guard let uploads else { return [] }
        var uses: [String: Int64]?
        var deadlines: [Int64] = []
        for upload in await uploads.all() {
            var deadline =
                upload.changedMs + (upload.isFinished ? periods.finished : periods.unfinished).milliseconds
            if upload.isFinished, deadline <= now {
                // Where jobs cannot be asked for, nothing goes.
                if uses == nil { uses = try? await lastUses(now: now) }
                guard let uses else { return [] }
                deadline = max(deadline, (uses[upload.address] ?? 0) + periods.finished.milliseconds)
            }
            if deadline <= now { await uploads.discard(upload) } else { deadlines.append(deadline) }
        }
        return deadlines
    }

    /// When the last job that reads or writes a file ended, by its address; `now` for jobs that are not over.
    private func lastUses(now: Int64) async throws -> [String: Int64] {
        var uses: [String: Int64] = [:]
        var cursor: String?
        repeat {
            let page = try await control.jobs(state: nil, limit: 1000, cursor: cursor)
            for job in page.jobs {
                let end = job.state.isFinal ? job.finishedMs ?? job.createdMs : now
                for address in [job.source, job.output] { uses[address] = max(uses[address] ?? 0, end) }
            }
            cursor = page.jobs.isEmpty ? nil : page.nextCursor
        } while cursor != nil
        return uses
    }

    /// The times at which the work of jobs that ended, and stays, may be due.
    private func sweepJobs(now: Int64) async -> [Int64] {
        guard let jobsDirectory else { return [] }
        var deadlines: [Int64] = []
        for name in (try? files.list(jobsDirectory)) ?? [] {
            // Beside a job's directory may lie a copy of its source, under the same name with a suffix.
            let id = JobID(String(name.prefix { $0 != "." }))
            guard let job = try? await control.job(id), job.state.isFinal, let end = job.finishedMs else { continue }
            let deadline = end + periods.finished.milliseconds
            if deadline <= now { try? files.remove("\(jobsDirectory)/\(name)") } else { deadlines.append(deadline) }
        }
        return deadlines
    }
}

extension Duration {
    fileprivate var milliseconds: Int64 { nanoseconds / 1_000_000 }
}
