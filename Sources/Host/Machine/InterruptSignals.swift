// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import CSpawn
internal import Dispatch
internal import Glibc
internal import Synchronization

/// Turns Ctrl-C, a termination request and a lost terminal into a request to stop in order.
///
/// The first signal asks; the second ends the process at once. Children die with
/// it, and what is on the disk is whole at every moment, so nothing is lost but
/// unfinished attempts. One object at a time.
package final class InterruptSignals {
    private let source: (any DispatchSourceRead)?
    private let caught: [Int32]

    /// Starts to listen; before and after this object's life the signals do what they do by default.
    ///
    /// A signal that is ignored from the start, as by `nohup`, stays ignored.
    /// In a process without a free descriptor the signals keep their default action.
    ///
    /// - Parameters:
    ///   - insist: called for every signal after the first; ends the process by default.
    ///   - stop: called once, with the number of the first signal.
    package init(
        insist: @escaping @Sendable (Int32) -> Void = { _exit(128 + $0) },
        stop: @escaping @Sendable (Int32) -> Void
    ) {
        let wanted = [SIGINT, SIGTERM, SIGHUP]
        guard let (made, writer) = try? OutputPipe.make() else {
            source = nil
            caught = []
            return
        }
        let listener = SignalListener(reader: made, insist: insist, stop: stop)
        var isCaught = [Int32](repeating: 0, count: wanted.count)
        let source = DispatchSource.makeReadSource(fileDescriptor: made.reader, queue: DispatchQueue(label: "signals"))
        source.setEventHandler { listener.read() }
        source.setCancelHandler {
            listener.close()
            close(writer)
        }
        source.resume()
        self.source = source
        martlet_catch_signals(wanted, Int32(wanted.count), writer, &isCaught)
        caught = zip(wanted, isCaught).filter { $0.1 != 0 }.map(\.0)
    }

    deinit {
        for number in caught { martlet_release_signal(number) }
        source?.cancel()
    }
}

/// Reads the numbers of signals from their pipe.
private final class SignalListener: Sendable {
    private struct State {
        var pipe: OutputPipe
        var count = 0
    }

    private let state: Mutex<State>
    private let insist: @Sendable (Int32) -> Void
    private let stop: @Sendable (Int32) -> Void

    init(reader: OutputPipe, insist: @escaping @Sendable (Int32) -> Void, stop: @escaping @Sendable (Int32) -> Void) {
        state = Mutex(State(pipe: reader))
        self.insist = insist
        self.stop = stop
    }

    func read() {
        withUnsafeTemporaryAllocation(byteCount: 16, alignment: 1) { buffer in
            var numbers: [UInt8] = []
            let before = state.withLock { state in
                _ = state.pipe.read(into: buffer) { numbers = $0 }
                defer { state.count += numbers.count }
                return state.count
            }
            for (index, number) in numbers.enumerated() {
                before + index == 0 ? stop(Int32(number)) : insist(Int32(number))
            }
        }
    }

    func close() { state.withLock { $0.pipe.close() } }
}
