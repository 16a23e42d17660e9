// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletModel

/// What the file system says of a file or a directory without opening it.
package struct FileFacts: Sendable, Equatable {
    /// Whether it is a directory; everything that is neither that nor a regular file counts as absent.
    package var isDirectory: Bool
    /// Its size; 0 for directories.
    package var size: ByteCount
    /// When it was last modified, in nanoseconds since 1970.
    package var modifiedNanoseconds: Int64

    /// Makes facts from their parts.
    package init(isDirectory: Bool, size: ByteCount, modifiedNanoseconds: Int64) {
        self.isDirectory = isDirectory
        self.size = size
        self.modifiedNanoseconds = modifiedNanoseconds
    }
}

/// Something that lies in a directory.
package struct FileEntry: Sendable, Equatable {
    /// Its name, or its path below the directory that was asked for.
    package var name: String
    /// What it is.
    package var facts: FileFacts

    /// Makes an entry from its parts.
    package init(name: String, facts: FileFacts) {
        self.name = name
        self.facts = facts
    }
}

/// Looks at files from outside.
///
/// Calls block no thread of the cooperative pool. Errors are those of `FileStore`.
package protocol FileInventory: Sendable {
    /// What is at the path, links followed; `nil` when nothing is that can be read, or something odd.
    func facts(of path: String) async -> FileFacts?
    /// What lies in a directory, links followed, in any order; empty when it is missing.
    func entries(of directory: String) async throws -> [FileEntry]
    /// Every regular file below a directory, however deep; links are not followed. Empty when it is missing.
    func files(below directory: String) async throws -> [FileEntry]
    /// Sets the time of a file's last change to now; nothing happens when that cannot be done.
    func touch(_ path: String) async
}
