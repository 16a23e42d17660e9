// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletPorts
import MartletTestKit
import Synchronization

/// Answers calls by a script, and notes them.
final class ScriptedCaller: HTTPCaller {
    /// What was called.
    struct Call: Sendable {
        var call: HTTPCall
        /// The body as text.
        var text: String {
            guard case .bytes(let bytes) = call.body else { return "" }
            return String(decoding: bytes, as: UTF8.self)
        }
    }

    /// Nothing answers there.
    struct Unreachable: Error {}

    let calls = Journal<Call>()
    private let script: Mutex<@Sendable (HTTPCall) throws -> Int>

    /// Makes a caller; the script gives the status of each answer.
    init(_ script: @escaping @Sendable (HTTPCall) throws -> Int = { _ in 200 }) { self.script = Mutex(script) }

    /// Goes on by another script.
    func follow(_ script: @escaping @Sendable (HTTPCall) throws -> Int) { self.script.withLock { $0 = script } }

    func call(_ call: HTTPCall, limit: Int) async throws -> HTTPAnswer {
        let script = script.withLock { $0 }
        defer { calls.note(Call(call: call)) }
        return HTTPAnswer(status: try script(call))
    }

    func stream(_ call: HTTPCall) async throws -> HTTPStreamedAnswer { throw Unreachable() }

    func download(_ call: HTTPCall, to path: String, at offset: Int64) async throws -> HTTPAnswer {
        throw Unreachable()
    }

    func openWebSocket(
        _ url: String, headers: HTTPHeaders, timeout: Duration
    ) async throws -> any WebSocketConnection { throw Unreachable() }
}
