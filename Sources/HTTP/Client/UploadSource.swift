// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import Glibc
internal import MartletPorts

/// What a call sends.
final class UploadSource {
    private enum Content {
        case bytes([UInt8])
        case file(descriptor: Int32, start: Int64)
    }

    private let content: Content
    /// How many bytes there are.
    let count: Int64
    private var position: Int64 = 0

    /// Opens what is to be sent; `nil` when there is nothing.
    ///
    /// - Throws: `HTTPError` (`unreadable`).
    init?(_ body: HTTPCall.Body) throws {
        switch body {
        case .none: return nil
        case .bytes(let bytes):
            content = .bytes(bytes)
            count = Int64(bytes.count)
        case .file(let path, let range):
            let descriptor = open(path, O_RDONLY | O_CLOEXEC)
            guard descriptor >= 0 else {
                throw HTTPError(.unreadable, "\(path) cannot be read: \(String(cString: strerror(errno))).")
            }
            content = .file(descriptor: descriptor, start: range.lowerBound)
            count = Int64(range.count)
        }
    }

    deinit {
        if case .file(let descriptor, _) = content { close(descriptor) }
    }

    /// Goes to a position, to send from there again.
    func seek(to position: Int64) { self.position = position }

    /// Fills `buffer` with the next bytes.
    ///
    /// - Returns: how many; 0 at the end; `nil` when the file is shorter than it was or cannot be read.
    func read(into buffer: UnsafeMutableRawBufferPointer) -> Int? {
        let wanted = Int(min(Int64(buffer.count), count - position))
        guard wanted > 0 else { return 0 }
        switch content {
        case .bytes(let bytes):
            bytes.withUnsafeBytes { bytes in
                buffer.copyMemory(
                    from: UnsafeRawBufferPointer(rebasing: bytes[Int(position)..<Int(position) + wanted]))
            }
            position += Int64(wanted)
            return wanted
        case .file(let descriptor, let start):
            let got = pread(descriptor, buffer.baseAddress, wanted, Int(start + position))
            guard got > 0 else { return nil }
            position += Int64(got)
            return got
        }
    }
}
