// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import CSpawn
internal import Glibc

/// What lies below a path.
package enum FileSystem {
    /// The file systems that other machines do not write to: ext2 to 4, XFS, Btrfs, tmpfs, overlay, ZFS, F2FS, bcachefs.
    ///
    /// Source: <https://man7.org/linux/man-pages/man2/statfs.2.html>
    private static let local: Set<Int> = [
        0xef53, 0x5846_5342, 0x9123_683e, 0x0102_1994, 0x794c_7630, 0x2fc1_2fc1, 0xf2f5_2010, 0xca45_1a4e,
    ]

    /// Whether a path lies on a disk of this machine alone; `false` also where that is not known.
    package static func isOwn(_ path: String) -> Bool {
        var facts = statfs()
        guard statfs(path, &facts) == 0 else { return false }
        return local.contains(Int(facts.f_type) & 0xffff_ffff)
    }
}
