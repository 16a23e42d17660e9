// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import Foundation
import MartletHost
import MartletModel
import MartletPorts
import MartletTestKit
import MartletWire
import Synchronization

/// The network side of a coordinator, as a test wants it: takes down what workers say, and keeps what they upload.
final class ScriptedCoordinator: HTTPHandler {
    /// What it does with a result's part, in place of keeping it; `nil` keeps it.
    typealias Reply = @Sendable (HTTPRequest) -> HTTPResponse?

    /// Everything that workers said, over all connections.
    let heard = Journal<WorkerMessage>()
    /// The requests for sources and results.
    let requests = Journal<HTTPRequest>()
    /// What it answers to a registration; `nil`: nothing.
    let greeting = Mutex<CoordinatorMessage?>(.welcome(chunkSize: 1000, heartbeatMilliseconds: 7000))
    /// Whether it answers `finished`, and with what.
    let takes = Mutex<Bool?>(true)
    /// What it answers to a heartbeat; `nil`: nothing.
    let lost = Mutex<[LeaseToken]?>([])
    /// What is answered to the next uploads, before any is kept.
    let replies = Mutex<[Reply]>([])
    /// Results by file name.
    let results = Mutex<[String: [UInt8]]>([:])
    /// Who gives sources.
    let giver = Mutex<(any HTTPHandler)?>(nil)
    /// The token that callers must have.
    let token: String?
    private let connection = Mutex<(any WebSocketConnection)?>(nil)

    init(token: String? = nil) { self.token = token }

    /// Says something over the newest connection.
    func say(_ message: CoordinatorMessage) async throws {
        let connection = connection.withLock { $0 }
        try await connection?.send(.text(MessageText.encode(message)))
    }

    /// Breaks the newest connection.
    func cut() async { await connection.withLock { $0 }?.close(code: 1006, reason: "") }

    /// Waits for the message with this number among those that are of this kind.
    func heard(
        _ number: Int, _ subject: String, where isMeant: @escaping @Sendable (WorkerMessage) -> Bool
    )
        async throws -> WorkerMessage
    {
        try await heard.wait(for: "\(subject) \(number)") { $0.filter(isMeant).count > number }.filter(isMeant)[number]
    }

    func registration(_ number: Int = 0) async throws -> WorkerRegistration {
        let message = try await heard(number, "registration") { if case .register = $0 { true } else { false } }
        guard case .register(let registration) = message else { throw NotScripted() }
        return registration
    }

    func result(_ number: Int = 0) async throws -> (LeaseToken, AttemptResult) {
        let message = try await heard(number, "result") { if case .finished = $0 { true } else { false } }
        guard case .finished(let lease, let result) = message else { throw NotScripted() }
        return (lease, result)
    }

    func respond(to request: HTTPRequest) async -> HTTPResponse {
        if let token, request.headers["authorization"] != "Bearer \(token)" { return HTTPResponse(status: 401) }
        if request.path == WorkerProtocol.path {
            return HTTPResponse(status: 101, body: .webSocket { await self.conduct($0) })
        }
        if request.path.hasSuffix("/source"), let giver = giver.withLock({ $0 }) {
            return await giver.respond(to: request)
        }
        requests.note(request)
        let name = request.path.split(separator: "/").last.map(String.init) ?? ""
        switch request.method {
        case "PUT":
            let reply = replies.withLock { $0.isEmpty ? nil : $0.removeFirst() }
            if let answer = reply?(request) { return answer }
            return await keep(request, as: name)
        case "HEAD": return HTTPResponse(status: 204, headers: ["Upload-Offset": "\(size(of: name))"])
        default:
            guard let bytes = results.withLock({ $0[name] }) else { return HTTPResponse(status: 404) }
            return HTTPResponse(status: 200, body: .bytes(bytes))
        }
    }

    func size(of name: String) -> Int { results.withLock { $0[name]?.count ?? 0 } }

    private func conduct(_ socket: any WebSocketConnection) async {
        connection.withLock { $0 = socket }
        while case .text(let text) = await socket.receive() {
            guard let message = try? MessageText.decode(WorkerMessage.self, from: text) else { return }
            let answer: CoordinatorMessage? =
                switch message {
                case .register: greeting.withLock { $0 }
                case .heartbeat: lost.withLock { $0 }.map { .lost($0) }
                case .finished(let lease, let result):
                    result == .interrupted ? nil : takes.withLock { $0 }.map { .taken(lease, $0) }
                case .measured, .progress, .leaving: nil
                }
            if let answer { try? await socket.send(.text(MessageText.encode(answer))) }
            // Whoever waits for it may then speak, and the welcome comes first.
            heard.note(message)
        }
    }

    private func keep(_ request: HTTPRequest, as name: String) async -> HTTPResponse {
        let bytes = (try? await request.body.collected(upTo: 1 << 26)) ?? []
        guard let directory = try? TemporaryDirectory() else { return HTTPResponse(status: 500) }
        try? Data(bytes).write(to: URL(filePath: directory.file("part")))
        let digest = try? await LocalFiles().digest(of: directory.file("part"))
        guard request.headers["content-digest"].flatMap({ DataPlane.digest(inField: $0) }) == digest else {
            return Self.damaged
        }
        let offset = request.query("offset").flatMap { Int($0) }
        guard offset == size(of: name) else {
            return HTTPResponse(status: 409, headers: ["Upload-Offset": "\(size(of: name))"])
        }
        results.withLock { $0[name, default: []] += bytes }
        return HTTPResponse(status: 204, headers: ["Upload-Offset": "\(size(of: name))"])
    }

    /// The answer to a part that was damaged on the way.
    static let damaged = problem(422, "api.digest_mismatch")

    /// An answer with an error's name.
    static func problem(_ status: Int, _ code: String) -> HTTPResponse {
        let text = """
            {"type": "about:blank", "title": "no", "status": \(status), "detail": "told", "code": "\(code)", \
            "retryable": false, "exit_code": 1}
            """
        return HTTPResponse(
            status: status, headers: ["Content-Type": "application/problem+json"], body: .bytes(Array(text.utf8)))
    }
}
