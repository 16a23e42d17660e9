// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import Foundation
import Glibc

/// The processes that read, join and check films for a coordinator.
enum MediaChildren {
    /// Stops the next one with SIGSTOP, as soon as it exists.
    ///
    /// - Parameter skipped: how many are let pass before.
    /// - Returns: a task with its id; it must be cancelled when it is of no use any more.
    static func stopNext(of coordinator: Int32, after skipped: Int = 0) -> Task<Int32, any Error> {
        let known = Set(current(of: coordinator))
        return Task.detached {
            var (seen, left) = (known, skipped)
            while true {
                for child in current(of: coordinator) where seen.insert(child).inserted {
                    if left == 0 {
                        kill(child, SIGSTOP)
                        return child
                    }
                    left -= 1
                }
                // Nobody tells of other processes' children: they can only be asked for.
                try await Task.sleep(for: .milliseconds(1))
            }
        }
    }

    private static func current(of coordinator: Int32) -> [Int32] {
        let threads = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(coordinator)/task")) ?? []
        let children = threads.flatMap { thread in
            text("/proc/\(coordinator)/task/\(thread)/children").split(separator: " ").compactMap { Int32($0) }
        }
        return children.filter { text("/proc/\($0)/cmdline").contains("media-child") }
    }

    private static func text(_ path: String) -> String {
        FileManager.default.contents(atPath: path).map { String(decoding: $0, as: UTF8.self) } ?? ""
    }
}
