// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletModel

/// `martlet serve`.
struct ServeCommand {
    /// What it runs with.
    var context: Context

    /// Runs the command until it is told to stop, which is its ordered end.
    func run() async throws -> Ending {
        let request = try ServeRequestBuilder(settings: context.settings, environment: context.environment).request()
        let engine = try context.makeCluster(context.settings)
        do {
            try await context.interruption.guarding { [context] in
                try await engine.serve(request) { url in
                    context.print(.object([("event", .text("listening")), ("url", .text(url))]))
                    context.print("The coordinator listens on \(url).\n")
                }
            }
        } catch  where context.interruption.isRequested {
            // That is how it ends.
        }
        if context.interruption.isRequested {
            context.print("Stopped; jobs are kept, and go on when the coordinator is back.\n")
        }
        return .success
    }
}
