// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import Foundation
import MartletHTTP
import MartletHost
import MartletModel
import MartletPorts
import MartletTestKit
import MartletWire
import Synchronization

@testable import MartletWorker

/// A coordinator that gives one source, and a worker's proxy of it, both behind real sockets.
final class SourceServer: Sendable {
    /// Gives the source's parts.
    final class Giver: HTTPHandler {
        let path: String
        let tag: String
        /// The first byte of every part that was asked for.
        let asked = Journal<Int64>()
        /// What is answered to the next requests, in place of the part.
        let replies = Mutex<[HTTPResponse]>([])
        /// How many parts are given before the source counts as changed.
        let givesAtMost = Mutex(Int.max)

        init(path: String, tag: String) {
            self.path = path
            self.tag = tag
        }

        func respond(to request: HTTPRequest) async -> HTTPResponse {
            let size = (try? LocalFiles().size(of: path).bytes) ?? 0
            guard request.path == "/api/v1/jobs/job/source", request.headers["Authorization"] == "Bearer t",
                let bounds = request.headers["Range"]?.dropFirst("bytes=".count).split(separator: "-"),
                bounds.count == 2, let first = Int64(bounds[0]), let last = Int64(bounds[1]), last < size
            else { return HTTPResponse(status: 404) }
            asked.note(first)
            if let reply = replies.withLock({ $0.isEmpty ? nil : $0.removeFirst() }) { return reply }
            let isLeft = givesAtMost.withLock { count in
                count -= 1
                return count >= 0
            }
            guard request.headers["If-Match"] == tag, isLeft else { return HTTPResponse(status: 412) }
            return HTTPResponse(
                status: 206, headers: ["Content-Range": "bytes \(first)-\(last)/\(size)"],
                body: .file(path: path, bytes: first..<last + 1))
        }
    }

    let giver: Giver
    let proxy: SourceProxy
    let cache: SourceCache
    let lease: LeaseToken
    let fingerprint: Fingerprint
    let url: String
    private let directory: TemporaryDirectory
    private let servers: [HTTPServer]

    /// Serves the file at `path`.
    ///
    /// - Parameters:
    ///   - claimed: what the order says of the source; `nil`: the truth.
    ///   - free: what the disk seems to have.
    init(path: String, claimed: Fingerprint? = nil, free: ByteCount = .mebibytes(1 << 20)) async throws {
        directory = try TemporaryDirectory()
        let truth = try await LocalFiles().fingerprint(of: path)
        fingerprint = claimed ?? truth
        giver = Giver(path: path, tag: DataPlane.entityTag(of: truth))
        let far = HTTPServer(configuration: HTTPServerConfiguration(), handler: giver)
        let address = CoordinatorAddress("http://127.0.0.1:\(try await far.start())", token: "t")
        cache = try SourceCache(
            directory: directory.file("sources"), files: TightDisk { free }, coordinator: address,
            caller: CurlCaller(), time: SystemTime())
        proxy = SourceProxy(cache: cache)
        let near = HTTPServer(configuration: HTTPServerConfiguration(), handler: proxy)
        proxy.isServed(onPort: try await near.start())
        servers = [far, near]
        lease = LeaseToken(job: JobID("job"), task: TaskID("t"), epoch: Epoch(1), worker: WorkerID("w"))
        url = try await proxy.open(lease, fingerprint, name: path)
    }

    /// The bytes that the disk holds of sources.
    func heldBytes() throws -> Int64 {
        try LocalFiles().list(directory.file("sources")).reduce(0) { sum, name in
            let attributes = try URL(filePath: directory.file("sources/" + name))
                .resourceValues(forKeys: [.totalFileAllocatedSizeKey])
            return sum + Int64(attributes.totalFileAllocatedSize ?? 0)
        }
    }

    /// Closes everything.
    func stop() async {
        _ = await proxy.close(lease)
        for server in servers { await server.stop() }
    }
}
