// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletModel
import MartletPorts

/// `martlet verify OUTPUT --against SOURCE`.
struct VerifyCommand {
    /// What it runs with.
    var context: Context

    /// Runs the command.
    func run() async -> Ending {
        let output = context.argument(0) ?? ""
        var final = FinalLine(output: output)
        do {
            guard let source = context.settings.against else {
                throw CommandLineError(
                    .missingArgument, "`martlet verify` wants the source to compare with.",
                    advice: "Add `--against SOURCE`.")
            }
            try PathCheck.input(output)
            try PathCheck.input(source)
            let level: VerificationLevel = context.settings.isFull ? .full : .counts
            let engine = try context.makeEngine(context.settings)
            let (report, quality) = try await context.interruption.guarding {
                try await engine.verify(output: output, against: source, level: level)
            }
            context.print(Summary.json(of: report, quality))
            context.print("\(output) against \(source)\n" + Summary.table(Summary.proof(report, quality)))
            final.frames = report.frames
            final.seconds = context.elapsed().inSeconds
            guard let wrong = report.checks.first(where: { !$0.passed }) else { return Ending(finalLine: final) }
            throw CommandLineError(
                .verificationFailed, "\(output) does not match \(source): \(wrong.name): \(wrong.detail).",
                advice: "Keep the source, and make the film again.")
        } catch {
            final.seconds = context.elapsed().inSeconds
            let failure = Failure(error)
            final.error = failure.line
            return Ending(failure: failure, finalLine: final)
        }
    }
}
