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
        let engine = try context.makeEngine(context.settings)
        let directory = context.settings.workDirectory ?? "."
        let report = try await context.interruption.guarding { await Self.examine(engine, directory: directory) }
        context.print(DoctorText.json(of: report))
        context.print(DoctorText.text(of: report, isVerbose: context.settings.isVerbose))
        guard let problem = report.problem else { return .success }
        return Ending(failure: Failure(problem))
    }

    /// Looks at everything; tries each encoder that ffmpeg has.
    static func examine(_ engine: any Engine, directory: String) async -> DoctorReport {
        var report = DoctorReport(
            ffmpegPath: engine.ffmpegPath, libraries: engine.libraries, machine: engine.machine, directory: directory)
        do {
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
            report.freeSpace = try engine.freeSpace(at: directory)
        } catch {
            report.directoryFailure = Failure(error)
        }
        return report
    }
}
