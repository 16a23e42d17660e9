// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import FoundationEssentials
import MartletCoordinator
import MartletFFmpeg
import MartletHost
import MartletMedia
import MartletModel
import MartletPlanning
import MartletPorts

/// Looking without doing.
extension LocalEngine {
    var runner: any EncoderRunner { ffmpeg }
    var catalog: any EncoderCatalog { abilities }
    var ffmpegPath: String { program.path }

    func describe(path: String) async throws -> (SourceDescription, FrameIndex?) {
        let source = try await preparation.examine(FilePath(path).text)
        return (source.description, source.index)
    }

    func verify(
        output: String, against source: String, level: VerificationLevel
    ) async throws -> (VerificationReport, QualityReport?) {
        let output = FilePath(output).text
        return try await withOneClock(preparation.examine(FilePath(source).text)) { source in
            var report = try await MediaVerifier().verify(
                output: output, against: source.description, index: source.index,
                unheld: Self.unheld(of: source.description, in: output))
            guard level == .full else { return (report, nil) }
            let picture = try await reader.describe(path: output).mainVideo?.index
            let quality = try await meter.measure(
                output: output, picture: picture, against: source.description, index: source.index
            ) { _ in }
            report.checks.append(
                .init(
                    name: "decoding", passed: quality.decodeErrors == 0,
                    detail: "\(quality.decodeErrors) packets do not decode"))
            return (report, quality)
        }
    }

    /// The streams of a source that the container of an output, by its suffix, cannot hold in their own form.
    private static func unheld(of source: SourceDescription, in output: String) -> Set<Int> {
        let suffix = RequestBuilder.suffix(of: output)
        guard let container = RequestBuilder.container(ofSuffix: suffix) else { return [] }
        var parameters = TranscodeParameters()
        parameters.container = container
        let codecs = JobPlanner.defaultCodecs(for: container)
        (parameters.codec, parameters.audioCodec) = (.codec(codecs.video), codecs.audio)
        let layout = try? LayoutPlanner(source: source, parameters: parameters).layout(
            video: source.mainVideo, codec: codecs.video.rawValue, firstFrameMicroseconds: nil)
        guard let layout else { return [] }
        return Set(source.streams.map(\.index)).subtracting(layout.streams.map(\.sourceIndex))
    }

    /// Lets `body` work with a source whose clock jumps by way of a copy, which is removed afterwards.
    func withOneClock<Value: Sendable>(
        _ source: ExaminedSource, _ body: (ExaminedSource) async throws -> Value
    ) async throws -> Value {
        guard source.clockJumps > 0 else { return try await body(source) }
        let directory = "\(temporaryDirectory)/martlet-\(UUID().uuidString)"
        try files.makeDirectory(directory)
        defer { try? files.remove(directory) }
        return try await body(preparation.restamped(source, at: "\(directory)/source.mkv"))
    }
}
