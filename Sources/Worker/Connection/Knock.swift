// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletModel
import MartletPorts
import MartletWire

/// One try of a worker to be let in by its coordinator.
struct Knock {
    /// What a coordinator says to a worker that it lets in.
    struct Welcome {
        /// The connection.
        var session: Session
        /// How many bytes of a result go up at once.
        var chunkSize: Int
        /// How often the worker is to tell that it lives.
        var heartbeat: Duration
    }

    /// Where it is, and the worker's token.
    let coordinator: CoordinatorAddress
    /// Reaches it.
    let caller: any HTTPCaller
    /// Tells the time.
    let time: any TimeSource
    /// How long each answer may take.
    let patience: Duration

    /// Opens the connection.
    ///
    /// - Throws: what the answer to a plain request says when a server answers, but not with a WebSocket.
    func openSocket() async throws -> any WebSocketConnection {
        let url = coordinator.url(WorkerProtocol.path)
        do {
            return try await caller.openWebSocket(url, headers: coordinator.headers, timeout: patience)
        } catch  where !WorkerError.isPassing(error) && !Task.isCancelled {
            let call = HTTPCall("GET", url, headers: coordinator.headers)
            guard let answer = try? await caller.call(call, limit: 1 << 16), answer.status >= 400 else { throw error }
            // A server in between stands for a coordinator that is not there now.
            if answer.status >= 500 { throw WorkerError.connectionLost }
            let code = ProblemText.code(of: answer)
            guard !code.isEmpty || answer.status == 401 || answer.status == 403 else { throw error }
            throw AttemptFailure(
                code: code.isEmpty ? WorkerError.Code.refused.rawValue : code,
                message: "The coordinator refuses this worker: \(ProblemText.line(of: answer))",
                advice: answer.status == 401 ? "Check the token." : nil, isRetryable: false,
                exitStatus: .clusterUnavailable)
        }
    }

    /// Registers over an open connection, and waits for the welcome.
    ///
    /// - Throws: the coordinator's own code when it refuses the worker; `WorkerError` `connectionLost`;
    ///   `CancellationError`.
    func register(_ registration: WorkerRegistration, over socket: any WebSocketConnection) async throws -> Welcome {
        let deadline = Task { [time, patience] in
            if (try? await time.sleep(until: time.now() + patience)) != nil {
                await socket.close(code: 1001, reason: "no answer")
            }
        }
        defer { deadline.cancel() }
        return try await withTaskCancellationHandler {
            let session = Session(socket)
            session.say(.register(registration))
            switch await session.receive() {
            case .welcome(let chunkSize, let heartbeatMilliseconds):
                return Welcome(
                    session: session, chunkSize: max(1, chunkSize),
                    heartbeat: .milliseconds(max(100, heartbeatMilliseconds)))
            case .refused(let code, let message):
                await session.cut("refused")
                throw AttemptFailure(
                    code: code, message: message, isRetryable: false, exitStatus: .clusterUnavailable)
            default:
                await session.cut("no welcome")
                try Task.checkCancellation()
                throw WorkerError.connectionLost
            }
        } onCancel: {
            Task { await socket.close(code: 1001, reason: "leaving") }
        }
    }
}
