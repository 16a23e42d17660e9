// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import Foundation
import MartletModel
import MartletPorts
import MartletTestKit

/// An ffmpeg with software encoders only.
struct SoftwareCatalog: EncoderCatalog {
    static let build = EncoderBuild(
        version: "5.1", codecMajorVersion: 59, digest: "build", encoders: ["libx264"], filters: [])

    func build() async throws -> EncoderBuild { Self.build }
    func failure(of encoder: String) async -> String? { nil }
}

/// An ffmpeg with a graphics card.
struct HardwareCatalog: EncoderCatalog {
    func build() async throws -> EncoderBuild {
        var build = SoftwareCatalog.build
        build.encoders.insert("h264_nvenc")
        return build
    }

    func failure(of encoder: String) async -> String? { nil }
}

/// A film without cuts.
struct NoScenes: SceneFinder {
    func sceneChanges(
        in source: SourceDescription, stream: Int, search: SceneSearch,
        progress: @escaping @Sendable (RunProgress) -> Void
    ) async throws -> [Int64] { [] }
}

/// Sources whose clock never jumps.
struct NoRestamper: SourceRestamper {
    func restamp(
        _ source: SourceDescription, to path: String, progress: @escaping @Sendable (Double) -> Void
    ) async throws -> RestampReport? { nil }
}

/// Joins segments by putting their bytes one after the other.
final class ChainingAssembler: Assembler {
    let requests = Journal<AssemblyRequest>()
    private let during: @Sendable () async throws -> Void

    /// - Parameter during: happens when half of the file is written.
    init(during: @escaping @Sendable () async throws -> Void = {}) { self.during = during }

    func assemble(
        _ request: AssemblyRequest, progress: @escaping @Sendable (Double) -> Void
    ) async throws -> AssemblyReport {
        requests.note(request)
        try Data("half".utf8).write(to: URL(filePath: request.output))
        try await during()
        var whole = Data()
        for segment in request.segments { whole += try Data(contentsOf: URL(filePath: segment.path)) }
        try whole.write(to: URL(filePath: request.output))
        return AssemblyReport(
            frames: request.segments.reduce(0) { $0 + $1.frameCount }, size: ByteCount(Int64(whole.count)))
    }
}

/// A verifier that has made up its mind.
struct FixedVerifier: Verifier {
    var isContent = true

    func verify(
        output: String, against source: SourceDescription, index: FrameIndex?, plan: JobPlan?
    ) async throws -> VerificationReport {
        VerificationReport(
            checks: [.init(name: "frame count", passed: isContent, detail: "the figures")],
            frames: index?.frameCount ?? 0)
    }
}

/// A meter that has counted already.
final class FixedMeter: QualityMeter {
    let measured = Journal<String>()
    private let frames: Int

    init(frames: Int = 900) { self.frames = frames }

    func measure(
        output: String, picture: Int?, against source: SourceDescription, index: FrameIndex?,
        progress: @escaping @Sendable (RunProgress) -> Void
    ) async throws -> QualityReport {
        measured.note(output)
        return QualityReport(decodedFrames: frames, ssim: 1, isLossless: true)
    }
}
