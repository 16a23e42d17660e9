// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import MartletPorts
internal import Synchronization

/// The bytes of a response on their way from the task that makes them to the loop that sends them.
final class ResponseStream: @unchecked Sendable {
    private struct Contents {
        var bytes: [UInt8] = []
        var sent = 0
        var ending: Ending?
        /// Who makes the bytes and waits for room.
        var maker: CheckedContinuation<Void, Never>?
        /// The loop waits for bytes.
        var isStarving = false
    }

    /// How it ends.
    enum Ending {
        case complete
        case broken
    }

    /// What the loop gets when it asks.
    enum Portion {
        case bytes(Int)
        case nothingYet
        case end(Ending)
    }

    /// Above how many bytes the maker waits.
    private static let limit = 256 << 10

    private let contents = Mutex(Contents())
    private let wake: @Sendable () -> Void
    /// Suspends the connection; set and called on the loop's thread only.
    var whenEmpty: () -> Void = {}

    /// `wake` is called on any thread when a starving loop can go on.
    init(wake: @escaping @Sendable () -> Void) { self.wake = wake }

    /// Takes all bytes of `source` to the loop; ends when the other end is gone.
    func pump(_ source: any HTTPBody) async {
        do {
            while let block = try await source.next() {
                guard await push(block) else { return }
            }
            finish(.complete)
        } catch {
            finish(.broken)
        }
    }

    private func push(_ block: [UInt8]) async -> Bool {
        await withTaskCancellationHandler {
            await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
                let (isFull, wasStarving) = contents.withLock { contents in
                    guard contents.ending == nil else { return (false, false) }
                    if contents.sent == contents.bytes.count {
                        contents.bytes = block
                        contents.sent = 0
                    } else {
                        contents.bytes += block
                    }
                    defer { contents.isStarving = false }
                    let isFull = contents.bytes.count - contents.sent >= Self.limit && !Task.isCancelled
                    if isFull { contents.maker = continuation }
                    return (isFull, contents.isStarving)
                }
                if !isFull { continuation.resume() }
                if wasStarving { wake() }
            }
        } onCancel: {
            releaseMaker()
        }
        return contents.withLock { $0.ending == nil }
    }

    /// Nothing more comes from the source, or nobody takes it any more.
    func cancel() { finish(.broken) }

    private func finish(_ ending: Ending) {
        let wasStarving = contents.withLock { contents in
            defer { contents.isStarving = false }
            if contents.ending == nil { contents.ending = ending }
            return contents.isStarving
        }
        releaseMaker()
        if wasStarving { wake() }
    }

    private func releaseMaker() {
        contents.withLock { contents in
            defer { contents.maker = nil }
            return contents.maker
        }?.resume()
    }

    /// Fills `buffer`. On the loop's thread.
    func fill(_ buffer: UnsafeMutableRawBufferPointer) -> Portion {
        let (portion, maker) = contents.withLock { contents -> (Portion, CheckedContinuation<Void, Never>?) in
            let count = min(buffer.count, contents.bytes.count - contents.sent)
            // A broken stream must not look whole, so what is left of it is of no use.
            guard count > 0, contents.ending != .broken else {
                if let ending = contents.ending { return (.end(ending), nil) }
                contents.isStarving = true
                return (.nothingYet, nil)
            }
            contents.bytes.withUnsafeBytes { bytes in
                buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[contents.sent..<contents.sent + count]))
            }
            contents.sent += count
            guard contents.bytes.count - contents.sent < Self.limit else { return (.bytes(count), nil) }
            defer { contents.maker = nil }
            return (.bytes(count), contents.maker)
        }
        maker?.resume()
        return portion
    }
}
