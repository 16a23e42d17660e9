// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletPorts
internal import Synchronization

/// An HTTP/1.1 server, in one thread of its own.
///
/// Handlers run as tasks of their own and may take as long as they like.
package final class HTTPServer: Sendable {
    private enum State {
        case fresh
        case running(ServerDaemon, port: Int)
        case stopped
    }

    private let configuration: HTTPServerConfiguration
    private let handler: any HTTPHandler
    private let state = Mutex(State.fresh)

    /// Makes a server that does not listen yet.
    package init(configuration: HTTPServerConfiguration, handler: any HTTPHandler) {
        self.configuration = configuration
        self.handler = handler
    }

    deinit {
        if case .running(let daemon, _) = state.withLock({ $0 }) {
            daemon.loop.perform { daemon.beginStop(grace: .zero) {} }
        }
    }

    /// Listens, and answers from then on.
    ///
    /// - Returns: the port.
    /// - Throws: `HTTPError` (`cannotListen`), also when it was started or stopped before.
    package func start() async throws -> Int {
        let daemon = ServerDaemon(configuration: configuration, handler: handler)
        let isFirst = state.withLock { state in
            guard case .fresh = state else { return false }
            state = .running(daemon, port: 0)
            return true
        }
        guard isFirst else {
            daemon.loop.perform { daemon.loop.stop() }
            throw HTTPError(.cannotListen, "A server starts once.")
        }
        do {
            let port = try await withCheckedThrowingContinuation { continuation in
                let isTaken = daemon.loop.perform { continuation.resume(with: Result { try daemon.start() }) }
                if !isTaken { continuation.resume(throwing: HTTPError(.cannotListen, "The server was stopped.")) }
            }
            state.withLock { state in
                if case .running = state { state = .running(daemon, port: port) }
            }
            return port
        } catch {
            state.withLock { $0 = .stopped }
            daemon.loop.perform { daemon.loop.stop() }
            throw error
        }
    }

    /// Listens no longer, lets requests under way end for a moment, closes WebSockets with 1001, and breaks off the rest.
    ///
    /// Nothing happens when it does not run.
    package func stop() async {
        let daemon = state.withLock { state -> ServerDaemon? in
            defer { state = .stopped }
            if case .running(let daemon, _) = state { return daemon }
            return nil
        }
        guard let daemon else { return }
        let grace = configuration.stopGrace
        await withCheckedContinuation { continuation in
            let isTaken = daemon.loop.perform { daemon.beginStop(grace: grace) { continuation.resume() } }
            if !isTaken { continuation.resume() }
        }
    }
}
