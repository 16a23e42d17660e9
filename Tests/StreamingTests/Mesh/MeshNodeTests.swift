// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletHost
import MartletModel
import MartletPlanning
import MartletPorts
import MartletStreaming
import MartletTestKit
import MartletWire
import Testing

/// A worker's share of a stream, with the real ffmpeg.
@Suite struct MeshNodeTests {
    private let studio: Studio
    private let stream: MadeStream
    private let node: MeshNode

    init() async throws {
        studio = try Studio()
        stream = try await studio.stream("h264_closed.mp4")
        let (stream, maker) = (stream, studio.maker)
        let order = try JSONText.bytes(
            MeshOrder(film: stream.plan.film, options: stream.plan.options, sourcePath: "films/film.mp4"))
        node = try MeshNode(
            slots: 1,
            with: .init(
                maker: { _ in maker }, build: { stream.plan.options.build },
                order: { job in
                    guard job == JobID("job") else { throw StreamingError(.notFound, "There is no \(job).") }
                    return order
                },
                open: { _, _ in MeshSource(input: stream.path, content: nil, close: {}) }, files: LocalFiles(),
                directory: studio.directory.file("mesh")))
    }

    private func ask(_ method: String, _ path: String) async -> HTTPResponse {
        await node.respond(to: HTTPRequest(method: method, path: path))
    }

    @Test func whatTheCoordinatorAsksForIsMadeAndServedToAll() async throws {
        let rendition = try #require(stream.plan.video.last).name
        let path = "/mesh/job/\(stream.plan.id.prefix(12))/\(rendition)/0.m4s"
        // Strangers have nothing made.
        #expect(await ask("GET", path).status == 404)
        #expect(await ask("HEAD", path).status == 200)
        let answer = await ask("GET", path)
        guard case .file(let file, let bytes) = answer.body else {
            Issue.record("a file was expected, not \(answer)")
            return
        }
        let expected = try await stream.bytes(at: "\(rendition)/0.m4s")
        #expect(try await LocalFiles().read(file, bytes: bytes) == expected)
        // What stands before the segments came with them.
        let start = path.replacing("0.m4s", with: "init.mp4")
        #expect(await ask("GET", start).status == 200)
    }

    @Test func whatIsNoneOfTheStreamIsNotFound() async throws {
        let edition = stream.plan.id.prefix(12)
        let rendition = try #require(stream.plan.video.last).name
        for path in [
            "/mesh/job/\(edition)/\(rendition)/9999.m4s", "/mesh/job/\(edition)/8000p/0.m4s",
            // The film as it was before it was replaced.
            "/mesh/job/000000000000/\(rendition)/0.m4s", "/mesh/other/\(edition)/\(rendition)/0.m4s", "/mesh/job",
        ] { #expect(await ask("HEAD", path).status == 404, "\(path)") }
        #expect(await ask("POST", "/mesh/job/\(edition)/\(rendition)/0.m4s").status == 405)
    }
}
