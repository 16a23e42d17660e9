// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import Foundation
import Synchronization

/// Runs the built `martlet` as a user does.
package enum MartletProgram {
    /// One line of `--json`.
    package struct Event: Sendable {
        /// What the `event` key says.
        package var name: String
        /// All members, as text; objects and lists as JSON, `null` left out.
        package var members: [String: String]
        /// A member that is a whole number; `nil` when it is none.
        package func integer(_ key: String) -> Int? { members[key].flatMap { Int($0) } }
        /// Whether a member says `true`.
        package func isTrue(_ key: String) -> Bool { ["1", "true"].contains(members[key]) }

        /// Reads one line; `nil` when it is no JSON object.
        init?(line: String) {
            guard let object = try? JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any] else {
                return nil
            }
            name = object["event"] as? String ?? ""
            members = object.compactMapValues { value in
                if let text = value as? String { return text }
                if let number = value as? NSNumber { return "\(number)" }
                guard JSONSerialization.isValidJSONObject(value) else { return nil }
                return (try? JSONSerialization.data(withJSONObject: value)).map { String(decoding: $0, as: UTF8.self) }
            }
        }
    }

    /// How a run went.
    package struct Run: Sendable {
        /// What the process left behind.
        package var outcome: ChildProcess.Outcome
        /// The JSON lines that it printed.
        package var events: [Event]
        /// The last line, which says how it ended.
        package var last: Event? { events.last }
        /// The exit code; `nil` after a signal or the deadline.
        package var exitCode: Int32? { outcome.exitCode }
        /// All that it said, for the message of a failed test.
        package var transcript: String { "\(outcome.ending)\n\(outcome.errors)\n\(outcome.output.suffix(2000))" }
        /// The last line's number of segments that an earlier run had finished.
        package var reusedSegments: Int { last?.integer("reused_segments") ?? 0 }
    }

    /// A signal to be sent when something has happened.
    package struct Stop: Sendable {
        /// Which signal.
        package var signal: Int32
        /// Whether it goes to the whole group, as Ctrl-C does, or to the process alone.
        package var toGroup: Bool
        /// Called for each JSON line with its number from 0; the first `true` sends the signal.
        package var when: @Sendable (Int, Event) -> Bool
        /// Describes a stop.
        package init(_ signal: Int32, toGroup: Bool = false, when: @escaping @Sendable (Int, Event) -> Bool) {
            self.signal = signal
            self.toGroup = toGroup
            self.when = when
        }
    }

    /// The path of the program: what `MARTLET_PROGRAM` names, else the one
    /// beside the test bundle.
    package static var path: String {
        if let path = ProcessInfo.processInfo.environment["MARTLET_PROGRAM"] { return path }
        let bundle = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
        return bundle.deletingLastPathComponent().appending(path: "martlet").path
    }

    /// Only so many runs at once that keep all processors busy by themselves.
    private static let turnstile = Turnstile(places: 2)

    /// Runs the program and waits for its end, when its turn has come: it is taken for one that encodes.
    ///
    /// Variables `MARTLET_...` of the test run are not handed down.
    ///
    /// - Parameters:
    ///   - deadline: when the whole group is killed; counted from the start of the process.
    ///   - stop: when to interrupt it.
    /// - Throws: ``ChildProcess/CannotStart``.
    package static func run(
        _ arguments: [String], environment: [String: String?] = [:], directory: String? = nil,
        deadline: Duration = .seconds(600), stop: Stop? = nil, wrapper: [String] = []
    ) async throws -> Run {
        try await turnstile.pass {
            try await ask(
                arguments, environment: environment, directory: directory, deadline: deadline, stop: stop,
                wrapper: wrapper)
        }
    }

    /// As `run`, at once: for what only speaks to a coordinator. In line with whatever encodes, its coordinator would
    /// wait for longer than it lives.
    package static func ask(
        _ arguments: [String], environment: [String: String?] = [:], directory: String? = nil,
        deadline: Duration = .seconds(600), stop: Stop? = nil, wrapper: [String] = []
    ) async throws -> Run {
        var changes = environment
        for name in ProcessInfo.processInfo.environment.keys where name.hasPrefix("MARTLET_") && changes[name] == nil {
            changes[name] = .some(nil)
        }
        let observer = stop.map(observer)
        let command = wrapper + [path] + arguments
        let outcome = try await ChildProcess.run(
            command[0], Array(command.dropFirst()), environment: changes, directory: directory, deadline: deadline,
            observer: observer ?? ChildProcess.Observer())
        return Run(
            outcome: outcome, events: outcome.output.split(separator: "\n").compactMap { Event(line: String($0)) })
    }

    private static func observer(_ stop: Stop) -> ChildProcess.Observer {
        let count = Mutex(0)
        return ChildProcess.Observer(onOutputLine: { line, handle in
            guard let event = Event(line: line) else { return }
            let number = count.withLock { number in
                defer { number += 1 }
                return number
            }
            guard stop.when(number, event) else { return }
            if stop.toGroup { handle.sendToGroup(stop.signal) } else { handle.send(stop.signal) }
        })
    }
}
