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
    /// The directory with the media root `movies` and with what users send.
    let directory: TemporaryDirectory

    private let server: HTTPServer
    private let events: Task<Void, Never>

    /// Starts one.
    ///
    /// - Parameter bodyLimit: the most bytes that a proxy in front of it takes in a body.
    init(bodyLimit: Int64 = .max) async throws {
        directory = try TemporaryDirectory()
        let files = LocalFiles()
        let (movies, uploads) = (directory.path + "/movies", directory.path + "/uploads")
        for path in [movies, uploads] { try files.makeDirectory(path) }
        let cluster = PretendCluster(roots: ["movies": movies, "uploads": uploads])
        self.cluster = cluster
        var configuration = ClusterAPI.Configuration(version: "test")
        configuration.uploads = SourceUploads.Place(directory: uploads, unfinished: directory.path + "/unfinished")
        let api = try ClusterAPI(
            configuration, with: ClusterAPI.Surroundings(control: cluster, files: files, time: SystemTime()))
        server = HTTPServer(
            configuration: HTTPServerConfiguration(), handler: Proxy(inner: api.router, limit: bodyLimit))
        url = "http://127.0.0.1:\(try await server.start())"
        events = Task { await api.run() }
    }

    /// Stops it.
    func stop() async {
        events.cancel()
        await server.stop()
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
