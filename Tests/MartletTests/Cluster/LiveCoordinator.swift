// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletCoordinator
import MartletHTTP
import MartletHost
import MartletModel
import MartletPorts
import MartletTestKit
import Synchronization

@testable import martlet

/// A coordinator's API on a real port, before a cluster that pretends to encode; callers may be disturbed.
final class LiveCoordinator: Sendable {
    /// The cluster behind it.
    let cluster: PretendCluster
    /// Everything that was asked, as `METHOD path?query`.
    let asked = Journal<String>()
    /// Its URL.
    let url: String
    private let port: Int
    /// The directory with the media root `movies` and with what users send.
    let directory: TemporaryDirectory

    private let bodyLimit: Int64
    private let running: Mutex<Running?> = Mutex(nil)

    private struct Running: Sendable {
        var server: HTTPServer
        var events: Task<Void, Never>
    }

    /// Starts one.
    ///
    /// - Parameter bodyLimit: the most bytes that a proxy in front of it takes in a body.
    init(bodyLimit: Int64 = .max) async throws {
        directory = try TemporaryDirectory()
        let files = LocalFiles()
        let roots = ["movies": directory.path + "/movies", "uploads": directory.path + "/uploads"]
        for path in roots.values { try files.makeDirectory(path) }
        cluster = PretendCluster(roots: roots)
        self.bodyLimit = bodyLimit
        let (begun, port) = try await Self.begin(cluster, directory.path, bodyLimit, port: 0)
        url = "http://127.0.0.1:\(port)"
        self.port = port
        running.withLock { $0 = begun }
    }

    /// Stops it.
    func stop() async {
        let stopped = running.withLock { running in
            defer { running = nil }
            return running
        }
        stopped?.events.cancel()
        await stopped?.server.stop()
    }

    /// Starts it again, on the same port; what happened before is not told any more.
    func start() async throws {
        let (begun, _) = try await Self.begin(cluster, directory.path, bodyLimit, port: port)
        running.withLock { $0 = begun }
    }

    private static func begin(
        _ cluster: PretendCluster, _ directory: String, _ bodyLimit: Int64, port: Int
    ) async throws -> (Running, Int) {
        var configuration = ClusterAPI.Configuration(version: "test")
        configuration.uploads = SourceUploads.Place(
            directory: directory + "/uploads", unfinished: directory + "/unfinished")
        let api = try ClusterAPI(
            configuration, with: ClusterAPI.Surroundings(control: cluster, files: LocalFiles(), time: SystemTime()))
        var listening = HTTPServerConfiguration()
        listening.port = port
        let server = HTTPServer(configuration: listening, handler: Proxy(inner: api.router, limit: bodyLimit))
        let taken = try await server.start()
        return (Running(server: server, events: Task { _ = try? await api.run() }), taken)
    }

    /// The path of something beside the coordinator's own files.
    func here(_ name: String) -> String { directory.path + "/" + name }

    /// Runs a command line; `DIR` stands for the directory, and the coordinator is named by the environment.
    ///
    /// - Parameter fault: looks at each call first; what it throws is thrown instead of an answer.
    func run(
        _ line: String, interruption: Interruption = Interruption(), environment: [String: String] = [:],
        fault: @escaping @Sendable (HTTPCall, Int) throws -> Void = { _, _ in }
    ) async throws -> ClusterWorkshop.Printed {
        var shop = ClusterWorkshop(interruption: interruption)
        shop.otherCaller = DisturbedCaller(asked: asked, fault: fault)
        shop.otherTime = SystemTime()
        shop.environment = environment.merging(["MARTLET_COORDINATOR": url]) { own, _ in own }
        let arguments = line.split(separator: " ").map { $0.replacing("DIR", with: directory.path) }
        return try await waiting(for: line) { [shop] in try await shop.run(arguments.map(String.init)) }
    }

    /// What stands before a coordinator, and takes only so much at once.
    private struct Proxy: HTTPHandler {
        var inner: any HTTPHandler
        var limit: Int64

        func respond(to request: HTTPRequest) async -> HTTPResponse {
            let length = request.headers["Content-Length"].flatMap { Int64($0) } ?? 0
            guard length <= limit else { return HTTPResponse(status: 413, body: .bytes(Array("<html>".utf8))) }
            return await inner.respond(to: request)
        }
    }

    /// A real caller whose calls are written down, and may fail.
    private final class DisturbedCaller: HTTPTransfers {
        private let caller = CurlCaller()
        private let asked: Journal<String>
        private let fault: @Sendable (HTTPCall, Int) throws -> Void
        private let count = Mutex(0)

        init(asked: Journal<String>, fault: @escaping @Sendable (HTTPCall, Int) throws -> Void) {
            self.asked = asked
            self.fault = fault
        }

        func call(_ call: HTTPCall, limit: Int) async throws -> HTTPAnswer {
            try note(call)
            return try await caller.call(call, limit: limit)
        }

        func stream(_ call: HTTPCall) async throws -> HTTPStreamedAnswer {
            try note(call)
            return try await caller.stream(call)
        }

        func download(_ call: HTTPCall, to path: String, at offset: Int64) async throws -> HTTPAnswer {
            try note(call)
            return try await caller.download(call, to: path, at: offset)
        }

        private func note(_ call: HTTPCall) throws {
            let path = call.url.drop { $0 != "/" }.dropFirst(2).drop { $0 != "/" }
            asked.note("\(call.method) \(path)")
            let number = count.withLock { count in
                count += 1
                return count
            }
            try fault(call, number)
        }
    }
}
