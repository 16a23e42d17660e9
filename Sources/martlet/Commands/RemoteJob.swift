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
        let job = try await context.interruption.guarding { try await watch.watch(id) }
        for warning in job.warnings { reporter.warn(warning) }
        final.take(job)
        guard job.state == .completed else { throw Refusal.error(of: job) }
        return job
    }
}

extension Context {
    /// How a command that looked on was ended by an error.
    ///
    /// - Parameter canBeTakenUp: whether the same command goes on where this one stops.
    func ending(_ error: any Error, final: FinalLine, canBeTakenUp: Bool = false) -> Ending {
        var final = final
        final.seconds = elapsed().inSeconds
        var failure = Failure(error)
        if interruption.isRequested || error is CancellationError {
            failure = canBeTakenUp ? .resumable : Failure(CancellationError())
            if let job = final.job {
                failure.message = "Interrupted; the job \(job) goes on."
                failure.advice =
                    canBeTakenUp
                    ? "The same command looks on; `martlet cancel \(job)` ends it."
                    : "`martlet watch \(job)` looks on, `martlet cancel \(job)` ends it."
            }
        }
        final.error = failure.line
        return Ending(failure: failure, finalLine: final)
    }
}
