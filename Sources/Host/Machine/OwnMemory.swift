// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import CMemory

/// The memory of this process.
package enum OwnMemory {
    /// Makes freed memory go back to the system, and gives back pages of code that only work done before needed.
    ///
    /// Call it before anything is read, and where the work changes: what is still in use is
    /// mapped again on the next touch. FFmpeg's libraries bring well over a hundred others
    /// along; afterwards those that are not used take no memory. About 2 ms.
    ///
    /// - Parameter arenas: how many threads can allocate at the same moment; each costs some memory.
    package static func settle(arenas: Int = 1) {
        martlet_return_freed_blocks(Int32(clamping: arenas))
        martlet_release_library_pages()
    }
}
