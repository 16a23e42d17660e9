// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletFFmpeg
import MartletHost
import MartletMedia
import MartletModel
import MartletPorts

/// Looking without doing.
extension LocalEngine {
    var runner: any EncoderRunner { ffmpeg }
    var catalog: any EncoderCatalog { abilities }
    var ffmpegPath: String? { program.path }
    var machine: MachineFacts { facts }

    var libraries: [LibraryVersion] {
        LinkedLibraries.versions.map { LibraryVersion(name: $0.name, version: $0.version) }
    }

    func describe(path: String) async throws -> (SourceDescription, FrameIndex?) {
        let source = try await reader.describe(path: FilePath(path).text)
        guard let video = source.mainVideo, video.isDecodable else { return (source, nil) }
        return (source, try await reader.index(of: source, stream: video.index, method: .packets))
    }

    func verify(
        output: String, against source: String, level: VerificationLevel
    ) async throws -> (VerificationReport, QualityReport?) {
        let (description, index) = try await describe(path: source)
        let output = FilePath(output).text
        let report = try await MediaVerifier().verify(
            output: output, against: description, index: index, plan: nil)
        guard level == .full, let index else { return (report, nil) }
        return (report, try await meter.measure(output: output, against: description, index: index) { _ in })
    }

    func freeSpace(at directory: String) throws -> ByteCount { try files.freeSpace(at: FilePath(directory).text) }
}
