// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

/// Parts of files, for whoever sends them on or keeps some of a large file.
///
/// Calls that may wait for a disk for long are asynchronous, and block no
/// thread of the cooperative pool. Errors are those of `FileStore`.
package protocol FileParts: Sendable {
    /// The SHA-256 of a part of a file, 64 hexadecimal digits.
    ///
    /// - Throws: when the file ends before the part does.
    func digest(of path: String, bytes: Range<Int64>) async throws -> String
    /// The bytes of a part of a file; fewer when the file ends before.
    func read(_ path: String, bytes: Range<Int64>) async throws -> [UInt8]
    /// Makes a file of this many zero bytes that takes no space yet; replaces what is there.
    func makeSparse(_ path: String, size: Int64) throws
    /// Gives back the space of a part, whose bytes are zero from then on; does nothing where the file system cannot.
    func release(_ path: String, bytes: Range<Int64>) throws
}
