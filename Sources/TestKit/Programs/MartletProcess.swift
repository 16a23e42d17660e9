// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import Foundation
import Glibc
import Synchronization

/// The program `martlet` as it runs on in the background: a coordinator or a worker.
///
/// It is killed with its group when nobody holds this any more.
package final class MartletProcess: Sendable {
    private struct Contents {
        var lines: [String] = []
        var handle: ChildProcess.Handle?
        var hasEnded = false
        var waiters: [CheckedContinuation<Void, Never>] = []
    }

    /// It ended before it said what was waited for.
    package struct Ended: Error, CustomStringConvertible {
        /// What it said.
        package let description: String
    }

    private let notes = Notes()
    private let running: Task<ChildProcess.Outcome, any Error>

    private final class Notes: Sendable {
        let contents = Mutex(Contents())

        func change(_ body: (inout Contents) -> Void) {
            let waiters = contents.withLock { contents in
                body(&contents)
                defer { contents.waiters = [] }
                return contents.waiters
            }
            for waiter in waiters { waiter.resume() }
        }

        /// Waits until something changes after `seen` lines; returns at once when it has.
        func change(after seen: Int) async {
            await withCheckedContinuation { continuation in
                let isNew = contents.withLock { contents in
                    if contents.lines.count > seen || contents.hasEnded { return true }
                    contents.waiters.append(continuation)
                    return false
                }
                if isNew { continuation.resume() }
            }
        }
    }

    /// Starts it.
    ///
    /// - Parameters:
    ///   - wrapper: a program and its arguments that run it, such as `ip netns exec NAME`.
    ///   - deadline: when it is killed at the latest.
    package init(
        _ arguments: [String], environment: [String: String?] = [:], directory: String? = nil,
        wrapper: [String] = [], deadline: Duration = .seconds(1200)
    ) {
        var changes = environment
        for name in ProcessInfo.processInfo.environment.keys where name.hasPrefix("MARTLET_") && changes[name] == nil {
            changes[name] = .some(nil)
        }
        let command = wrapper + [MartletProgram.path] + arguments
        let notes = self.notes
        running = Task { [changes] in
            defer { notes.change { $0.hasEnded = true } }
            return try await ChildProcess.run(
                command[0], Array(command.dropFirst()), environment: changes, directory: directory,
                deadline: deadline,
                observer: ChildProcess.Observer(
                    onOutputLine: { line, _ in notes.change { $0.lines.append(line) } },
                    onStart: { handle in notes.change { $0.handle = handle } }))
        }
    }

    deinit {
        // The numbers of what has ended may be somebody else's by now.
        if !hasEnded { handle?.sendToGroup(SIGKILL) }
    }

    /// The process, once it exists.
    package var handle: ChildProcess.Handle? { notes.contents.withLock { $0.handle } }

    /// Whether it has ended.
    package var hasEnded: Bool { notes.contents.withLock { $0.hasEnded } }

    /// The JSON lines that it has printed.
    package var events: [MartletProgram.Event] {
        notes.contents.withLock { $0.lines }.compactMap { MartletProgram.Event(line: $0) }
    }

    /// Waits for a JSON line with this `event` that `matches`, an earlier one included.
    ///
    /// - Throws: ``Ended`` when it ends before; `WaitedInVain` after 500 s.
    package func event(
        _ name: String,
        where matches: @escaping @Sendable (MartletProgram.Event) -> Bool = { _ in true }
    ) async throws -> MartletProgram.Event {
        let (notes, running) = (self.notes, self.running)
        do {
            return try await waiting(for: "the event \(name)", atMost: .seconds(500)) {
                var seen = 0
                while true {
                    let (lines, hasEnded) = notes.contents.withLock { ($0.lines, $0.hasEnded) }
                    for line in lines[seen...] {
                        guard let event = MartletProgram.Event(line: line), event.name == name else { continue }
                        if matches(event) { return event }
                    }
                    if hasEnded {
                        let outcome = try await running.value
                        throw Ended(description: "\(outcome.ending)\n\(outcome.errors)\n\(outcome.output)")
                    }
                    seen = lines.count
                    await notes.change(after: seen)
                }
            }
        } catch let error as WaitedInVain {
            let lines = notes.contents.withLock { $0.lines.suffix(20) }
            throw WaitedInVain(subject: "\(error.subject), and got\n\(lines.joined(separator: "\n"))")
        }
    }

    /// Sends it a signal.
    package func send(_ signal: Int32) { handle?.send(signal) }

    /// Sends it and all that it started a signal.
    package func sendToGroup(_ signal: Int32) { handle?.sendToGroup(signal) }

    /// Waits for its end.
    package func ended() async throws -> ChildProcess.Outcome {
        let running = self.running
        return try await waiting(for: "the end of martlet") { try await running.value }
    }
}
