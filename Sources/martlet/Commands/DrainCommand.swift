// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletModel
import MartletWire

/// `martlet drain WORKER`.
struct DrainCommand {
    /// What it runs with.
    var context: Context

    /// Runs the command.
    func run() async throws -> Ending {
        let client = try context.client()
        let found = try await NameSearch(client: client).worker(context.argument(0) ?? "")
        let worker = try await client.drain(found.id)
        context.print(ClusterJSON.json(of: worker))
        let rest =
            worker.running.isEmpty
            ? "and runs nothing" : "and ends the \(Figures.count(worker.running.count, "task")) that it runs"
        context.print(Figures.harmless("The worker \(worker.id) gets no new work, \(rest).") + "\n")
        return .success
    }
}
