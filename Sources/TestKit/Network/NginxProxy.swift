// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import Foundation
import Synchronization

/// nginx on the loopback, with TLS, in front of a server: as `deploy/nginx/martlet.conf` has it.
package final class NginxProxy: Sendable {
    /// Where it listens.
    package var port: Int { place.number }
    private let place: ReservedPort
    private let directory: TemporaryDirectory
    private let handle: ChildProcess.Handle
    private let running: Task<ChildProcess.Outcome, any Error>
    private let ending: Ending

    private final class Ending: Sendable {
        let hasCome = Mutex(false)
    }

    /// nginx could not be started.
    package struct CannotStart: Error, CustomStringConvertible {
        /// What it said.
        package let description: String
    }

    private static let sample = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../../../deploy/nginx/martlet.conf").standardized

    /// Starts nginx and waits until it takes connections.
    ///
    /// - Parameter backend: the server's port of 127.0.0.1.
    package init(before backend: Int, certificate: String, key: String) async throws {
        let directory = try TemporaryDirectory()
        let place = try ReservedPort()
        let server = try String(contentsOf: Self.sample, encoding: .utf8)
            .replacing("listen 443 ssl", with: "listen 127.0.0.1:\(place.number) ssl")
            .replacing("/etc/ssl/films.pem", with: certificate)
            .replacing("/etc/ssl/films.key", with: key)
            .replacing("127.0.0.1:8090", with: "127.0.0.1:\(backend)")
        let configuration = try directory.write(
            """
            daemon off;
            master_process off;
            pid \(directory.path)/pid;
            error_log stderr notice;
            events { worker_connections 512; }
            http {
                access_log off;
                client_body_temp_path \(directory.path)/body;
                proxy_temp_path \(directory.path)/proxy;
                fastcgi_temp_path \(directory.path)/fastcgi;
                uwsgi_temp_path \(directory.path)/uwsgi;
                scgi_temp_path \(directory.path)/scgi;
                \(server)
            }
            """, to: "nginx.conf")
        let (started, starting) = AsyncStream<ChildProcess.Handle>.makeStream()
        let ending = Ending()
        let running = Task {
            defer {
                ending.hasCome.withLock { $0 = true }
                starting.finish()
            }
            return try await ChildProcess.run(
                "sh",
                ["-c", "exec nginx \"$@\" 2>&1", "sh", "-p", directory.path, "-c", configuration, "-e", "stderr"],
                environment: ["PATH": (ProcessInfo.processInfo.environment["PATH"] ?? "") + ":/usr/sbin"],
                deadline: .seconds(600),
                observer: ChildProcess.Observer(
                    onOutputLine: { line, handle in
                        // It names its version once it listens.
                        if line.contains("[notice]"), line.contains(": nginx/") { starting.yield(handle) }
                    }))
        }
        let first = try await waiting(for: "nginx to listen") {
            for await handle in started { return handle as ChildProcess.Handle? }
            return nil
        }
        guard let handle = first else {
            throw CannotStart(description: try await running.value.output)
        }
        self.place = place
        self.directory = directory
        self.handle = handle
        self.running = running
        self.ending = ending
    }

    deinit {
        // The numbers of what has ended may be somebody else's by now.
        if !ending.hasCome.withLock({ $0 }) { handle.sendToGroup(9) }
    }

    /// Ends it.
    package func stop() async throws {
        handle.send(15)
        _ = try await running.value
    }
}
