// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletModel
import MartletWire

/// `martlet submit INPUT OUTPUT`.
struct SubmitCommand {
    /// What it runs with.
    var context: Context

    /// Runs the command.
    func run() async -> Ending {
        let (source, output) = (context.argument(0) ?? "", context.argument(1) ?? "")
        var final = FinalLine(output: output)
        do {
            let submission = try SubmissionBuilder(settings: context.settings).submission(
                source: source, output: output)
            let client = try context.client()
            let job = try await client.submit(submission)
            final.job = job.id
            final.output = job.output
            context.print(ClusterText.submitted(job))
            guard context.settings.cluster.watches else {
                context.print(Figures.harmless("The job \(job.id) is submitted: \(job.source) -> \(job.output)") + "\n")
                return .success
            }
            let ended = try await RemoteJob(context: context, client: client).watch(job.id, final: &final)
            final.seconds = context.elapsed().inSeconds
            context.print(ClusterText.summary(of: ended, seconds: final.seconds))
            return Ending(finalLine: final)
        } catch {
            return context.ending(error, final: final)
        }
    }
}
