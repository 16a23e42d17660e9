// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletModel
import MartletPorts

/// `martlet jobs`.
struct JobsCommand {
    /// What it runs with.
    var context: Context

    /// Runs the command.
    func run() async throws -> Ending {
        let wanted = context.settings.cluster
        if wanted.listsAll, context.settings.given.contains("limit") {
            throw CommandLineError(
                .contradiction, "`--all` and `--limit` exclude each other.", advice: "Leave one of them out.")
        }
        let limit = wanted.listsAll ? Int.max : wanted.limit
        let jobs = try await context.client().jobs(state: wanted.state, limit: limit)
        for job in jobs { context.print(ClusterJSON.json(of: job)) }
        let text = JobText(now: context.network.time.wallMilliseconds(), width: context.tableWidth)
        context.print(text.list(jobs))
        return .success
    }
}
