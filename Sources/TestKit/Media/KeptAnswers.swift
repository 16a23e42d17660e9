// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import Foundation
import MartletModel

/// What ffmpeg and ffprobe say of films that no test changes, asked for once and kept beside the fixtures.
///
/// Many tests want the same frames of the same fixture, and to decode it costs more than what they test.
package actor KeptAnswers {
    /// The answers that all tests share.
    package static let shared = KeptAnswers()

    private var asking: [String: Task<ChildProcess.Outcome, any Error>] = [:]

    /// Runs a program that only reads `path`, or gives what it printed when it was run before with the same arguments by
    /// the same build of ffmpeg, on the same file. Failures are not kept, and neither is what it wrote to its standard
    /// error.
    ///
    /// A file that is neither a fixture nor a film of the corpus may change: there it is always run.
    ///
    /// - Parameter line: where it waits for its turn; `nil` for nowhere.
    /// - Throws: `ChildProcess.CannotStart`, `MediaFixtures.CannotMake`.
    package static func run(
        _ program: String, _ arguments: [String], about path: String, deadline: Duration = .seconds(600),
        inLine line: Turnstile? = nil
    ) async throws -> ChildProcess.Outcome {
        let ask: @Sendable () async throws -> ChildProcess.Outcome = {
            guard let line else { return try await ChildProcess.run(program, arguments, deadline: deadline) }
            return try await line.pass { try await ChildProcess.run(program, arguments, deadline: deadline) }
        }
        guard let state = state(of: path) else { return try await ask() }
        var hash = StableHash()
        hash.combine(try await MediaFixtures.shared.ffmpegVersion())
        for word in [state, program] + arguments { hash.combine(word) }
        return try await shared.answer(String(hash.value, radix: 36), ask)
    }

    private func answer(
        _ key: String, _ ask: @escaping @Sendable () async throws -> ChildProcess.Outcome
    ) async throws -> ChildProcess.Outcome {
        if let task = asking[key] { return try await task.value }
        let task = Task {
            let directory = MediaFixtures.directory.appending(path: "answers")
            let file = directory.appending(path: key)
            if let bytes = FileManager.default.contents(atPath: file.path) {
                return ChildProcess.Outcome(
                    ending: .exited(0), outputBytes: [UInt8](bytes), errors: "", processorSeconds: 0, wallSeconds: 0)
            }
            let outcome = try await ask()
            if outcome.isSuccess {
                try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
                try Data(outcome.outputBytes).write(to: file, options: .atomic)
            }
            return outcome
        }
        asking[key] = task
        return try await task.value
    }

    /// What tells a file that stays as it is from all others; `nil` for one that may change.
    private static func state(of path: String) -> String? {
        let places = [MediaFixtures.directory.path, Corpus.directory]
        guard places.contains(where: { path.hasPrefix($0 + "/") }) else { return nil }
        var facts = stat()
        guard stat(path, &facts) == 0 else { return nil }
        return "\(path) \(facts.st_size) \(facts.st_mtim.tv_sec) \(facts.st_mtim.tv_nsec)"
    }
}
