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

    /// The command line of a process; empty when it is gone.
    package static func command(of processID: Int32) -> String {
        let words = FileManager.default.contents(atPath: "/proc/\(processID)/cmdline")?.split(separator: 0) ?? []
        return words.map { String(decoding: $0, as: UTF8.self) }.joined(separator: " ")
    }

    /// The ids of the processes that `parent` has started and that still run, in ascending order.
    package static func children(of parent: Int32) -> [Int32] {
        let entries = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return entries.compactMap { Int32($0) }.filter { processID in
            guard let data = FileManager.default.contents(atPath: "/proc/\(processID)/stat") else { return false }
            // "12 (any name) S 3 ...": the name may hold anything.
            let fields = String(decoding: data, as: UTF8.self).split(separator: ")").last?.split(separator: " ") ?? []
            return fields.count > 1 && fields[0] != "Z" && Int32(fields[1]) == parent
        }.sorted()
    }

    /// Waits until no process mentions `text`; `false` when `limit` passes first.
    ///
    /// The end of a process that is not a child can only be asked for.
    package static func areGone(mentioning text: String, within limit: Duration = .seconds(60)) async -> Bool {
        let end = ContinuousClock.now + limit
        while !mentioning(text).isEmpty {
            guard ContinuousClock.now < end else { return false }
            try? await Task.sleep(for: .milliseconds(20))
        }
        return true
    }
}
