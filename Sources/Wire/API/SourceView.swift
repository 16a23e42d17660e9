// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

/// A file that was sent to the coordinator, or is being sent.
package struct SourceView: Sendable, Equatable, Codable {
    /// Its name.
    package var name: String
    /// What to use as `source` of a job: `uploads:NAME`.
    package var source: String
    /// The bytes that are here.
    package var sizeBytes: Int64
    /// Whether that is all of it.
    package var isComplete: Bool

    /// The JSON names.
    enum CodingKeys: String, CodingKey {
        case name, source
        case sizeBytes = "size_bytes"
        case isComplete = "complete"
    }

    /// Makes a view.
    package init(name: String, source: String, sizeBytes: Int64, isComplete: Bool) {
        self.name = name
        self.source = source
        self.sizeBytes = sizeBytes
        self.isComplete = isComplete
    }
}
