// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletModel
import MartletPorts
import MartletWire

/// Looks on until a job of a cluster is over.
struct JobWatch {
    /// Whom to ask.
    var client: ClusterClient
    /// Tells when to ask again.
    var time: any TimeSource
    /// Tells the user.
    var reporter: ProgressReporter

    /// Looks on until the job is over.
    ///
    /// - Returns: the job at its end.
    /// - Throws: what the client or its connection throws; `CancellationError`.
    func watch(_ id: JobID) async throws -> JobView {
        var ended: JobView?
        try await EventFollower(client: client, time: time, job: id).follow { notice in
            switch notice {
            case .connected: ended = try await look(at: id)
            case .disconnected: reporter.warn("The coordinator does not answer; it is tried again. The job goes on.")
            case .happened(let event) where event.job == id:
                reporter.happened(event)
                if let state = event.finalState {
                    ended = try await client.job(id)
                    ended?.state = state
                } else if isNews(event) {
                    ended = try await look(at: id)
                }
            case .happened: break
            }
            return ended == nil
        }
        guard let ended else { throw CancellationError() }
        return ended
    }

    /// Tells how the job stands; returns it when it is over.
    private func look(at id: JobID) async throws -> JobView? {
        let job = try await client.job(id)
        let hasTasks = !job.state.isFinal && job.segments != nil
        reporter.stands(job, tasks: hasTasks ? try await client.tasks(of: id) : [])
        return job.state.isFinal ? job : nil
    }

    /// Whether the job's plan may be known since this event.
    private func isNews(_ event: Event) -> Bool {
        guard reporter.progress.segments.isEmpty else { return false }
        switch event {
        case .jobStateChanged, .taskStarted: return true
        default: return false
        }
    }
}

extension Event {
    /// The state that a job ends in; `nil` for every other event.
    var finalState: JobState? {
        switch self {
        case .jobCompleted: .completed
        case .jobFailed: .failed
        case .jobStateChanged(_, let state) where state.isFinal: state
        default: nil
        }
    }
}
