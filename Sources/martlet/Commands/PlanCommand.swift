// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletModel

/// `martlet plan FILE [OUTPUT]`.
struct PlanCommand {
    /// What it runs with.
    var context: Context

    /// Runs the command.
    func run() async throws -> Ending {
        let input = context.argument(0) ?? ""
        let request = try RequestBuilder(settings: context.settings).request(input: input, output: context.argument(1))
        try PathCheck.input(input)
        let engine = try context.makeEngine(context.settings)
        let planned = try await context.interruption.guarding { try await engine.plan(request) }
        context.print(PlanText.json(of: planned))
        context.print(PlanText.text(of: planned))
        return .success
    }
}
