// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import Glibc

/// Which file is at a path; another one that takes its place has another mark.
struct FileMark: Equatable {
    private let device: UInt
    private let node: UInt
    private let modified: Int

    /// Looks at a path; `nil` when nothing is there.
    init?(of path: String) {
        var facts = stat()
        guard stat(path, &facts) == 0 else { return nil }
        device = facts.st_dev
        node = facts.st_ino
        modified = facts.st_mtim.tv_sec &* 1_000_000_000 &+ facts.st_mtim.tv_nsec
    }
}
