// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletModel

/// `martlet workers`.
struct WorkersCommand {
    /// What it runs with.
    var context: Context

    /// Runs the command.
    func run() async throws -> Ending {
        let workers = try await context.client().workers()
        for worker in workers { context.print(ClusterJSON.json(of: worker)) }
        context.print(WorkerText(width: context.tableWidth, isVerbose: context.settings.isVerbose).list(workers))
        return .success
    }
}
