// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import CSpawn
internal import Glibc

/// The reading end of one of a child's output streams.
struct OutputPipe {
    /// The descriptor; -1 once closed.
    private(set) var reader: Int32

    /// Makes a pipe, and returns its writing end too; both close on exec, and
    /// only the reading end never blocks.
    static func make() throws(HostError) -> (pipe: OutputPipe, writer: Int32) {
        var (reader, writer): (Int32, Int32) = (-1, -1)
        let failure = martlet_pipe(&reader, &writer)
        guard failure == 0 else { throw HostError(errno: failure, .start, path: "a pipe") }
        return (OutputPipe(reader: reader), writer)
    }

    /// Whether there may be more to read.
    var isOpen: Bool { reader >= 0 }

    /// Reads one buffer full and hands it on; closes at the end of the stream.
    /// Returns how many bytes came.
    mutating func read(into buffer: UnsafeMutableRawBufferPointer, _ consume: ([UInt8]) -> Void) -> Int {
        guard isOpen else { return 0 }
        let count = Glibc.read(reader, buffer.baseAddress, buffer.count)
        if count > 0 {
            consume([UInt8](buffer[..<count]))
            return count
        }
        if count == 0 || (errno != EAGAIN && errno != EINTR) { close() }
        return 0
    }

    /// Closes the descriptor.
    mutating func close() {
        guard isOpen else { return }
        Glibc.close(reader)
        reader = -1
    }
}
