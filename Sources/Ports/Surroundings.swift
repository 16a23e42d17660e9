// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletModel

/// Tells the time and waits.
package protocol TimeSource: Sendable {
    /// A reading of the monotonic clock.
    func now() -> Moment
    /// The wall clock, in milliseconds since 1970: for records, never for decisions.
    func wallMilliseconds() -> Int64
    /// Waits until the monotonic clock reads `deadline`.
    ///
    /// - Throws: `CancellationError` when the calling task is cancelled.
    func sleep(until deadline: Moment) async throws
}

/// Files on a disk, published by rename only.
///
/// Calls that may wait for a disk for long are asynchronous, and block no
/// thread of the cooperative pool.
package protocol FileStore: Sendable {
    /// Makes the directory and its parents where missing.
    func makeDirectory(_ path: String) throws
    /// Whether something is at the path.
    func exists(_ path: String) -> Bool
    /// Makes the file durable (fsync of file and directory) and renames it; replaces what is there.
    func publish(_ temporary: String, as final: String) async throws
    /// Removes a file or a whole directory; nothing happens when it is missing.
    func remove(_ path: String) throws
    /// The names in a directory, in any order; empty when it is missing.
    func list(_ path: String) throws -> [String]
    /// The size of a file.
    func size(of path: String) throws -> ByteCount
    /// The SHA-256 of a file's content, 64 hexadecimal digits; reads it once, a block at a time.
    func digest(of path: String) async throws -> String
    /// The SHA-256 of bytes in memory, 64 hexadecimal digits.
    func digest(of bytes: [UInt8]) -> String
    /// The content of a text file; what is not UTF-8 is replaced.
    func text(of path: String) async throws -> String
    /// Which content a path holds.
    func fingerprint(of path: String) async throws -> Fingerprint
    /// Writes bytes into a file from an offset on, and makes the file where missing.
    func write(_ bytes: [UInt8], to path: String, at offset: Int64) async throws
    /// The path without symbolic links; for a file that is not there yet, that of its directory and the name.
    ///
    /// - Throws: when not even the directory is there.
    func canonical(_ path: String) throws -> String
    /// The bytes that can still be written next to the path.
    func freeSpace(at path: String) throws -> ByteCount
}

/// What the machine has.
package struct MachineFacts: Sendable, Equatable, Codable {
    /// Processors that this process may use.
    package var processors: Int
    /// All memory, or the control group's limit where that is smaller.
    package var memory: ByteCount
    /// The operating system, such as `Linux 6.1.0`.
    package var operatingSystem: String
    /// The host's name.
    package var hostName: String

    /// Makes facts from their parts.
    package init(processors: Int, memory: ByteCount, operatingSystem: String, hostName: String) {
        self.processors = processors
        self.memory = memory
        self.operatingSystem = operatingSystem
        self.hostName = hostName
    }
}
