// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import Foundation
import MartletTestKit
import Testing

/// One run of `martlet transcode` into a directory of its own.
struct Transcode {
    /// Where the output is.
    let directory: TemporaryDirectory
    /// The path of the input.
    let source: String
    /// The path of the output.
    let output: String
    /// How the run went.
    let run: MartletProgram.Run

    /// The fastest options that still make a real film.
    static let quick = ["--preset", "ultrafast"]

    /// Runs it, whatever comes of it.
    ///
    /// - Parameters:
    ///   - source: a path, or a fixture's name when it has no slash.
    ///   - name: the output's name in the directory.
    static func attempt(
        _ source: String, to name: String = "out.mkv", _ options: [String] = [],
        in directory: TemporaryDirectory? = nil, environment: [String: String?] = [:],
        deadline: Duration = .seconds(600), stop: MartletProgram.Stop? = nil, wrapper: [String] = []
    ) async throws -> Transcode {
        let directory = try directory ?? TemporaryDirectory()
        let path = source.contains("/") ? source : try await MediaFixtures.path(source)
        let run = try await MartletProgram.run(
            ["transcode", path, directory.file(name), "--json"] + options, environment: environment,
            deadline: deadline, stop: stop, wrapper: wrapper)
        return Transcode(directory: directory, source: path, output: directory.file(name), run: run)
    }

    /// Runs it and demands success, one output and nothing else.
    static func succeed(
        _ source: String, to name: String = "out.mkv", _ options: [String] = [],
        in directory: TemporaryDirectory? = nil, environment: [String: String?] = [:],
        deadline: Duration = .seconds(600), location: SourceLocation = #_sourceLocation
    ) async throws -> Transcode {
        let transcode = try await attempt(
            source, to: name, options, in: directory, environment: environment, deadline: deadline)
        try #require(
            transcode.run.exitCode == 0, "\(source) \(options): \(transcode.run.transcript)", sourceLocation: location)
        #expect(transcode.run.last?.name == "completed", sourceLocation: location)
        return transcode
    }

    /// What ffprobe says about the output.
    func facts() async throws -> MediaFacts { try await MediaFacts.of(output) }

    /// What ffprobe says about the input.
    func sourceFacts() async throws -> MediaFacts { try await MediaFacts.of(source) }

    /// What is different between the pictures and times of source and output; `nil` when nothing is.
    ///
    /// - Parameter pictures: `false` when the encode was lossy.
    func difference(pictures: Bool) async throws -> String? {
        let before = try await sourceFacts().picture
        let after = try await facts().picture
        let format = pictures ? Self.commonFormat(before?.fields["pix_fmt"], after?.fields["pix_fmt"]) : nil
        let expected = try await FrameTruth.of(
            source, format: format, isUpright: before?.rotation != after?.rotation, deadline: .seconds(900))
        let result = try await FrameTruth.of(output, format: format, deadline: .seconds(900))
        return expected.difference(from: result, pictures: pictures)
    }

    /// The pixel format in which both films are compared; `nil` when they have the same samples anyhow.
    private static func commonFormat(_ before: String?, _ after: String?) -> String? {
        // The fourth byte of these means nothing, and need not be the same.
        if let after, ["bgr0", "rgb0", "0bgr", "0rgb"].contains(after) { return "gbrp" }
        let (left, right) = (before?.replacing("yuvj", with: "yuv"), after?.replacing("yuvj", with: "yuv"))
        return left == right ? nil : right
    }

    /// All events of one name.
    func events(_ name: String) -> [MartletProgram.Event] { run.events.filter { $0.name == name } }

    /// The output's bytes.
    func bytes() throws -> Data { try Data(contentsOf: URL(filePath: output)) }
}
