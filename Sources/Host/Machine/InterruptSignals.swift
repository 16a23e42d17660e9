// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import Dispatch
internal import Glibc
internal import Synchronization

/// Turns Ctrl-C, a termination request and a lost terminal into a request to stop in order.
///
/// The first signal asks; the second ends the process at once. Children die with
/// it, and what is on the disk is whole at every moment, so nothing is lost but
/// unfinished attempts.
package final class InterruptSignals {
    private static let queue = DispatchQueue(label: "signals")
    private var sources: [any DispatchSourceSignal] = []

    /// Starts to listen; until then the signals do what they do by default.
    ///
    /// A signal that is ignored from the start, as by `nohup`, stays ignored.
    ///
    /// - Parameters:
    ///   - insist: called for every signal after the first; ends the process by default.
    ///   - stop: called once, with the number of the first signal.
    package init(
        insist: @escaping @Sendable (Int32) -> Void = { _exit(128 + $0) },
        stop: @escaping @Sendable (Int32) -> Void
    ) {
        let count = SignalCount()
        for number in [SIGINT, SIGTERM, SIGHUP] {
            guard !Self.isIgnored(number) else { continue }
            // The event source sees signals that are ignored, and the default action would end the process.
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: Self.queue)
            source.setEventHandler { count.next() == 1 ? stop(number) : insist(number) }
            source.resume()
            sources.append(source)
        }
    }

    deinit { for source in sources { source.cancel() } }

    private static func isIgnored(_ number: Int32) -> Bool {
        var action = sigaction()
        sigaction(number, nil, &action)
        return unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self)
            == unsafeBitCast(SIG_IGN, to: Int.self)
    }
}

private final class SignalCount: Sendable {
    private let count = Atomic(0)

    func next() -> Int { count.add(1, ordering: .relaxed).newValue }
}
