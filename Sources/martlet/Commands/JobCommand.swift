// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletModel
import MartletPorts
import MartletWire

/// `martlet job ID`.
struct JobCommand {
    /// What it runs with.
    var context: Context

    /// Runs the command.
    func run() async throws -> Ending {
        let client = try context.client()
        let job = try await NameSearch(client: client).job(context.argument(0) ?? "")
        let tasks = try await client.tasks(of: job.id)
        context.print(ClusterJSON.json(of: job, tasks: tasks))
        let text = JobText(
            now: context.network.time.wallMilliseconds(), width: context.tableWidth,
            isVerbose: context.settings.isVerbose)
        context.print(text.whole(job, tasks: tasks))
        return .success
    }
}
