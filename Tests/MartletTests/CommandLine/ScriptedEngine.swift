// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletModel
import MartletPorts

@testable import martlet

/// An engine whose answers are written down beforehand.
struct ScriptedEngine: Engine, Machine {
    /// What happens during a transcode, after the plan.
    var events: [Event] = []
    /// How a transcode ends.
    var outcome: Result<TranscodeOutcome, any Error> = .success(Samples.outcome)
    /// What a check finds.
    var report = Samples.report

    func transcode(
        _ request: TranscodeRequest, planned: @escaping @Sendable (PlannedJob) -> Void,
        events: @escaping @Sendable (Event) -> Void
    ) async throws -> TranscodeOutcome {
        planned(Samples.planned)
        for event in self.events { events(event) }
        return try outcome.get()
    }

    func describe(path: String) async throws -> (SourceDescription, FrameIndex?) { (Samples.source, Samples.index) }
    func plan(_ request: TranscodeRequest) async throws -> PlannedJob { Samples.planned }
    func verify(
        output: String, against source: String, level: VerificationLevel
    ) async throws -> (VerificationReport, QualityReport?) { (report, nil) }

    var runner: any EncoderRunner { Nothing() }
    var catalog: any EncoderCatalog { Nothing() }
    var ffmpegPath: String { "/nowhere/ffmpeg" }
    var facts: MachineFacts {
        MachineFacts(processors: 1, memory: .mebibytes(1024), operatingSystem: "Linux", hostName: "test")
    }
    var libraries: [LibraryVersion] { [] }
    func freeSpace(at directory: String) throws -> ByteCount { .mebibytes(1) }

    /// A machine without ffmpeg.
    struct Nothing: EncoderRunner, EncoderCatalog {
        func run(_ run: EncoderRun, progress: @escaping @Sendable (RunProgress) -> Void) async throws -> RunReport {
            throw CommandLineError(.unfit, "There is no ffmpeg.")
        }
        func build() async throws -> EncoderBuild { throw CommandLineError(.unfit, "There is no ffmpeg.") }
        func failure(of encoder: String) async -> String? { "There is no ffmpeg." }
    }
}
