// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import Foundation
import Glibc
import Synchronization

/// A Redis of one test's own on the loopback.
///
/// It is killed when nobody holds this any more, and when the tests end.
package final class RedisServer: Sendable {
    /// It could not be started.
    package struct CannotStart: Error, CustomStringConvertible {
        /// What it said.
        package let description: String
    }

    private struct Run {
        var handle: ChildProcess.Handle
        var end: Task<ChildProcess.Outcome, any Error>
    }

    /// Where it listens.
    package var port: Int { place.number }
    /// The socket where it listens, too.
    package var socket: String { directory.file("socket") }
    private let place: ReservedPort
    private let directory: TemporaryDirectory
    private let options: [String]
    private let run = Mutex<Run?>(nil)

    /// Its address, for who needs no password.
    package var url: String { "redis://127.0.0.1:\(port)" }

    /// Starts it and waits until it takes connections.
    ///
    /// - Parameters:
    ///   - password: what it wants to be told; `nil` for nothing.
    ///   - encryption: the certificate that it speaks TLS with, and the authority of those that it wants to be shown.
    ///   - wantsCertificate: whether its clients must have one.
    ///   - isDurable: whether each write is on the disk before it is answered, so that a new start finds it.
    package init(
        password: String? = nil, encryption: Certificates.Family? = nil, wantsCertificate: Bool = false,
        isDurable: Bool = false
    ) async throws {
        directory = try TemporaryDirectory()
        place = try ReservedPort()
        let port = place.number
        options =
            ["--save", "", "--appendonly", isDurable ? "yes" : "no", "--appendfsync", "always"]
            + (password.map { ["--requirepass", $0] } ?? [])
            + (encryption.map { family in
                ["--port", "0", "--tls-port", "\(port)", "--tls-cert-file", family.server.certificate]
                    + ["--tls-key-file", family.server.key, "--tls-ca-cert-file", family.authority]
                    + ["--tls-auth-clients", wantsCertificate ? "yes" : "no"]
            } ?? ["--port", "\(port)"])
        try await start()
    }

    deinit { run.withLock { $0 }?.handle.send(SIGKILL) }

    /// Starts it again at the same place, after `kill` or `stop`.
    package func start() async throws {
        let (started, starting) = AsyncStream<ChildProcess.Handle>.makeStream()
        let arguments =
            ["--pdeathsig", "KILL", "redis-server", "--bind", "127.0.0.1", "--unixsocket", socket]
            + ["--dir", directory.path, "--daemonize", "no"] + options
        let end = Task {
            defer { starting.finish() }
            return try await ChildProcess.run(
                "setpriv", arguments, deadline: .seconds(7200),
                observer: ChildProcess.Observer(
                    onOutputLine: { line, handle in
                        if line.contains("Ready to accept connections") { starting.yield(handle) }
                    }))
        }
        let first = try await waiting(for: "Redis to listen") {
            for await handle in started { return handle as ChildProcess.Handle? }
            return nil
        }
        guard let handle = first else {
            let outcome = try await end.value
            throw CannotStart(description: outcome.errors + outcome.output)
        }
        run.withLock { $0 = Run(handle: handle, end: end) }
    }

    /// Ends it in good order, or as a loss of power would; returns when it is gone.
    package func stop(_ signal: Int32 = SIGKILL) async throws {
        let run = run.withLock { run in
            defer { run = nil }
            return run
        }
        guard let run else { return }
        run.handle.send(SIGCONT)
        run.handle.send(signal)
        _ = try await run.end.value
    }

    /// Makes it stand still: connections come about, and nothing is answered.
    package func freeze() { run.withLock { $0 }?.handle.send(SIGSTOP) }

    /// Lets it go on.
    package func thaw() { run.withLock { $0 }?.handle.send(SIGCONT) }

    /// Asks it, by its own client; returns what that prints.
    @discardableResult
    package func ask(_ words: String...) async throws -> String {
        let outcome = try await ChildProcess.run("redis-cli", ["-p", "\(port)"] + words)
        guard outcome.isSuccess else { throw CannotStart(description: outcome.errors + outcome.output) }
        return outcome.output.trimmingCharacters(in: .whitespacesAndNewlines)
    }
}
