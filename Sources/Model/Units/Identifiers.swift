// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

/// Names one job. Safe in a path: lower-case letters, digits and `-`.
package struct JobID: Hashable, Sendable, Codable, CustomStringConvertible {
    /// The text form.
    package let text: String
    /// Takes `text` as it is.
    package init(_ text: String) { self.text = text }
    package var description: String { text }
    package init(from decoder: any Decoder) throws { text = try decoder.singleValueContainer().decode(String.self) }
    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(text)
    }
}

/// Names one task within its job, in words: `video-0007`, `audio-0`, `assemble`. Safe in a path.
package struct TaskID: Hashable, Comparable, Sendable, Codable, CustomStringConvertible {
    /// The text form.
    package let text: String
    /// The one task of a job that is a stream.
    package static let stream = TaskID("stream")
    /// Takes `text` as it is.
    package init(_ text: String) { self.text = text }
    package var description: String { text }
    package static func < (left: TaskID, right: TaskID) -> Bool { left.text < right.text }
    package init(from decoder: any Decoder) throws { text = try decoder.singleValueContainer().decode(String.self) }
    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(text)
    }
}

/// Names one worker, usually by its host's name.
package struct WorkerID: Hashable, Comparable, Sendable, Codable, CustomStringConvertible {
    /// The text form.
    package let text: String
    /// Takes `text` as it is.
    package init(_ text: String) { self.text = text }
    package var description: String { text }
    package static func < (left: WorkerID, right: WorkerID) -> Bool { left.text < right.text }
    package init(from decoder: any Decoder) throws { text = try decoder.singleValueContainer().decode(String.self) }
    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(text)
    }
}

/// The fencing number of a lease: it only grows, and a result with an old one is refused.
package struct Epoch: Hashable, Comparable, Sendable, Codable {
    /// The number, `1` for the first lease of a task.
    package var number: Int
    /// Makes the epoch `number`.
    package init(_ number: Int) { self.number = number }
    /// The next epoch.
    package var next: Epoch { Epoch(number + 1) }
    package static func < (left: Epoch, right: Epoch) -> Bool { left.number < right.number }
}
