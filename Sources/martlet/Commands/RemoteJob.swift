// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletModel
import MartletWire

/// A job of a cluster that a command looks on to its end.
struct RemoteJob {
    /// What the command runs with.
    var context: Context
    /// Whom to ask.
    var client: ClusterClient
    /// Tells the user.
    var reporter: ProgressReporter

    /// Prepares to look on.
    init(context: Context, client: ClusterClient) {
        self.context = context
        self.client = client
        reporter = ProgressReporter(
            console: context.console, style: context.reportingStyle, isVerbose: context.settings.isVerbose,
            now: context.elapsed, isRemote: true)
    }

    /// Looks on until the job is over.
    ///
    /// - Parameter final: takes up what the last line says.
    /// - Returns: the job at its end.
    /// - Throws: why it failed; what the client throws; `CancellationError`.
    func watch(_ id: JobID, final: inout FinalLine) async throws -> JobView {
        final.job = id
        let watch = JobWatch(client: client, time: context.network.time, reporter: reporter)
        defer { reporter.finish() }
        let job = try await context.interruption.guarding {
            try await watch.watch(id)
        }
        for warning in job.warnings { reporter.warn(warning) }
        final.frames = job.frames ?? 0
        final.segments = job.segments ?? 0
        final.reusedSegments = job.reusedSegments
        guard job.state == .completed else { throw Refusal.error(of: job) }
        return job
    }

    /// How a command that looked on was ended by an error.
    func ending(_ error: any Error, final: FinalLine) -> Ending {
        reporter.finish()
        var final = final
        final.seconds = context.elapsed().inSeconds
        var failure = Failure(error)
        if context.interruption.isRequested || error is CancellationError {
            failure = Failure(CancellationError())
            if let job = final.job {
                failure.message = "Interrupted; the job \(job) goes on."
                failure.advice = "`martlet watch \(job)` looks on, `martlet cancel \(job)` ends it."
            }
        }
        final.error = failure.line
        return Ending(failure: failure, finalLine: final)
    }
}
