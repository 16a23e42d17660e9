// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import Foundation
import MartletHost
import MartletMedia
import MartletMediaChild
import MartletModel
import MartletPlanning
import MartletPorts
import MartletTestKit
import Testing

/// A film's way through child processes and through this one.
struct ChildFilm {
    let directory: TemporaryDirectory
    let here: MediaReader
    let children: ChildMedia

    /// Begins with an empty directory.
    ///
    /// - Parameter script: a shell script that stands for the program; `martlet` is the real one.
    init(script: String? = nil, limits: ChildLimits = ChildLimits()) async throws {
        directory = try TemporaryDirectory()
        var executable = MartletProgram.path
        if let script {
            executable = try await directory.script(
                script.replacing("martlet", with: "'\(executable)' media-child"), to: "program")
        }
        here = MediaReader(files: LocalFiles(), cacheDirectory: nil)
        children = ChildMedia(
            executable: executable, launcher: ProcessRunner(), time: SystemTime(), files: LocalFiles(),
            cacheDirectory: nil, limits: limits)
    }

    /// What is needed to copy every packet of a film into another file.
    func copying(_ name: String, to output: String) async throws -> AssemblyRequest {
        let source = try await here.describe(path: try await MediaFixtures.path(name))
        let picture = try #require(source.mainVideo)
        let index = try await here.index(of: source, stream: picture.index, method: .packets)
        var parameters = TranscodeParameters()
        parameters.container = .mkv
        (parameters.codec, parameters.audioCodec) = (.copy, .copy)
        let plan = try JobPlanner.plan(
            source: source, index: index, parameters: parameters,
            availability: EncoderAvailability(codecMajorVersion: 59, compiledIn: [], filters: []))
        return AssemblyRequest(plan: plan, index: index, segments: [], artifacts: [:], output: directory.file(output))
    }
}
