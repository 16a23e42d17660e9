// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import MartletModel
internal import MartletWire

/// Looks at a submission's own values, before anybody looks at files.
enum SubmissionCheck {
    /// Refuses what no coordinator can take.
    ///
    /// - Throws: `APIError` `badField`, with the field's JSON name.
    static func check(_ submission: JobSubmission) throws {
        for (name, value) in [("source", submission.source), ("output", submission.output)] {
            guard !value.isEmpty, value.utf8.count <= 4096 else {
                throw APIError.badField(name, "a path is wanted, such as `movies:film.mkv`.")
            }
            guard !value.unicodeScalars.contains(where: { $0.value < 0x20 }) else {
                throw APIError.badField(name, "a path without line breaks and other control characters is wanted.")
            }
        }
        if let name = submission.name, name.utf8.count > 1024 {
            throw APIError.badField("name", "at most 1024 bytes are kept.")
        }
        if let priority = submission.priority { _ = try self.priority(priority) }
        if let verify = submission.verify, VerificationLevel(rawValue: verify) == nil {
            let names = VerificationLevel.allCases.map(\.rawValue).joined(separator: ", ")
            throw APIError.badField("verify", "one of \(names) is wanted.")
        }
        if let seconds = submission.segmentDurationS, !(seconds > 0 && seconds <= 86_400) {
            throw APIError.badField("segment_duration_s", "more than 0 and at most 86400 seconds are wanted.")
        }
        if let start = submission.startTime, !(start >= 0 && start < 1e9) {
            throw APIError.badField("start_time", "seconds from 0 on are wanted.")
        }
        if let url = submission.callbackURL {
            let lower = url.lowercased()
            guard lower.hasPrefix("http://") || lower.hasPrefix("https://"), url.utf8.count <= 4096,
                url.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f })
            else { throw APIError.badField("callback_url", "an address with http or https is wanted.") }
        }
    }

    /// Reads a priority's name.
    ///
    /// - Throws: `APIError` `badField`.
    static func priority(_ name: String) throws -> Priority {
        guard let priority = Priority.allCases.first(where: { $0.name == name }) else {
            let names = Priority.allCases.map(\.name).joined(separator: ", ")
            throw APIError.badField("priority", "one of \(names) is wanted.")
        }
        return priority
    }
}
