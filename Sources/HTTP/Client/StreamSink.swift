// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import MartletPorts
internal import Synchronization

/// Passes an answer's body on as it comes.
final class StreamSink: TransferSink, @unchecked Sendable {
    /// How many bytes wait at most.
    private static let limit = 256 << 10

    private let whenBegun: @Sendable (Result<HTTPStreamedAnswer, any Error>) -> Void
    private let transfer = Mutex<Transfer?>(nil)
    private var mailbox: ByteMailbox?

    init(whenBegun: @escaping @Sendable (Result<HTTPStreamedAnswer, any Error>) -> Void) {
        self.whenBegun = whenBegun
    }

    /// Begins the call whose answer this takes.
    func start(_ transfer: Transfer) {
        self.transfer.withLock { $0 = transfer }
        transfer.start()
    }

    func begin(status: Int, headers: HTTPHeaders) {
        guard let transfer = transfer.withLock({ $0 }) else { return }
        let mailbox = ByteMailbox(limit: Self.limit) { [weak transfer] in transfer?.goOn() }
        self.mailbox = mailbox
        whenBegun(
            .success(
                HTTPStreamedAnswer(
                    status: status, headers: headers, body: AnswerBody(mailbox: mailbox, transfer: transfer))))
    }

    func take(_ bytes: UnsafeRawBufferPointer) -> Transfer.Reception {
        guard let mailbox, !mailbox.isHeldBack else { return .later }
        _ = mailbox.offer(bytes)
        return .taken
    }

    func end(_ error: (any Error)?) {
        transfer.withLock { $0 = nil }
        if let mailbox {
            mailbox.finish(error)
        } else {
            whenBegun(.failure(error ?? HTTPError(.badAnswer, "The server ended without an answer.")))
        }
    }
}

/// The body of an answer. When nobody holds it any more the call ends.
private final class AnswerBody: HTTPBody {
    private let mailbox: ByteMailbox
    private let transfer: Transfer

    init(mailbox: ByteMailbox, transfer: Transfer) {
        self.mailbox = mailbox
        self.transfer = transfer
    }

    deinit { transfer.cancel() }

    func next() async throws -> [UInt8]? { try await mailbox.next() }
}
