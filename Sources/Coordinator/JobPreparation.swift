// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletModel
internal import MartletPlanning
package import MartletPorts

/// Looks at a source and plans a job for it.
package struct JobPreparation: Sendable {
    private let prober: any MediaProber
    private let catalog: any EncoderCatalog
    private let scenes: any SceneFinder
    private let restamper: any SourceRestamper

    /// Makes a preparation from what it asks.
    package init(
        prober: any MediaProber, catalog: any EncoderCatalog, scenes: any SceneFinder, restamper: any SourceRestamper
    ) {
        self.prober = prober
        self.catalog = catalog
        self.scenes = scenes
        self.restamper = restamper
    }

    /// What a source holds. Reads it once, or not at all when it was read before.
    ///
    /// - Throws: what the source gives reason for.
    package func examine(_ path: String) async throws -> ExaminedSource {
        let source = try await prober.describe(path: path)
        guard let video = source.mainVideo, video.isDecodable else { return ExaminedSource(description: source) }
        let index = try await prober.index(of: source, stream: video.index, method: .packets)
        return ExaminedSource(description: source, index: index)
    }

    /// A copy of a source whose clock jumps, with one clock; the source itself when it does not.
    ///
    /// - Parameters:
    ///   - copy: where the copy is made, or was made before.
    ///   - progress: called with the share of a whole job that is done, from any thread.
    package func restamped(
        _ source: ExaminedSource, at copy: String, progress: @escaping @Sendable (Double) -> Void = { _ in }
    ) async throws -> ExaminedSource {
        guard source.clockJumps > 0 else { return source }
        let done = try await restamper.restamp(source.description, to: copy) { progress($0 * Restamping.share) }
        guard let report = done else { return source }
        var made = try await examine(copy)
        let omissions = report.omittedStreams.map { index in
            Omission(
                sourceIndex: index, subject: LayoutPlanner.subject(of: source.description.streams[index]),
                reason: "the copy with one clock cannot hold it")
        }
        made.restamping = Restamping(jumps: report.jumps, omissions: omissions)
        return made
    }

    /// Plans a job for a source, or for its copy with one clock.
    ///
    /// - Throws: what the parameters or the encoders give reason for.
    package func prepare(_ source: ExaminedSource, parameters: TranscodeParameters) async throws -> PreparedJob {
        try await plan(source, parameters: parameters, build: try await catalog.build())
    }

    /// Plans a job for the file at a path, whatever its clock does.
    ///
    /// - Throws: what the source, the parameters or the encoders give reason for.
    package func prepare(source path: String, parameters: TranscodeParameters) async throws -> PreparedJob {
        try await prepare(try await examine(path), parameters: parameters)
    }

    /// Plans a job anew whose frames were not those of its list: with a list
    /// made by decoding, or, when it had that already, in one piece.
    ///
    /// - Returns: `nil` when there is no better plan.
    package func refined(_ prepared: PreparedJob) async throws -> PreparedJob? {
        guard var index = prepared.index else { return nil }
        switch index.method {
        case .packets:
            index = try await prober.index(of: prepared.plan.source, stream: index.streamIndex, method: .decode)
        case .decode:
            guard index.isSeekable, prepared.plan.segments.count > 1 else { return nil }
            index.isSeekable = false
        }
        let source = ExaminedSource(
            description: prepared.plan.source, index: index, restamping: prepared.restamping)
        let next = try await plan(source, parameters: prepared.plan.parameters, build: prepared.build)
        guard let abandoned = prepared.plan.abandonedEncoder, next.mayFallBack else { return next }
        return try inSoftware(next, because: "\(abandoned) failed before")
    }

    /// Plans a job's picture anew in software, since its hardware failed at work; everything else stays.
    ///
    /// - Parameter reason: what failed.
    /// - Throws: `PlanningError` when no software can take over.
    func inSoftware(_ prepared: PreparedJob, because reason: String) throws -> PreparedJob {
        let build = prepared.build
        let availability = EncoderAvailability(
            codecMajorVersion: build.codecMajorVersion, compiledIn: build.encoders, filters: build.filters)
        var result = prepared
        result.plan = try JobPlanner.softwarePlan(
            insteadOf: prepared.plan, index: prepared.index, availability: availability, because: reason)
        return result
    }

    private func plan(
        _ source: ExaminedSource, parameters: TranscodeParameters, build: EncoderBuild
    ) async throws -> PreparedJob {
        let index = source.index
        var plan = try JobPlanner.plan(
            source: source.description, index: index, parameters: parameters,
            availability: await availability(for: parameters, in: build),
            sceneFrames: try await sceneFrames(source.description, index: index, parameters: parameters))
        if let restamping = source.restamping {
            plan.warnings.insert(restamping.warning, at: 0)
            plan.layout.omissions += restamping.omissions
        }
        return PreparedJob(plan: plan, index: index, build: build, restamping: source.restamping)
    }

    /// Tries those encoders that the request could end with, until one works.
    private func availability(for parameters: TranscodeParameters, in build: EncoderBuild) async -> EncoderAvailability
    {
        var facts = EncoderAvailability(
            codecMajorVersion: build.codecMajorVersion, compiledIn: build.encoders, filters: build.filters)
        let candidates = EncoderSelection.candidates(
            codec: parameters.codec, hardware: parameters.hardware, mayFallBack: parameters.mayFallBack)
        for encoder in candidates where build.encoders.contains(encoder) {
            // Software encoders do not depend on the machine: compiled in means usable.
            guard EncoderProfile.named(encoder)?.family.isHardware == true else { break }
            guard let reason = await catalog.failure(of: encoder) else { break }
            facts.failures[encoder] = reason
        }
        return facts
    }

    private func sceneFrames(
        _ source: SourceDescription, index: FrameIndex?, parameters: TranscodeParameters
    ) async throws -> [Int] {
        guard parameters.split == .scenes, let index else { return [] }
        let times = Set(
            try await scenes.sceneChanges(in: source, stream: index.streamIndex, search: .everyFrame) { _ in })
        return index.presentationTimes.indices.filter { times.contains(index.presentationTimes[$0]) }
    }
}
