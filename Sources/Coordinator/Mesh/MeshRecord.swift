// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import MartletModel
internal import MartletWire

/// A stream that several workers make, as it is kept.
package struct MeshRecord: Codable, Sendable {
    /// Its name.
    var id: JobID
    /// What the user asked for.
    var submission: JobSubmission
    /// The source.
    var source: MediaAddress
    /// In milliseconds since 1970.
    var createdMs: Int64
    /// When it was ended, in milliseconds since 1970; `nil` while it can be watched.
    var endedMs: Int64?
    /// Why it ended; `nil` when it did not, or was cancelled.
    var failure: ProblemView?

    /// The job, as the API shows it.
    ///
    /// - Parameter hasWorkers: whether anybody makes it.
    func view(hasWorkers: Bool) -> JobView {
        let state: JobState =
            failure != nil ? .failed : endedMs != nil ? .cancelled : hasWorkers ? .processing : .waitingForWorkers
        var view = JobView(
            id: id, name: submission.name(for: source), source: source.description, output: submission.output,
            state: state,
            priority: submission.priority ?? Priority.normal.name, createdMs: createdMs)
        view.finishedMs = endedMs
        view.error = failure
        if state == .waitingForWorkers {
            view.error = ProblemView(
                code: "scheduling.no_worker", message: "no worker is there that makes parts of streams",
                advice: "`martlet work` does, on its --http-port.")
        }
        return view
    }
}
