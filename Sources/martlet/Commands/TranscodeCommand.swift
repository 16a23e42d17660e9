// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletHost
import MartletModel

/// `martlet transcode INPUT OUTPUT`.
struct TranscodeCommand {
    /// What it runs with.
    var context: Context

    /// Runs the command.
    func run() async -> Ending {
        if context.settings.connection.coordinator != nil { return await RemoteTranscode(context: context).run() }
        let output = context.argument(1) ?? ""
        var final = FinalLine(output: output)
        var reporter: ProgressReporter?
        do {
            let input = context.argument(0) ?? ""
            try PathCheck.refuseDirectory(output)
            let request = try RequestBuilder(settings: context.settings).request(input: input, output: output)
            try PathCheck.input(input)
            // Where work on this output was begun, the output may be its own: only the engine can tell.
            let isBegun = WorkPlace.isThere(
                for: FilePath(output), chosen: request.workDirectory, files: LocalFiles())
            try PathCheck.output(output, input: input, overwrite: request.overwrite || isBegun)
            let engine = try context.makeEngine(context.settings)
            let progress = ProgressReporter(
                console: context.console, style: context.reportingStyle, isVerbose: context.settings.isVerbose,
                now: context.elapsed)
            reporter = progress
            let outcome = try await context.interruption.guarding {
                try await engine.transcode(
                    request, planned: { progress.planned($0) }, events: { progress.happened($0) })
            }
            progress.finish()
            for warning in outcome.warnings { progress.warn(warning) }
            for line in Summary.json(of: outcome) { context.print(line) }
            context.print(Summary.text(of: outcome, input: input))
            final.job = outcome.job
            final.output = outcome.output
            final.frames = outcome.frames
            final.segments = outcome.segments
            final.reusedSegments = outcome.reusedSegments
            final.seconds = outcome.seconds
            return Ending(finalLine: final)
        } catch {
            reporter?.finish()
            if let progress = reporter?.progress {
                final.job = progress.job
                final.segments = progress.segments.count
                final.reusedSegments = progress.reusedSegments
            }
            final.seconds = context.elapsed().inSeconds
            let isInterrupted = context.interruption.isRequested || error is CancellationError
            let failure = isInterrupted ? Failure.resumable : Failure(error)
            final.error = failure.line
            return Ending(failure: failure, finalLine: final)
        }
    }
}
