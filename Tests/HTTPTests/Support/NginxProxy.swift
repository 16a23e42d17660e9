// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import Foundation
import MartletTestKit

/// nginx on the loopback, with TLS, in front of a server.
final class NginxProxy: Sendable {
    let port: Int
    private let directory: TemporaryDirectory
    private let handle: ChildProcess.Handle
    private let running: Task<ChildProcess.Outcome, any Error>

    /// Starts nginx and waits until it takes connections.
    init(before backend: Int, certificate: String, key: String) async throws {
        let directory = try TemporaryDirectory()
        let port = try MuteListener().port
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
                map $http_upgrade $wanted_connection { default upgrade; '' ''; }
                server {
                    listen 127.0.0.1:\(port) ssl;
                    ssl_certificate \(certificate);
                    ssl_certificate_key \(key);
                    client_max_body_size 0;
                    location / {
                        proxy_pass http://127.0.0.1:\(backend);
                        proxy_http_version 1.1;
                        proxy_set_header Upgrade $http_upgrade;
                        proxy_set_header Connection $wanted_connection;
                        proxy_set_header Host $host;
                        proxy_buffering off;
                        proxy_request_buffering off;
                        proxy_read_timeout 1h;
                    }
                }
            }
            """, to: "nginx.conf")
        let (started, starting) = AsyncStream<ChildProcess.Handle>.makeStream()
        let running = Task {
            defer { starting.finish() }
            return try await ChildProcess.run(
                "sh",
                ["-c", "exec nginx \"$@\" 2>&1", "sh", "-p", directory.path, "-c", configuration, "-e", "stderr"],
                environment: ["PATH": (ProcessInfo.processInfo.environment["PATH"] ?? "") + ":/usr/sbin"],
                observer: ChildProcess.Observer(
                    onOutputLine: { line, handle in
                        // It names its version once it listens.
                        if line.contains("[notice]"), line.contains(": nginx/") { starting.yield(handle) }
                    }))
        }
        let first = try await waiting(for: "nginx to listen", atMost: .seconds(60)) {
            for await handle in started { return handle as ChildProcess.Handle? }
            return nil
        }
        guard let handle = first else {
            throw CannotStart(description: try await running.value.output)
        }
        self.port = port
        self.directory = directory
        self.handle = handle
        self.running = running
    }

    /// Ends it.
    func stop() async throws {
        handle.send(SIGTERM)
        _ = try await running.value
    }

    private struct CannotStart: Error, CustomStringConvertible {
        let description: String
    }
}
