// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import Foundation

/// A directory of one test's own, removed with everything in it at the end.
package final class TemporaryDirectory: Sendable {
    /// Its path.
    package let path: String

    /// Makes a new, empty directory.
    package init() throws {
        let url = FileManager.default.temporaryDirectory.appending(path: "martlet-test-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        path = url.path
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// The path of `name` in it.
    package func file(_ name: String) -> String { path + "/" + name }

    /// The names of everything in it, hidden ones too, sorted.
    package func names() throws -> [String] { try FileManager.default.contentsOfDirectory(atPath: path).sorted() }

    /// Writes a text file into it and answers its path.
    package func write(_ text: String, to name: String) throws -> String {
        try Data(text.utf8).write(to: URL(filePath: file(name)))
        return file(name)
    }

    /// Writes a shell script into it that can be run, and answers its path.
    ///
    /// Another process writes it: a child that this one starts at the same moment would inherit the open file for an
    /// instant, and what is open for writing cannot be run.
    package func script(_ lines: String, to name: String) async throws -> String {
        let outcome = try await ChildProcess.run(
            "sh", ["-c", "printf %s \"$1\" > \"$2\" && chmod 755 \"$2\"", "sh", "#!/bin/sh\n\(lines)\n", file(name)])
        guard outcome.isSuccess else { throw ChildProcess.CannotStart(description: "\(name): \(outcome.errors)") }
        return file(name)
    }

    /// The bytes of a file in it.
    package func bytes(_ name: String) throws -> [UInt8] { [UInt8](try Data(contentsOf: URL(filePath: file(name)))) }
}
