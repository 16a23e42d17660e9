// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import MartletPorts

/// Keeps an answer in memory.
final class CollectingSink: TransferSink, @unchecked Sendable {
    private let limit: Int
    private let whenOver: @Sendable (Result<HTTPAnswer, any Error>) -> Void
    private var answer = HTTPAnswer(status: 0)

    init(limit: Int, whenOver: @escaping @Sendable (Result<HTTPAnswer, any Error>) -> Void) {
        self.limit = limit
        self.whenOver = whenOver
    }

    func begin(status: Int, headers: HTTPHeaders) {
        answer.status = status
        answer.headers = headers
    }

    func take(_ bytes: UnsafeRawBufferPointer) -> Transfer.Reception {
        guard answer.body.count + bytes.count <= limit else {
            return .refused(HTTPError(.badAnswer, "The server answered with more than \(limit) bytes."))
        }
        answer.body.append(contentsOf: bytes)
        return .taken
    }

    func end(_ error: (any Error)?) { whenOver(error.map { .failure($0) } ?? .success(answer)) }
}
