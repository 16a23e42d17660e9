// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import MartletPorts
internal import Synchronization

/// Bytes on their way from a loop's thread to the one task that reads them, with room for a few.
///
/// Whoever fills it stops when it is full, and is called when its bytes are wanted
/// again.
final class ByteMailbox: HTTPBody, Sendable {
    private struct Contents {
        var bytes: [UInt8] = []
        var ending: Result<Void, any Error>?
        var reader: CheckedContinuation<[UInt8]?, any Error>?
        /// The filler waits until somebody asks.
        var isHeldBack: Bool
        var isDropped = false

        /// A waiting reader and the bytes for it, taken out.
        mutating func delivery() -> (Reader, [UInt8])? {
            guard let reader, !bytes.isEmpty else { return nil }
            defer { (self.reader, bytes) = (nil, []) }
            return (reader, bytes)
        }
    }

    private let contents: Mutex<Contents>
    private let limit: Int
    private let portion: Int
    private let wanted: @Sendable () -> Void

    /// Makes an empty one.
    ///
    /// - Parameters:
    ///   - limit: above how many bytes the filler is held back.
    ///   - portion: how many bytes a waiting reader is woken for; fewer are its own by `giveRest` or at the end.
    ///   - isHeldBack: whether the filler waits for the first question, too.
    ///   - wanted: called on any thread when a held-back filler may go on.
    init(limit: Int, portion: Int = 1, isHeldBack: Bool = false, wanted: @escaping @Sendable () -> Void) {
        contents = Mutex(Contents(isHeldBack: isHeldBack))
        self.limit = limit
        self.portion = min(portion, limit)
        self.wanted = wanted
    }

    /// Whether the filler must wait.
    var isHeldBack: Bool { contents.withLock { $0.isHeldBack } }

    /// Puts bytes in; `false` when the filler is to wait now.
    func offer(_ bytes: UnsafeRawBufferPointer) -> Bool {
        let (reader, block, goesOn) = contents.withLock { contents in
            guard !contents.isDropped, contents.ending == nil else { return (nil as Reader?, nil as [UInt8]?, true) }
            if contents.bytes.isEmpty, portion > bytes.count { contents.bytes.reserveCapacity(portion + bytes.count) }
            contents.bytes.append(contentsOf: bytes)
            if contents.bytes.count >= portion, let (reader, block) = contents.delivery() {
                return (reader, block, true)
            }
            contents.isHeldBack = contents.bytes.count >= limit
            return (nil, nil, !contents.isHeldBack)
        }
        reader?.resume(returning: block)
        return goesOn
    }

    /// Whether a reader waits while there are bytes, too few to wake it for.
    var owesRest: Bool { contents.withLock { $0.reader != nil && !$0.bytes.isEmpty } }

    /// Gives a waiting reader what there is; nothing happens when there is nothing.
    func giveRest() {
        let delivery = contents.withLock { $0.delivery() }
        if let (reader, block) = delivery { reader.resume(returning: block) }
    }

    /// Nothing more comes: the end, or with an error the break.
    func finish(_ error: (any Error)? = nil) {
        giveRest()
        let reader = contents.withLock { contents -> Reader? in
            guard contents.ending == nil else { return nil }
            contents.ending = error.map { .failure($0) } ?? .success(())
            defer { contents.reader = nil }
            return contents.reader
        }
        if let error { reader?.resume(throwing: error) } else { reader?.resume(returning: nil) }
    }

    /// Nobody is to read any more: what comes is thrown away, and whoever reads all the same fails.
    func drop() {
        contents.withLock { $0.bytes = [] }
        finish(HTTPError(.closed, "The request was answered before its body was read."))
        contents.withLock { contents in
            contents.isDropped = true
            contents.isHeldBack = false
        }
    }

    func next() async throws -> [UInt8]? {
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                enum Step {
                    case give([UInt8]?)
                    case fail(any Error)
                    case wait
                }
                let (step, wasHeldBack) = contents.withLock { contents -> (Step, Bool) in
                    guard !Task.isCancelled else { return (.fail(CancellationError()), false) }
                    guard contents.reader == nil else {
                        return (.fail(HTTPError(.closed, "Two tasks read the same body.")), false)
                    }
                    defer { contents.isHeldBack = false }
                    if !contents.bytes.isEmpty {
                        let bytes = contents.bytes
                        contents.bytes = []
                        return (.give(bytes), contents.isHeldBack)
                    }
                    switch contents.ending {
                    case .success: return (.give(nil), false)
                    case .failure(let error): return (.fail(error), false)
                    case nil: break
                    }
                    contents.reader = continuation
                    return (.wait, contents.isHeldBack)
                }
                switch step {
                case .give(let bytes): continuation.resume(returning: bytes)
                case .fail(let error): continuation.resume(throwing: error)
                case .wait: break
                }
                if wasHeldBack { wanted() }
            }
        } onCancel: {
            let reader = contents.withLock { contents -> Reader? in
                defer { contents.reader = nil }
                return contents.reader
            }
            reader?.resume(throwing: CancellationError())
        }
    }

    private typealias Reader = CheckedContinuation<[UInt8]?, any Error>
}
