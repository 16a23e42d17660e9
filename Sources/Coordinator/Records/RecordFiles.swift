// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletPorts
internal import MartletWire

/// Small records that outlive the process, one JSON file each.
///
/// Changes take effect in the order in which they were asked for.
package actor RecordFiles<Record: Codable & Sendable> {
    private let directory: String
    private let files: any FileStore
    /// The end of the change that was asked for last.
    private var latest: Task<Void, Never>?

    /// Makes it; the directory is made when it is needed.
    package init(in directory: String, files: any FileStore) {
        self.directory = directory
        self.files = files
    }

    /// Keeps a record under a name, in place of the one before; durable when this returns.
    ///
    /// - Parameter name: safe in a path.
    package func keep(_ record: Record, as name: String) async throws {
        let (files, directory) = (files, directory)
        let bytes = try JSONText.bytes(record)
        try await inOrder {
            let temporary = "\(directory)/\(name).new"
            try files.makeDirectory(directory)
            try files.remove(temporary)
            try await files.write(bytes, to: temporary, at: 0)
            try await files.publish(temporary, as: "\(directory)/\(name).json")
        }
    }

    /// Forgets a record; nothing happens when there is none.
    package func forget(_ name: String) async throws {
        let (files, path) = (files, "\(directory)/\(name).json")
        try await inOrder { try files.remove(path) }
    }

    /// All records, by name; what cannot be read is left out.
    package func all() async throws -> [(name: String, record: Record)] {
        var records: [(name: String, record: Record)] = []
        for file in try files.list(directory).sorted() where file.hasSuffix(".json") {
            let text = try await files.text(of: "\(directory)/\(file)")
            guard let record = try? JSONText.value(Record.self, from: Array(text.utf8)) else { continue }
            records.append((String(file.dropLast(5)), record))
        }
        return records
    }

    private func inOrder(_ change: @escaping @Sendable () async throws -> Void) async throws {
        let before = latest
        let own = Task {
            await before?.value
            try await change()
        }
        latest = Task { _ = await own.result }
        try await own.value
    }
}
