// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletAssembly
import MartletHost
import MartletModel
import MartletStreaming

/// `martlet stream`.
struct StreamCommand {
    /// What it runs with.
    var context: Context

    /// Runs the command until it is told to stop, which is its ordered end.
    func run() async throws -> Ending {
        let request = try StreamRequestBuilder(
            settings: context.settings, path: context.argument(0) ?? "", environment: context.environment
        ).request()
        let engine = try context.makeCluster(context.settings)
        do {
            try await context.interruption.guarding { [context] in
                try await engine.stream(request) { notice in
                    switch notice {
                    case .listening(let url):
                        context.print(.object([("event", .text("listening")), ("url", .text(url))]))
                        context.print("Streams are served on \(url).\n")
                    case .part(let notice): context.print(Self.json(of: notice))
                    case .warning(let text):
                        context.print(
                            .object([("event", .text("warning")), ("job_id", .null), ("message", .text(text))]))
                        if !context.settings.isJSON, !context.settings.isQuiet {
                            context.console.complain("martlet: warning: \(text)\n")
                        }
                    }
                }
            }
        } catch  where context.interruption.isRequested {
            // That is how it ends.
        }
        if context.interruption.isRequested { context.print("Stopped; what was made is kept.\n") }
        return .success
    }

    private static func json(of notice: PartNotice) -> JSON {
        let time = SystemTime().wallMilliseconds()
        return switch notice {
        case .began(let part, let fence):
            .object([
                ("event", .text("partStarted")), ("part", .text("\(part)")), ("fence", .integer(fence)),
                ("time_ms", .integer(time)),
            ])
        case .ended(let part, let fence, let end):
            .object([
                ("event", .text("partEnded")), ("part", .text("\(part)")), ("fence", .integer(fence)),
                ("result", .text(end.rawValue)), ("time_ms", .integer(time)),
            ])
        }
    }
}
