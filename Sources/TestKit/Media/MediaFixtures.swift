// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import Foundation
import MartletModel

/// Makes the test files, each when it is first asked for, and keeps them.
///
/// Files are kept in the directory that `MARTLET_FIXTURES` names, or in the
/// temporary directory, under a name that changes with the recipe and with
/// ffmpeg's version. A file appears there by renaming, so that test runs side
/// by side never see half of one.
package actor MediaFixtures {
    /// The files that all tests share.
    package static let shared = MediaFixtures()

    /// A fixture could not be made.
    package struct CannotMake: Error, CustomStringConvertible {
        /// Which one, and ffmpeg's own words.
        package let description: String
    }

    private var making: [String: Task<URL, any Error>] = [:]
    private var version: Task<String, any Error>?
    private let catalogue: [String: Fixture]

    /// Makes a generator of its own for `fixtures`.
    init(_ fixtures: [Fixture] = Fixture.all) {
        catalogue = Dictionary(uniqueKeysWithValues: fixtures.map { ($0.name, $0) })
    }

    /// Where the files are kept.
    package static var directory: URL {
        if let path = ProcessInfo.processInfo.environment["MARTLET_FIXTURES"] { return URL(filePath: path) }
        return FileManager.default.temporaryDirectory.appending(path: "martlet-fixtures-\(getuid())")
    }

    /// The path of the file called `name`, made now when nobody has made it yet.
    ///
    /// Treat it as read-only: other tests use it at the same moment.
    ///
    /// - Throws: ``CannotMake``.
    package static func path(_ name: String) async throws -> String { try await shared.file(name).path }

    /// As ``path(_:)``, from this generator.
    func file(_ name: String) async throws -> URL {
        if let task = making[name] { return try await task.value }
        let task = Task { try await self.make(name) }
        making[name] = task
        return try await task.value
    }

    private func make(_ name: String) async throws -> URL {
        guard let fixture = catalogue[name] else { throw CannotMake(description: "there is no fixture called \(name)") }
        let directory = Self.directory.appending(path: try await key(of: fixture))
        let finished = directory.appending(path: name)
        if FileManager.default.fileExists(atPath: finished.path) { return finished }
        var ingredients: [String: URL] = [:]
        for ingredient in fixture.ingredients { ingredients[ingredient] = try await file(ingredient) }

        let workshop = Self.directory.appending(path: "making-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: workshop, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: workshop) }
        try await Self.build(fixture, at: workshop.appending(path: name), from: ingredients)
        do {
            try FileManager.default.moveItem(at: workshop, to: directory)
        } catch  where FileManager.default.fileExists(atPath: finished.path) {
            // Another test run was faster; its file is as good.
        }
        return finished
    }

    /// The name of the directory that holds a fixture: a digest of all that decides its bytes.
    private func key(of fixture: Fixture) async throws -> String {
        var hash = StableHash()
        hash.combine(try await ffmpegVersion())
        combine(fixture, into: &hash)
        return String(hash.value, radix: 36)
    }

    private func combine(_ fixture: Fixture, into hash: inout StableHash) {
        hash.combine(fixture.name)
        hash.combine("\(fixture.recipe)")
        if case .film(let film, _) = fixture.recipe {
            for argument in film.inputArguments { hash.combine(argument) }
        }
        for ingredient in fixture.ingredients {
            if let fixture = catalogue[ingredient] { combine(fixture, into: &hash) }
        }
    }

    /// The first line that ffmpeg says about itself.
    ///
    /// - Throws: `ChildProcess.CannotStart`.
    func ffmpegVersion() async throws -> String {
        if let version { return try await version.value }
        let task = Task<String, any Error> {
            let outcome = try await ChildProcess.run("ffmpeg", ["-version"])
            return String(outcome.output.prefix { $0 != "\n" })
        }
        version = task
        return try await task.value
    }

    private static func build(_ fixture: Fixture, at output: URL, from ingredients: [String: URL]) async throws {
        let path = { (name: String) in ingredients[name]?.path ?? name }
        switch fixture.recipe {
        case .text(let text):
            try Data(text.utf8).write(to: output)
        case .bytes(let names, let change):
            let parts = try names.map { [UInt8](try Data(contentsOf: URL(filePath: path($0)))) }
            try Data(change.apply(to: parts)).write(to: output)
        case .film(let film, let arguments):
            try await ffmpeg(
                film.inputArguments + ["-map_metadata", "-1", "-threads", "1"] + Fixture.words(arguments, path: path),
                for: fixture, at: output)
        case .remux(let arguments):
            try await ffmpeg(Fixture.words(arguments, path: path), for: fixture, at: output)
        }
    }

    private static func ffmpeg(_ arguments: [String], for fixture: Fixture, at output: URL) async throws {
        let outcome = try await Turnstile.processors.pass {
            try await ChildProcess.run(
                "ffmpeg",
                ["-hide_banner", "-nostdin", "-loglevel", "error", "-y", "-filter_threads", "1"] + arguments
                    + ["-fflags", "+bitexact", "-flags:v", "+bitexact", "-flags:a", "+bitexact", output.path])
        }
        guard outcome.isSuccess, FileManager.default.fileExists(atPath: output.path) else {
            throw CannotMake(description: "\(fixture.name): ffmpeg ended with \(outcome.ending): \(outcome.errors)")
        }
    }
}
