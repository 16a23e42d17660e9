// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletModel
import MartletWire

/// Finds jobs and workers by the beginning of their names.
struct NameSearch {
    /// Where to look.
    var client: ClusterClient

    /// The job that is meant.
    ///
    /// - Throws: `ClusterError`, when none is or several may be; what the client throws.
    func job(_ text: String) async throws -> JobView {
        do { return try await client.job(JobID(text)) } catch let error as AttemptFailure
            where error.code == "coordinator.unknown_job" || error.code == "api.not_found"
        {
            let matches = try await client.jobs(limit: .max).filter { $0.id.text.hasPrefix(text) }
            return try only(matches, of: text, name: \.id.text, kind: "job", list: "martlet jobs --all")
        }
    }

    /// The worker that is meant.
    ///
    /// - Throws: as for a job.
    func worker(_ text: String) async throws -> WorkerView {
        let workers = try await client.workers()
        if let worker = workers.first(where: { $0.id.text == text }) { return worker }
        let matches = workers.filter { $0.id.text.hasPrefix(text) }
        return try only(matches, of: text, name: \.id.text, kind: "worker", list: "martlet workers")
    }

    private func only<Item>(
        _ matches: [Item], of text: String, name: (Item) -> String, kind: String, list: String
    ) throws -> Item {
        guard let first = matches.first else {
            throw ClusterError(
                .unknownName, "There is no \(kind) whose name begins with `\(text)`.", advice: "`\(list)` lists all.")
        }
        guard matches.count == 1 else {
            let names = matches.prefix(4).map(name).joined(separator: ", ") + (matches.count > 4 ? ", ..." : "")
            throw ClusterError(
                .ambiguousName, "`\(text)` may be one of \(Figures.count(matches.count, kind)): \(names).",
                advice: "Write more of the name.")
        }
        return first
    }
}
