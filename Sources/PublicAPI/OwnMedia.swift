// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import MartletMedia
internal import MartletModel
internal import MartletPorts

/// Media files, read and written in this process.
struct OwnMedia: MediaProber, Assembler, Verifier, SourceRestamper {
    private let reader: MediaReader
    private let restamper: MediaRestamper

    /// Composes it.
    init(files: any FileStore, cacheDirectory: String?) {
        reader = MediaReader(files: files, cacheDirectory: cacheDirectory)
        restamper = MediaRestamper(files: files)
    }

    func describe(path: String) async throws -> SourceDescription { try await reader.describe(path: path) }

    func index(of source: SourceDescription, stream: Int, method: FrameIndex.Method) async throws -> FrameIndex {
        try await reader.index(of: source, stream: stream, method: method)
    }

    func inspect(path: String) async throws -> StreamInspection { try await reader.inspect(path: path) }

    func assemble(
        _ request: AssemblyRequest, progress: @escaping @Sendable (Double) -> Void
    ) async throws -> AssemblyReport { try await MediaAssembler().assemble(request, progress: progress) }

    func verify(
        output: String, against source: SourceDescription, index: FrameIndex?, plan: JobPlan?
    ) async throws -> VerificationReport {
        try await MediaVerifier().verify(output: output, against: source, index: index, plan: plan)
    }

    func restamp(
        _ source: SourceDescription, to path: String, progress: @escaping @Sendable (Double) -> Void
    ) async throws -> RestampReport? { try await restamper.restamp(source, to: path, progress: progress) }
}
