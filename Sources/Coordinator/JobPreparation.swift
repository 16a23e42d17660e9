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

    /// Makes a preparation from what it asks.
    package init(prober: any MediaProber, catalog: any EncoderCatalog, scenes: any SceneFinder) {
        self.prober = prober
        self.catalog = catalog
        self.scenes = scenes
    }

    /// Plans a job. Reads the source once, or not at all when it was read before.
    ///
    /// - Throws: what the source, the parameters or the encoders give reason for.
    package func prepare(source path: String, parameters: TranscodeParameters) async throws -> PreparedJob {
        let source = try await prober.describe(path: path)
        let build = try await catalog.build()
        var index: FrameIndex?
        if let video = source.mainVideo, video.isDecodable {
            index = try await prober.index(of: source, stream: video.index, method: .packets)
        }
        return try await plan(source, index: index, parameters: parameters, build: build)
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
        return try await plan(
            prepared.plan.source, index: index, parameters: prepared.plan.parameters, build: prepared.build)
    }

    private func plan(
        _ source: SourceDescription, index: FrameIndex?, parameters: TranscodeParameters, build: EncoderBuild
    ) async throws -> PreparedJob {
        let plan = try JobPlanner.plan(
            source: source, index: index, parameters: parameters,
            availability: await availability(for: parameters, in: build),
            sceneFrames: try await sceneFrames(source, index: index, parameters: parameters))
        return PreparedJob(plan: plan, index: index, build: build)
    }

    /// Tries those encoders that the request could end with, until one works.
    private func availability(for parameters: TranscodeParameters, in build: EncoderBuild) async -> EncoderAvailability
    {
        var facts = EncoderAvailability(codecMajorVersion: build.codecMajorVersion, compiledIn: build.encoders)
        let candidates = EncoderSelection.candidates(codec: parameters.codec, hardware: parameters.hardware)
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
