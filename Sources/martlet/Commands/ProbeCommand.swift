// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletModel

/// `martlet probe FILE`.
struct ProbeCommand {
    /// What it runs with.
    var context: Context

    /// Runs the command.
    func run() async throws -> Ending {
        let input = context.argument(0) ?? ""
        try PathCheck.input(input)
        let engine = try context.makeEngine(context.settings)
        let (source, index) = try await context.interruption.guarding { try await engine.describe(path: input) }
        context.print(ProbeJSON.json(of: source, index))
        context.print(ProbeText.text(of: source, index))
        return .success
    }
}
