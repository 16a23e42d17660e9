// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletModel
import MartletPorts

/// What the commands need done; everything behind it is composed elsewhere.
protocol Engine: Sendable {
    /// Plans, encodes, joins, proves and puts in place; takes up a job of the
    /// same request where it was left.
    ///
    /// - Parameters:
    ///   - planned: called once, before anything is encoded.
    ///   - events: called for everything that happens, from any thread, in order.
    /// - Throws: a `CodedError`; `CancellationError` when the calling task is
    ///   cancelled, and then the state is kept.
    func transcode(
        _ request: TranscodeRequest,
        planned: @escaping @Sendable (PlannedJob) -> Void,
        events: @escaping @Sendable (Event) -> Void
    ) async throws -> TranscodeOutcome

    /// What a file holds, and its main picture's frames; no index without a picture.
    func describe(path: String) async throws -> (SourceDescription, FrameIndex?)

    /// What `transcode` would do; writes nothing but the scan's cache.
    func plan(_ request: TranscodeRequest) async throws -> PlannedJob

    /// Checks a finished file against its source; decodes both only at level `full`.
    func verify(
        output: String, against source: String, level: VerificationLevel
    ) async throws -> (VerificationReport, QualityReport?)

    /// Runs ffmpeg, for measurements.
    var runner: any EncoderRunner { get }

    /// Knows what the installed ffmpeg can do.
    var catalog: any EncoderCatalog { get }

    /// Where ffmpeg was found.
    var ffmpegPath: String { get }
}

/// A plan and the work that it means.
struct PlannedJob: Sendable, Equatable {
    /// The job's name; the same request on the same source has the same.
    var id: JobID
    /// The plan.
    var plan: JobPlan
    /// The tasks, in the order in which they are recorded.
    var tasks: [TaskSpecification]
    /// The copy with one clock that is made first and that the tasks read; `nil` when they read the source.
    var copy: String?
}
