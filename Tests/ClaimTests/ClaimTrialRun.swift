// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import ClaimTrial
import Foundation
import MartletHost
import MartletModel
import MartletPorts
import MartletTestKit
import Synchronization
import Testing

/// Lets claimants, tasks and processes, at one store, and keeps what they were told.
final class ClaimTrialRun: Sendable {
    private struct Call: Hashable {
        var client: String
        var number: Int
    }

    private struct State {
        var calls: [Call: ClaimRecord] = [:]
        /// How many claimants are at work; `nil` while none has begun.
        var claimants: Int?
        var listeners: [Int: AsyncStream<Void>.Continuation] = [:]
        var lastListener = 0
    }

    private let state = Mutex(State())
    private let keys: [String]
    private let longest: Int
    private let time = SystemTime()

    /// - Parameters:
    ///   - keys: how many keys they fight for.
    ///   - longest: the longest time in milliseconds that they ask for.
    init(keys: Int = 3, longest: Int = 120) {
        self.keys = (0..<keys).map { "k\($0)" }
        self.longest = longest
    }

    /// All calls so far.
    var records: [ClaimRecord] { state.withLock { Array($0.calls.values) } }

    /// Whether a part was completed.
    private var hasCompleted: Bool {
        state.withLock { $0.calls.values.contains { $0.kind == .complete && $0.answer == .done } }
    }

    /// A claimant that is a task of this process.
    ///
    /// - Parameters:
    ///   - turns: how many turns it has.
    ///   - rounds: on a machine so busy that every claim ran out before it was completed, it has as many turns again until
    ///     one was not, up to so many times.
    func claim(_ name: String, at store: any ClaimStore, seed: UInt64, turns: Int, rounds: Int = 20) async {
        var claimant = Claimant(name: name, store: store, keys: keys, longest: longest, seed: seed) { number, record in
            self.keep(record, as: Call(client: name, number: number))
        }
        begins()
        for _ in 0..<rounds {
            await claimant.run(turns: turns)
            if hasCompleted { break }
        }
        ends()
    }

    /// Returns when claimants have told so many times more of a call, or have all ended.
    func hears(_ count: Int) async throws {
        let (news, listener) = AsyncStream<Void>.makeStream()
        let number = state.withLock { state in
            if state.claimants == 0 { listener.finish() }
            state.lastListener += 1
            state.listeners[state.lastListener] = listener
            return state.lastListener
        }
        defer { state.withLock { $0.listeners[number] = nil } }
        try await waiting(for: "\(count) calls", atMost: .seconds(300)) {
            var left = count
            for await _ in news {
                left -= 1
                if left == 0 { return }
            }
        }
    }

    private func keep(_ record: ClaimRecord, as call: Call) {
        state.withLock { state in
            state.calls[call] = record
            for listener in state.listeners.values { listener.yield() }
        }
    }

    private func begins() { state.withLock { $0.claimants = ($0.claimants ?? 0) + 1 } }

    private func ends() {
        state.withLock { state in
            state.claimants = (state.claimants ?? 1) - 1
            if state.claimants == 0 { for listener in state.listeners.values { listener.finish() } }
        }
    }

    /// A claimant that is three processes, one after the other, of which the first two are killed.
    func runProcesses(_ name: String, at store: String, seed: UInt64, turns: Int) async throws {
        begins()
        defer { ends() }
        for life in 0..<3 {
            try await runProcess(
                "\(name) \(life)", at: store, seed: seed &+ UInt64(life) * 7, turns: turns,
                killedAfter: life == 2 ? nil : 3 + Int(seed * 13) % 40)
        }
    }

    /// A claimant that is a process of its own.
    ///
    /// - Parameter lines: after so many lines of its output it is killed, wherever it is then; `nil` for never.
    private func runProcess(
        _ name: String, at store: String, seed: UInt64, turns: Int, killedAfter lines: Int?
    ) async throws {
        let seen = Mutex(0)
        let observer = ChildProcess.Observer(onOutputLine: { line, process in
            self.note(line, of: name)
            let count = seen.withLock { seen in
                seen += 1
                return seen
            }
            if count == lines { process.send(9) }
        })
        let outcome = try await ChildProcess.run(
            try Self.program(), [store, name, "\(seed)", "\(longest)", "\(turns)"] + keys,
            observer: observer)
        if lines == nil { #expect(outcome.isSuccess, "\(outcome.ending) \(outcome.errors)") }
    }

    private func note(_ line: String, of client: String) {
        let parts = line.split(separator: " ", maxSplits: 1)
        guard parts.count == 2, let number = Int(parts[0]),
            let record = try? JSONDecoder().decode(ClaimRecord.self, from: Data(parts[1].utf8))
        else {
            Issue.record("not understood: \(line)")
            return
        }
        keep(record, as: Call(client: client, number: number))
    }

    /// Does `work`, and listens meanwhile to a store whose connection is not cut.
    func listening(to store: any ClaimStore, while work: () async throws -> Void) async throws -> HeardNews {
        let stream = try await store.news()
        let start = time.now().nanoseconds
        try await work()
        let end = time.now().nanoseconds
        // Whatever was recorded before this is told before it.
        guard case .granted(let last) = try await store.claim("the end", owner: "listener", ttl: .seconds(600)) else {
            throw WaitedInVain(subject: "the last claim")
        }
        #expect(try await store.release(last))
        let items = try await waiting(for: "the last news") {
            var items: [HeardNews.Item] = []
            for await news in stream {
                switch news {
                case .released(key: "the end"): return items
                case .released(let key): items.append(HeardNews.Item(key: key, fence: nil))
                case .completed(let completion):
                    items.append(HeardNews.Item(key: completion.key, fence: completion.fence))
                }
            }
            throw WaitedInVain(subject: "the end of what is told, which was cut")
        }
        return HeardNews(start: start, end: end, items: items)
    }

    /// Records what cannot be; also when hardly anything happened.
    func judge(_ seed: UInt64, heard: HeardNews? = nil, isKept: Bool = true) {
        let history = ClaimHistory(records, isKept: isKept)
        for fault in history.faults() { Issue.record("seed \(seed): \(fault)") }
        for fault in heard.map(history.faults) ?? [] { Issue.record("seed \(seed): \(fault)") }
        #expect(hasCompleted, "seed \(seed): nothing was completed in \(records.count) calls")
    }

    /// The path of the program, which is built beside the tests.
    private static func program() throws -> String {
        let path = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
            .appendingPathComponent("ClaimTrial").path
        try #require(FileManager.default.isExecutableFile(atPath: path), "no program at \(path)")
        return path
    }
}
