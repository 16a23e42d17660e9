// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import Glibc
internal import MartletPorts

/// Writes the body of a good answer to a file, and keeps that of an error in memory.
final class FileSink: TransferSink, @unchecked Sendable {
    /// How much of an error's body is kept.
    private static let errorLimit = 1 << 20

    private let path: String
    private let descriptor: Int32
    private var offset: Int64
    private let whenOver: @Sendable (Result<HTTPAnswer, any Error>) -> Void
    private var answer = HTTPAnswer(status: 0)

    /// Opens the file, which must be there.
    ///
    /// - Throws: `HTTPError` (`unwritable`).
    init(
        path: String, offset: Int64, whenOver: @escaping @Sendable (Result<HTTPAnswer, any Error>) -> Void
    ) throws {
        descriptor = open(path, O_WRONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Self.failure(path) }
        self.path = path
        self.offset = offset
        self.whenOver = whenOver
    }

    deinit { close(descriptor) }

    func begin(status: Int, headers: HTTPHeaders) {
        answer.status = status
        answer.headers = headers
    }

    func take(_ bytes: UnsafeRawBufferPointer) -> Transfer.Reception {
        guard answer.status < 300 else {
            answer.body.append(contentsOf: bytes.prefix(Self.errorLimit - answer.body.count))
            return .taken
        }
        var written = 0
        while written < bytes.count {
            let count = pwrite(descriptor, bytes.baseAddress?.advanced(by: written), bytes.count - written, Int(offset))
            guard count > 0 || errno == EINTR else { return .refused(Self.failure(path)) }
            written += max(0, count)
            offset += Int64(max(0, count))
        }
        return .taken
    }

    func end(_ error: (any Error)?) { whenOver(error.map { .failure($0) } ?? .success(answer)) }

    private static func failure(_ path: String) -> HTTPError {
        HTTPError(.unwritable, "\(path) cannot be written: \(String(cString: strerror(errno))).")
    }
}
