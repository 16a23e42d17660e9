// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletModel

/// `martlet work`.
struct WorkCommand {
    /// What it runs with.
    var context: Context

    /// Runs the command until it is told to stop, which is its ordered end.
    func run() async throws -> Ending {
        let request = try WorkRequestBuilder(settings: context.settings).request()
        let engine = try context.makeCluster(context.settings)
        do {
            try await context.interruption.guarding { [context] in
                try await engine.work(request) { Self.tell($0, of: request.connection.address, context) }
            }
        } catch  where context.interruption.isRequested {
            // That is how it ends.
        }
        if context.interruption.isRequested {
            context.print("Stopped; what was being encoded goes to other workers.\n")
        }
        return .success
    }

    private static func tell(_ notice: WorkerNotice, of address: String, _ context: Context) {
        switch notice {
        case .connected(let worker):
            context.print(
                .object([
                    ("event", .text("connected")), ("worker_id", .text(worker.text)), ("coordinator", .text(address)),
                ]))
            context.print("The worker \(worker) is connected to \(address).\n")
        case .disconnected(let reason):
            context.print(
                .object([
                    ("event", .text("disconnected")), ("coordinator", .text(address)), ("message", .text(reason)),
                ]))
            if !context.settings.isJSON, !context.settings.isQuiet {
                context.console.complain("martlet: warning: The connection to \(address) is gone: \(reason)\n")
            }
        case .listening(let url):
            context.print(.object([("event", .text("listening")), ("url", .text(url))]))
            context.print("Streams are served on \(url).\n")
        case .warning(let text):
            context.print(.object([("event", .text("warning")), ("job_id", .null), ("message", .text(text))]))
            if !context.settings.isJSON, !context.settings.isQuiet {
                context.console.complain("martlet: warning: \(text)\n")
            }
        }
    }
}
