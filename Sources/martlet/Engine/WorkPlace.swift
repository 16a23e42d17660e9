// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletHost
import MartletModel
import MartletPorts
import MartletSQLiteStore

/// The directory where one output's jobs keep their state and segments.
///
/// One process at a time works in it; another gets an error that names the holder.
struct WorkPlace {
    /// The directory.
    let directory: String
    /// The records.
    let store: SQLiteJobStore
    private let lock: FileLock
    private let files: any FileStore

    /// Opens the place of an output, and makes it where missing.
    ///
    /// - Parameters:
    ///   - output: the output's path.
    ///   - chosen: the directory that the user chose to have it in; `nil` for beside the output, hidden.
    init(output: FilePath, chosen: String?, files: any FileStore) async throws {
        directory = Self.directory(of: output, chosen: chosen)
        self.files = files
        try files.makeDirectory(directory)
        lock = try FileLock(path: "\(directory)/lock", subject: output.text)
        store = try await SQLiteJobStore.open(path: Self.records(in: directory))
    }

    /// Whether an output's place has been opened before.
    static func isThere(for output: FilePath, chosen: String?, files: any FileStore) -> Bool {
        files.exists(records(in: directory(of: output, chosen: chosen)))
    }

    /// Each output has a place of its own in a chosen directory too: others may work there at the same time.
    private static func directory(of output: FilePath, chosen: String?) -> String {
        guard let chosen else {
            let name = ".\(output.name).martlet"
            return output.directory + "/"
                + (name.utf8.count <= longestName ? name : ".\(shortName(of: output)).martlet")
        }
        return FilePath(chosen).text + "/" + shortName(of: output) + ".martlet"
    }

    /// What a file system takes as the name of a file, in bytes.
    private static let longestName = 255

    /// The output's name, cut where it is long, with a mark that no other path shares.
    private static func shortName(of output: FilePath) -> String {
        var name = ""
        for character in output.name where name.utf8.count + String(character).utf8.count <= 200 {
            name.append(character)
        }
        var hash = StableHash()
        hash.combine(output.text)
        return name + "." + String(hash.value, radix: 16)
    }

    private static func records(in directory: String) -> String { "\(directory)/state.sqlite" }

    /// Where a job keeps the copy with one clock of a source whose clock jumps.
    func copy(for job: JobID) -> String { "\(directory)/\(job)\(Self.copySuffix)" }

    /// Where a job of an output keeps that copy; the place need not be there.
    static func copy(for job: JobID, output: FilePath, chosen: String?) -> String {
        "\(directory(of: output, chosen: chosen))/\(job)\(copySuffix)"
    }

    private static let copySuffix = ".source.mkv"

    /// Whether a job was begun here.
    func knows(_ job: JobID) async throws -> Bool { try await store.job(job) != nil }

    /// Whether a job's output is what the job put in place itself, before its process ended too early to say so.
    func hasFinished(_ job: JobID) async throws -> Bool {
        guard let known = try await store.job(job), let publication = known.publication else { return false }
        return (try? await files.fingerprint(of: known.output)) == publication.fingerprint
    }

    /// Removes a place in which nothing is kept.
    func leave() async throws {
        if try await store.jobs().isEmpty { try files.remove(directory) }
    }

    /// Forgets jobs of the same output that were asked for with other parameters, or of another source.
    func removeOthers(than job: JobID, output: String) async throws {
        for other in try await store.jobs() where other.output == output && other.id != job {
            try files.remove(other.temporaryOutput)
            try files.remove("\(directory)/\(other.id)")
            try await store.remove(other.id)
        }
        let known = Set(try await store.jobs().map(\.id) + [job])
        for name in try files.list(directory) {
            guard let mark = name.firstRange(of: Self.copySuffix) else { continue }
            if !known.contains(JobID(String(name[..<mark.lowerBound]))) { try files.remove("\(directory)/\(name)") }
        }
    }

    /// Removes what is left of a finished job, and its place.
    ///
    /// What is known of the job goes last: a process that ends in the middle is then gone on with.
    func clear(_ job: JobID) async throws {
        try files.remove("\(directory)/\(job)")
        try files.remove(copy(for: job))
        try await store.remove(job)
        try files.remove(directory)
    }
}
