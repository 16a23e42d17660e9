// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import Foundation
import Synchronization

/// A control group whose processes the kernel kills when they take too much memory.
final class MemoryCage: Sendable {
    /// The file that takes the ids of processes.
    var processes: String { path + "/cgroup.procs" }

    private static let made = Mutex(0)
    private let path: String
    private let isUnified: Bool

    /// Whether this process may make one.
    static var isPossible: Bool { MemoryCage(megabytes: 6) != nil }

    /// Makes it; `nil` where the system does not allow that.
    init?(megabytes: Int) {
        let number = Self.made.withLock { made in
            made += 1
            return made
        }
        let name = "martlet-test-\(ProcessInfo.processInfo.processIdentifier)-\(number)"
        let files = FileManager.default
        isUnified = files.fileExists(atPath: "/sys/fs/cgroup/cgroup.controllers")
        path = isUnified ? "/sys/fs/cgroup/\(name)" : "/sys/fs/cgroup/memory/\(name)"
        if isUnified { Self.write("+memory", to: "/sys/fs/cgroup/cgroup.subtree_control") }
        guard (try? files.createDirectory(atPath: path, withIntermediateDirectories: false)) != nil else { return nil }
        let limit = "\(megabytes << 20)"
        // What cannot be swapped out must be taken back by killing.
        for (file, value) in isUnified ? [("memory.swap.max", "0")] : [("memory.swappiness", "0")] {
            Self.write(value, to: "\(path)/\(file)")
        }
        guard Self.write(limit, to: path + (isUnified ? "/memory.max" : "/memory.limit_in_bytes")),
            files.isWritableFile(atPath: processes)
        else {
            remove()
            return nil
        }
    }

    deinit { remove() }

    /// How many processes were killed for their memory.
    var kills: Int {
        let file = isUnified ? "memory.events" : "memory.oom_control"
        let text = (try? String(contentsOfFile: "\(path)/\(file)", encoding: .utf8)) ?? ""
        let line = text.split(separator: "\n").first { $0.hasPrefix("oom_kill ") }
        return line.flatMap { Int($0.dropFirst(9)) } ?? 0
    }

    private func remove() { rmdir(path) }

    @discardableResult
    private static func write(_ text: String, to path: String) -> Bool {
        guard let file = FileHandle(forWritingAtPath: path) else { return false }
        return (try? file.write(contentsOf: Data(text.utf8))) != nil
    }
}
