// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import MartletModel
internal import MartletScheduling
internal import MartletWire

/// A stream as it is kept: what was asked for, and how far it is.
package struct StreamRecord: Codable, Sendable {
    /// What the user asked for.
    var submission: JobSubmission
    /// The source.
    var source: MediaAddress
    /// Where the stream stands.
    var stream: StreamJob
    /// In milliseconds since 1970.
    var createdMs: Int64
    /// In milliseconds since 1970; `nil` until it is over.
    var finishedMs: Int64?
    /// Where it is served; `nil` while nobody said so.
    var url: String?
    /// Frames a second, as the worker said last.
    var fps: Double?

    /// What a worker is sent.
    func assignment(from begin: Duration) -> PlainAssignment {
        PlainAssignment(
            jobID: stream.id, sourcePath: source.pathBelowRoots, resolution: submission.params?.resolution,
            bitrate: submission.params?.bitrate, startTime: begin.inSeconds,
            isMeshMode: submission.isMeshMode ?? false)
    }

    /// The state by the names of all jobs.
    var state: JobState {
        switch stream.phase {
        case .waiting: .waitingForWorkers
        case .offered: .queued
        case .streaming: .processing
        case .completed: .completed
        case .failed: .failed
        case .cancelled: .cancelled
        }
    }

    /// The job, as the API shows it.
    var view: JobView {
        var view = JobView(
            id: stream.id, name: submission.name(for: source), source: source.description, output: submission.output,
            state: state,
            priority: stream.priority.name, createdMs: createdMs)
        view.progress = stream.progress
        view.callbackURL = submission.callbackURL
        view.streamURL = url
        view.finishedMs = finishedMs
        if state == .processing {
            view.stage = .encoding
            view.fps = fps
        }
        switch stream.phase {
        case .failed(let reason): view.error = ProblemView(CoordinatorError(.taskFailed, reason))
        case .waiting:
            view.error = ProblemView(
                code: "scheduling.no_worker",
                message: (stream.setback.map { $0 + "; " } ?? "") + "no worker is free that serves streams",
                advice: "`martlet work` serves them on its --http-port.")
        case .offered, .streaming, .completed, .cancelled: break
        }
        return view
    }
}
