// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import Foundation

/// Looks for processes that a test may have left behind.
package enum RunningPrograms {
    /// The ids of living processes with `text` in their command line, this one excepted.
    package static func mentioning(_ text: String) -> [Int32] {
        let entries = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return entries.compactMap { Int32($0) }.filter { processID in
            processID != ProcessInfo.processInfo.processIdentifier
                && FileManager.default.contents(atPath: "/proc/\(processID)/cmdline")
                    .map { String(decoding: $0, as: UTF8.self).contains(text) } ?? false
        }
    }

    /// Waits until no process mentions `text`; `false` when `limit` passes first.
    ///
    /// The end of a process that is not a child can only be asked for.
    package static func areGone(mentioning text: String, within limit: Duration = .seconds(10)) async -> Bool {
        let end = ContinuousClock.now + limit
        while !mentioning(text).isEmpty {
            guard ContinuousClock.now < end else { return false }
            try? await Task.sleep(for: .milliseconds(20))
        }
        return true
    }
}
