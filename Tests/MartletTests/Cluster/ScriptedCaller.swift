// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import Glibc
import MartletHTTP
import MartletModel
import MartletPorts
import Synchronization

/// Answers calls as it is written down, and remembers what was asked.
final class ScriptedCaller: HTTPTransfers {
    /// A call as it came.
    struct Asked: Sendable, Equatable {
        var line: String
        var headers: HTTPHeaders
        var body: String
    }

    /// What comes for one call of the event stream.
    enum Stream: Sendable {
        /// These blocks, and then the end.
        case blocks([String])
        /// These blocks, and then the connection breaks.
        case broken([String])
        /// These blocks, and then nothing until the caller goes away.
        case open([String])
        /// Nobody answers.
        case unreachable
        /// An answer with an error.
        case refused(Int, String)
    }

    private struct State {
        var answers: [String: [(Int, String)]]
        var streams: [Stream]
        var asked: [Asked] = []
    }

    private let state: Mutex<State>

    /// Takes down the answers to each call, such as `GET /api/v1/jobs`, in order; the last one is given again and again.
    init(_ answers: [String: [(Int, String)]] = [:], streams: [Stream] = []) {
        state = Mutex(State(answers: answers, streams: streams))
    }

    /// What was asked so far.
    var asked: [Asked] { state.withLock(\.asked) }
    /// The lines of what was asked so far.
    var lines: [String] { asked.map(\.line) }

    func call(_ call: HTTPCall, limit: Int) async throws -> HTTPAnswer {
        let line = note(call)
        let answer = state.withLock { state -> (Int, String)? in
            guard let answers = state.answers[line], let first = answers.first else { return nil }
            if answers.count > 1 { state.answers[line] = Array(answers.dropFirst()) }
            return first
        }
        guard let answer else { throw Self.unreachable }
        return HTTPAnswer(status: answer.0, body: Array(answer.1.utf8))
    }

    func stream(_ call: HTTPCall) async throws -> HTTPStreamedAnswer {
        _ = note(call)
        let stream = state.withLock { $0.streams.isEmpty ? .unreachable : $0.streams.removeFirst() }
        switch stream {
        case .blocks(let blocks): return answer(Blocks(blocks, then: .end))
        case .broken(let blocks): return answer(Blocks(blocks, then: .broken))
        case .open(let blocks): return answer(Blocks(blocks, then: .silence))
        case .unreachable: throw Self.unreachable
        case .refused(let status, let text):
            return HTTPStreamedAnswer(status: status, headers: [:], body: Blocks([text], then: .end))
        }
    }

    func download(_ call: HTTPCall, to path: String, at offset: Int64) async throws -> HTTPAnswer {
        let answer = try await self.call(call, limit: .max)
        guard answer.status < 300 else { return answer }
        let descriptor = open(path, O_WRONLY)
        defer { close(descriptor) }
        guard pwrite(descriptor, answer.body, answer.body.count, Int(offset)) == answer.body.count else {
            throw HTTPError(.closed, "The file cannot be written.")
        }
        return HTTPAnswer(status: answer.status, headers: answer.headers)
    }

    private static let unreachable = HTTPError(.unreachable, "Nobody answers.", advice: "Is it running?")

    private func answer(_ body: Blocks) -> HTTPStreamedAnswer {
        HTTPStreamedAnswer(status: 200, headers: [:], body: body)
    }

    private func note(_ call: HTTPCall) -> String {
        let path = call.url.drop { $0 != "/" }.dropFirst(2).drop { $0 != "/" }
        let line = "\(call.method) \(path)"
        let body = if case .bytes(let bytes) = call.body { String(decoding: bytes, as: UTF8.self) } else { "" }
        state.withLock { $0.asked.append(Asked(line: line, headers: call.headers, body: body)) }
        return line
    }

    private final class Blocks: HTTPBody {
        enum Ending { case end, broken, silence }

        private let blocks: Mutex<ArraySlice<String>>
        private let ending: Ending

        init(_ blocks: [String], then ending: Ending) {
            self.blocks = Mutex(ArraySlice(blocks))
            self.ending = ending
        }

        func next() async throws -> [UInt8]? {
            if let block = blocks.withLock({ $0.popFirst() }) { return Array(block.utf8) }
            switch ending {
            case .end: return nil
            case .broken: throw HTTPError(.unreachable, "The connection broke.")
            case .silence:
                try await Task.sleep(for: .seconds(3600))
                return nil
            }
        }
    }
}
