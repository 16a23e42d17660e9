// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletModel
import MartletPlanning
import MartletPorts

/// `martlet doctor`.
struct DoctorCommand {
    /// What it runs with.
    var context: Context

    /// Runs the command.
    func run() async throws -> Ending {
        let report = try await context.interruption.guarding { await examine() }
        context.print(DoctorText.json(of: report))
        context.print(DoctorText.text(of: report, isVerbose: context.settings.isVerbose))
        guard let problem = report.problem else { return .success }
        return Ending(failure: Failure(problem))
    }

    /// Looks at everything; tries each encoder that ffmpeg has. What is missing is in the report.
    private func examine() async -> DoctorReport {
        let (machine, directory) = (context.machine, context.settings.workDirectory ?? ".")
        var report = DoctorReport(libraries: machine.libraries, machine: machine.facts, directory: directory)
        do {
            let engine = try context.makeEngine(context.settings)
            report.ffmpegPath = engine.ffmpegPath
            let build = try await engine.catalog.build()
            report.ffmpegVersion = build.version
            for profile in EncoderProfile.all {
                let isCompiledIn = build.encoders.contains(profile.name)
                let failure = isCompiledIn ? await engine.catalog.failure(of: profile.name) : nil
                report.encoders.append(
                    DoctorReport.Encoder(
                        codec: profile.codec, name: profile.name, isCompiledIn: isCompiledIn, failure: failure))
            }
        } catch {
            report.ffmpegFailure = Failure(error)
        }
        do {
            report.freeSpace = try machine.freeSpace(at: directory)
        } catch {
            report.directoryFailure = Failure(error)
        }
        return report
    }
}
