// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import Foundation
import MartletFFmpeg
import MartletHTTP
import MartletHost
import MartletMedia
import MartletModel
import MartletPorts
import MartletTestKit
import MartletWire
import MartletWorker
import Synchronization

/// A worker of the plain protocol and its coordinator, behind real sockets.
final class PlainBench: Sendable {
    /// The coordinator's side of the protocol.
    final class Listener: HTTPHandler {
        let beats = Journal<[UInt8]>()
        let statuses = Journal<[UInt8]>()
        let answer = Mutex(200)
        let giver = Mutex<(any HTTPHandler)?>(nil)

        func respond(to request: HTTPRequest) async -> HTTPResponse {
            if request.path.hasSuffix("/source"), let giver = giver.withLock({ $0 }) {
                return await giver.respond(to: request)
            }
            guard request.method == "POST", let body = try? await request.body.collected(upTo: 1 << 16) else {
                return HTTPResponse(status: 404)
            }
            switch request.path {
            case "/api/v1/workers/heartbeat": beats.note(body)
            case "/api/v1/jobs/550e8400-e29b-41d4-a716-446655440000/status": statuses.note(body)
            default: return HTTPResponse(status: 404)
            }
            return HTTPResponse(status: answer.withLock { $0 }, body: .bytes(Array("{\"ack\": true}".utf8)))
        }

        /// Waits for the status with this state.
        func status(_ state: String) async throws -> PlainStatus {
            let isMeant: @Sendable ([UInt8]) -> Bool = { bytes in
                (try? MessageText.decode(PlainStatus.self, from: bytes))?.state == state
            }
            let all = try await statuses.wait(for: "the status \(state)") { $0.contains(where: isMeant) }
            return try MessageText.decode(PlainStatus.self, from: all.last(where: isMeant) ?? [])
        }
    }

    /// Which encoders work is tried once for all tests.
    private static let found = Result {
        let program = try FFmpegProgram.locate()
        return (
            program,
            FFmpegCatalog(program: program, launcher: ProcessRunner(), time: SystemTime(), cacheDirectory: nil)
        )
    }

    /// Hands requests to a worker that is made after its server.
    private final class Late: HTTPHandler {
        let handler = Mutex<(any HTTPHandler)?>(nil)

        func respond(to request: HTTPRequest) async -> HTTPResponse {
            guard let handler = handler.withLock({ $0 }) else { return HTTPResponse(status: 503) }
            return await handler.respond(to: request)
        }
    }

    let directory: TemporaryDirectory
    let listener = Listener()
    let worker: PlainWorker
    let base: String
    private let servers: [HTTPServer]

    init(encoder: (any EncoderRunner)? = nil) async throws {
        directory = try TemporaryDirectory()
        try LocalFiles().makeDirectory(directory.file("films/sci-fi"))
        let late = Late()
        let near = HTTPServer(configuration: HTTPServerConfiguration(), handler: late)
        let far = HTTPServer(configuration: HTTPServerConfiguration(), handler: listener)
        let port = try await near.start()
        base = "http://127.0.0.1:\(port)"
        var configuration = PlainWorker.Configuration(
            coordinator: CoordinatorAddress("http://127.0.0.1:\(try await far.start())", token: "t"),
            id: WorkerID("gaming-pc-room"), address: "127.0.0.1", port: port, directory: directory.file("own"))
        configuration.mediaRoots = ["movies": directory.file("films")]
        servers = [near, far]
        let (launcher, time) = (ProcessRunner(), SystemTime())
        let (program, catalog) = try Self.found.get()
        worker = PlainWorker(
            configuration: configuration,
            surroundings: RemoteWorker.Surroundings(
                encoder: encoder ?? FFmpegRunner(program: program, launcher: launcher, time: time),
                catalog: catalog,
                prober: MediaReader(files: LocalFiles(), cacheDirectory: nil), files: LocalFiles(),
                caller: CurlCaller(), meter: LoadProbe(), time: time, machine: MachineProbe().facts(), graphics: []
            ) { handler in
                let server = HTTPServer(configuration: HTTPServerConfiguration(), handler: handler)
                return RemoteWorker.LoopbackService(port: try await server.start()) { await server.stop() }
            })
        late.handler.withLock { $0 = worker }
    }

    /// The protocol's example of an assignment, from this second on.
    static func example(
        start: Double = 0, resolution: String = "1080p", source: String = "movies/sci-fi/interstellar.mkv"
    )
        -> String
    {
        """
        {"job_id": "550e8400-e29b-41d4-a716-446655440000", "source_path": "\(source)", "resolution": "\(resolution)",         "bitrate": "1M", "start_time": \(start), "is_mesh_mode": false}
        """
    }

    /// Begins to work, and returns when the coordinator has heard of it.
    func begin() async throws -> Task<Void, any Error> {
        let work = Task { try await worker.run() }
        _ = try await listener.beats.entry(0, "heartbeat")
        return work
    }

    func call(_ method: String, _ path: String, _ body: String = "") async throws -> HTTPAnswer {
        let bytes: HTTPCall.Body = body.isEmpty ? .none : .bytes(Array(body.utf8))
        return try await CurlCaller().call(HTTPCall(method, base + path, body: bytes), limit: 1 << 24)
    }

    func end(_ work: Task<Void, any Error>) async throws {
        work.cancel()
        try await waiting(for: "the worker's end") { try await work.value }
        for server in servers { await server.stop() }
    }
}
