// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import MartletModel
internal import MartletPorts
internal import Synchronization

/// Takes in what a child process writes, piece by piece.
final class AnswerReader: Sendable {
    private struct State {
        var line: [UInt8] = []
        var answer: MediaAnswer?
        var rest: [UInt8] = []
        var errors: [UInt8] = []
        var heardAt: Moment
        var isGarbled = false
    }

    private let longest: Int
    private let time: any TimeSource
    private let progress: @Sendable (Double) -> Void
    private let state: Mutex<State>

    /// Begins to listen now.
    ///
    /// - Parameter longest: what an answer may have at most, in bytes: more would fill this process's memory.
    init(longest: Int = 256 << 20, time: any TimeSource, progress: @escaping @Sendable (Double) -> Void) {
        self.longest = longest
        self.time = time
        self.progress = progress
        state = Mutex(State(heardAt: time.now()))
    }

    /// The answer and the bytes that belong to it; `nil` when there is none.
    var answer: (MediaAnswer, [UInt8])? {
        state.withLock { state in state.isGarbled ? nil : state.answer.map { ($0, state.rest) } }
    }

    /// The last words on standard error.
    var errors: String { state.withLock { String(decoding: $0.errors, as: UTF8.self) } }

    /// Takes a piece of standard output.
    func takeOutput(_ piece: [UInt8]) {
        let now = time.now()
        let shares = state.withLock { state -> [Double] in
            state.heardAt = now
            var shares: [Double] = []
            var piece = piece[...]
            while state.answer == nil, let end = piece.firstIndex(of: UInt8(ascii: "\n")) {
                switch ChildLine(state.line + piece[..<end]) {
                case .alive: break
                case .progress(let share): shares.append(share)
                case .answer(let answer): state.answer = answer
                case nil: state.isGarbled = true
                }
                state.line = []
                piece = piece[(end + 1)...]
            }
            if state.line.count + state.rest.count + piece.count > longest { state.isGarbled = true }
            guard !state.isGarbled else {
                (state.line, state.rest) = ([], [])
                return []
            }
            if state.answer == nil { state.line += piece } else { state.rest += piece }
            return shares
        }
        for share in shares { progress(share) }
    }

    /// Takes a piece of standard error; the last 4 KiB count.
    func takeErrors(_ piece: [UInt8]) {
        state.withLock { $0.errors = [UInt8](($0.errors + piece).suffix(4096)) }
    }

    /// Returns when nothing was heard for `limit`.
    ///
    /// - Throws: `CancellationError` when the calling task is cancelled.
    func waitForSilence(of limit: Duration) async throws {
        while true {
            let deadline = state.withLock(\.heardAt) + limit
            let late = time.now() - deadline
            if late > .seconds(5) {
                // This process itself stood still, and has not heard what was said meanwhile.
                state.withLock { $0.heardAt = time.now() }
            } else if late >= .zero {
                return
            } else {
                try await time.sleep(until: deadline)
            }
        }
    }
}
