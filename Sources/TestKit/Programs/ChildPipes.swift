// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import Foundation
import Glibc

/// The two channels through which a child's output and errors are read.
struct ChildPipes {
    private var outputReading: Int32
    private var errorReading: Int32
    /// The end that becomes the child's standard output.
    private(set) var outputWriting: Int32
    /// The end that becomes the child's standard error.
    private(set) var errorWriting: Int32

    /// Opens both; no other child inherits them.
    init() throws {
        (outputReading, outputWriting) = try Self.pair()
        do {
            (errorReading, errorWriting) = try Self.pair()
        } catch {
            Glibc.close(outputReading)
            Glibc.close(outputWriting)
            throw error
        }
    }

    /// A socket pair in the place of a pipe: it alone can be made so that no
    /// child started at the same moment inherits it (`pipe2` is hidden from Swift).
    private static func pair() throws -> (reading: Int32, writing: Int32) {
        var ends: [Int32] = [-1, -1]
        let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        guard socketpair(AF_UNIX, kind, 0, &ends) == 0 else {
            throw ChildProcess.CannotStart(description: "cannot make a pipe: \(String(cString: strerror(errno)))")
        }
        return (ends[0], ends[1])
    }

    /// Whether either pipe can still bring something.
    var isOpen: Bool { outputReading >= 0 || errorReading >= 0 }

    /// Waits for bytes or for the end of a pipe, at most `limit`, and adds what came.
    mutating func read(within limit: Duration, into output: inout [UInt8], _ errors: inout [UInt8]) {
        var waiting = [
            pollfd(fd: outputReading, events: Int16(POLLIN), revents: 0),
            pollfd(fd: errorReading, events: Int16(POLLIN), revents: 0),
        ]
        let milliseconds = limit.components.seconds * 1000 + limit.components.attoseconds / 1_000_000_000_000_000
        guard poll(&waiting, 2, Int32(clamping: milliseconds + 1)) > 0 else { return }
        if waiting[0].revents != 0 { Self.take(from: &outputReading, into: &output) }
        if waiting[1].revents != 0 { Self.take(from: &errorReading, into: &errors) }
    }

    private static func take(from descriptor: inout Int32, into bytes: inout [UInt8]) {
        let count = withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 1 << 16) { buffer in
            let count = Glibc.read(descriptor, buffer.baseAddress, buffer.count)
            if count > 0 { bytes.append(contentsOf: buffer[..<count]) }
            return count
        }
        if count == 0 || (count < 0 && errno != EINTR && errno != EAGAIN) { close(&descriptor) }
    }

    /// Closes this process's copies of the child's ends.
    mutating func closeWritingEnds() {
        Self.close(&outputWriting)
        Self.close(&errorWriting)
    }

    /// Closes everything that is still open.
    mutating func closeAll() {
        closeWritingEnds()
        Self.close(&outputReading)
        Self.close(&errorReading)
    }

    private static func close(_ descriptor: inout Int32) {
        if descriptor >= 0 { Glibc.close(descriptor) }
        descriptor = -1
    }
}
