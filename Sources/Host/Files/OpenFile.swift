// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import Glibc

/// An open descriptor of a file or directory, closed when released.
final class OpenFile {
    /// The path that was opened.
    let path: String
    /// The descriptor; closes on exec.
    let descriptor: Int32

    /// Opens the path for reading.
    ///
    /// - Parameter operation: what it is opened for; named by errors.
    init(reading path: String, for operation: HostError.Operation = .read) throws(HostError) {
        // A FIFO without a writer must not hold this up.
        descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw HostError(errno: errno, operation, path: path) }
        self.path = path
    }

    /// Opens the path for writing; makes the file where missing.
    init(writing path: String) throws(HostError) {
        descriptor = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw HostError(errno: errno, .write, path: path) }
        self.path = path
    }

    deinit { close(descriptor) }

    /// What the system knows of the file.
    func status() throws(HostError) -> stat {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw HostError(errno: errno, .read, path: path) }
        return status
    }

    /// Makes the content durable, as far as the file system can.
    func synchronize() throws(HostError) {
        // Some network file systems know no such call for directories.
        guard fsync(descriptor) == 0 || errno == EINVAL || errno == ENOTSUP else {
            throw HostError(errno: errno, .write, path: path)
        }
    }

    /// Fills the buffer from `offset` on; returns how many bytes there were.
    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int64) throws(HostError) -> Int {
        var total = 0
        while total < buffer.count {
            let count = pread(
                descriptor, buffer.baseAddress.map { $0 + total }, buffer.count - total, off_t(offset) + total)
            if count < 0 {
                if errno == EINTR { continue }
                throw HostError(errno: errno, .read, path: path)
            }
            if count == 0 { break }
            total += count
        }
        return total
    }

    /// Writes all bytes from `offset` on.
    func write(_ bytes: [UInt8], at offset: Int64) throws(HostError) {
        var total = 0
        while total < bytes.count {
            let count = bytes.withUnsafeBytes { buffer in
                pwrite(descriptor, buffer.baseAddress.map { $0 + total }, buffer.count - total, off_t(offset) + total)
            }
            if count < 0 {
                if errno == EINTR { continue }
                throw HostError(errno: errno, .write, path: path)
            }
            total += count
        }
    }
}
