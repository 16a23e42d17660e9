// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletModel
import MartletWire

/// `martlet cancel ID` and `martlet retry ID`.
struct SteerCommand {
    /// What it runs with.
    var context: Context
    /// Whether the job is taken up again, not cancelled.
    var isRetry: Bool

    /// Runs the command.
    func run() async throws -> Ending {
        let client = try context.client()
        let found = try await NameSearch(client: client).job(context.argument(0) ?? "")
        let job = isRetry ? try await client.retry(found.id) : try await client.cancel(found.id)
        context.print(ClusterJSON.json(of: job))
        let wasOver = !isRetry && found.state.isFinal
        context.print(
            Figures.harmless(
                "The job \(job.id) \(wasOver ? "was over already" : "is now"): \(JobText.words(job.state))")
                + "\n")
        return .success
    }
}
