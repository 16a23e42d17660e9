// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import Foundation
import Glibc
import MartletTestKit
import Testing

/// A small file system in memory that one process alone sees, in a mount namespace of its own.
struct PrivateDisk: Sendable {
    /// Where the process sees it.
    let path: String
    /// Runs the process.
    let wrapper: [String]

    /// Whether this process may make one.
    static var isPermitted: Bool {
        get async {
            guard let directory = try? TemporaryDirectory() else { return false }
            let disk = PrivateDisk(at: directory.path, megabytes: 1)
            let outcome = try? await ChildProcess.run(disk.wrapper[0], disk.wrapper.dropFirst() + ["true"])
            return withExtendedLifetime(directory) { outcome?.isSuccess == true }
        }
    }

    /// Describes a disk; it is made when the wrapper runs, and goes with its process.
    ///
    /// - Parameter path: a directory, which must be there.
    init(at path: String, megabytes: Int) {
        self.path = path
        wrapper = [
            "unshare", "--mount", "--propagation", "private", "sh", "-c",
            "mount -t tmpfs -o size=\(megabytes)m martlet '\(path)' && exec \"$@\"", "sh",
        ]
    }

    /// Where this process sees what the other one sees at `path`.
    func path(through process: MartletProcess) throws -> String {
        "/proc/\(try #require(process.handle).processID)/root\(path)"
    }

    /// Fills it up.
    ///
    /// - Parameter leaving: how many megabytes stay free.
    func fill(leaving megabytes: Int, of process: MartletProcess) throws {
        let path = try path(through: process)
        let file = open(path + "/filler", O_CREAT | O_RDWR | O_CLOEXEC, 0o600)
        try #require(file >= 0)
        defer { close(file) }
        // Others may write meanwhile, so that there is less than there was just now.
        for _ in 0..<100 {
            var facts = statvfs()
            try #require(statvfs(path, &facts) == 0)
            let free = Int(facts.f_bavail) * Int(facts.f_frsize) - megabytes << 20
            if free <= 0 || posix_fallocate(file, 0, free) == 0 { return }
        }
        Issue.record("\(path) was not filled")
    }

    /// Takes away what filled it.
    func free(of process: MartletProcess) throws {
        try FileManager.default.removeItem(atPath: try path(through: process) + "/filler")
    }
}
