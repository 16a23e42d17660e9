// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletPorts
import MartletWire

/// The other end of Chromium's remote control: calls with answers, and events.
///
/// Source: <https://chromedevtools.github.io/devtools-protocol/>
actor DevTools {
    /// What went wrong.
    struct Refusal: Error, CustomStringConvertible {
        let description: String
    }

    private let socket: any WebSocketConnection
    private var lastCall: Int64 = 0
    private var calls: [Int64: CheckedContinuation<JSONValue, any Error>] = [:]
    private var waiters: [(event: String, continuation: CheckedContinuation<JSONValue, any Error>)] = []
    private var isClosed = false
    /// Names the page that calls are about; empty for the browser itself.
    private var session: String?
    /// What the page complained about: errors on its console, and those that nobody caught.
    private(set) var complaints: [String] = []

    init(socket: any WebSocketConnection) { self.socket = socket }

    /// Takes messages until the connection ends.
    func run() async {
        while case .text(let text)? = await socket.receive() {
            guard let message = try? JSONText.value(JSONValue.self, from: Array(text.utf8)) else { continue }
            take(message)
        }
        isClosed = true
        let gone = Refusal(description: "the browser is gone")
        for call in calls.values { call.resume(throwing: gone) }
        for waiter in waiters { waiter.continuation.resume(throwing: gone) }
        (calls, waiters) = ([:], [])
    }

    /// Everything that is called from now on is about this page.
    func attach(to session: String) { self.session = session }

    /// Closes the page, and forgets what it complained about.
    func leave() async {
        if session != nil { _ = try? await call("Page.close") }
        (session, complaints) = (nil, [])
    }

    /// Calls, and waits for the answer.
    func call(_ method: String, _ parameters: [String: JSONValue] = [:]) async throws -> JSONValue {
        guard !isClosed else { throw Refusal(description: "the browser is gone") }
        lastCall += 1
        let number = lastCall
        var message: [String: JSONValue] = [
            "id": .integer(number), "method": .text(method), "params": .object(parameters),
        ]
        message["sessionId"] = session.map { .text($0) }
        let text = try JSONText.text(JSONValue.object(message))
        return try await withCheckedThrowingContinuation { continuation in
            calls[number] = continuation
            Task {
                do { try await socket.send(.text(text)) } catch { fail(number, error) }
            }
        }
    }

    /// Waits for the next event of a name, from now on.
    func next(_ event: String) async throws -> JSONValue {
        guard !isClosed else { throw Refusal(description: "the browser is gone") }
        return try await withCheckedThrowingContinuation { waiters.append((event, $0)) }
    }

    private func fail(_ number: Int64, _ error: any Error) {
        calls.removeValue(forKey: number)?.resume(throwing: error)
    }

    private func take(_ message: JSONValue) {
        if case .integer(let number)? = message["id"], let call = calls.removeValue(forKey: number) {
            if let error = message["error"] {
                call.resume(throwing: Refusal(description: "the browser says: \(error)"))
            } else {
                call.resume(returning: message["result"] ?? .null)
            }
        } else if case .text(let event)? = message["method"], message["sessionId"] == session.map({ .text($0) }) {
            let parameters = message["params"] ?? .null
            note(event, parameters)
            let waiting = waiters.filter { $0.event == event }
            waiters.removeAll { $0.event == event }
            for waiter in waiting { waiter.continuation.resume(returning: parameters) }
        }
    }

    private func note(_ event: String, _ parameters: JSONValue) {
        switch event {
        case "Runtime.exceptionThrown":
            let details = parameters["exceptionDetails"]
            complaints.append("\(details?["exception"]?["description"] ?? details ?? .null)")
        case "Log.entryAdded":
            guard let entry = parameters["entry"], entry["level"] == "error" else { return }
            complaints.append("\(entry["text"] ?? .null) \(entry["url"] ?? .null)")
        case "Runtime.consoleAPICalled" where parameters["type"] == "error":
            complaints.append("\(parameters["args"] ?? .null)")
        default: break
        }
    }
}
