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
    private let isOwn: Bool

    /// Opens the place of an output, and makes it where missing.
    ///
    /// - Parameters:
    ///   - output: the output's path.
    ///   - chosen: the directory that the user chose; `nil` for a hidden one beside the output.
    init(output: FilePath, chosen: String?, files: any FileStore) async throws {
        directory = chosen.map { FilePath($0).text } ?? "\(output.directory)/.\(output.name).martlet"
        isOwn = chosen == nil
        self.files = files
        try files.makeDirectory(directory)
        lock = try FileLock(path: "\(directory)/lock", subject: output.text)
        store = try await SQLiteJobStore.open(path: "\(directory)/state.sqlite")
    }

    /// Forgets jobs of the same output that were asked for with other parameters, or of another source.
    func removeOthers(than job: JobID, output: String) async throws {
        for other in try await store.jobs() where other.output == output && other.id != job {
            try await store.remove(other.id)
            try files.remove("\(directory)/\(other.id)")
        }
    }

    /// Removes what is left of a finished job, and the whole place when nobody else chose it.
    func clear(_ job: JobID) async throws {
        try await store.remove(job)
        try files.remove("\(directory)/\(job)")
        if isOwn { try files.remove(directory) }
    }
}
