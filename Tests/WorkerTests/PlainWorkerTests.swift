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
import Testing

@testable import MartletWorker

/// Streams for coordinators that speak plain JSON, over real sockets.
@Suite struct PlainWorkerTests {
    private let job = "/jobs/550e8400-e29b-41d4-a716-446655440000"
    private let playlist = "/hls/interstellar/index.m3u8"

    private func length(of path: String) async throws -> Double {
        let outcome = try await ChildProcess.run(
            "ffprobe", ["-v", "error", "-show_entries", "format=duration", "-of", "csv=p=0", path])
        return try #require(Double(outcome.output.split(separator: "\n").first ?? ""))
    }

    /// The names in a playlist.
    private func segments(_ answer: HTTPAnswer) -> [String] {
        String(decoding: answer.body, as: UTF8.self).split(separator: "\n").filter { !$0.hasPrefix("#") }.map(
            String.init)
    }

    @Test("The protocol's own example is streamed while it is encoded, and reported as the protocol has it")
    func wholeStream() async throws {
        let bench = try await PlainBench()
        try FileManager.default.copyItem(
            atPath: try await MediaFixtures.path("h264_longgop.mp4"),
            toPath: bench.directory.file("films/sci-fi/interstellar.mkv"))
        let work = try await bench.begin()
        let beat = try #require(
            try JSONSerialization.jsonObject(with: Data(bench.listener.beats.entries[0])) as? [String: Any])
        #expect(beat["worker_id"] as? String == "gaming-pc-room")
        #expect(beat["ip_address"] as? String == "127.0.0.1")
        #expect(beat["hw_accel"] is [String])
        #expect(beat["status"] as? String == "idle")
        #expect(beat["cpu_usage"] is NSNumber && beat["port"] is NSNumber)
        #expect(try await bench.call("GET", "/healthz").status == 200)

        #expect(try await bench.call("POST", "/jobs", PlainBench.example(start: 2)).status == 202)
        let early = try await bench.call("GET", playlist)
        #expect(early.status == 200)
        #expect(early.headers["Content-Type"] == "application/vnd.apple.mpegurl")
        let done = try await bench.listener.status("completed")
        #expect(done.progress == 100)
        #expect(done.streamURL == bench.base + playlist)
        let processing = try #require(
            try JSONSerialization.jsonObject(with: Data(bench.listener.statuses.entries[0])) as? [String: Any])
        #expect(processing["state"] as? String == "processing")
        #expect(processing["stream_url"] as? String == bench.base + playlist)

        let late = try await bench.call("GET", playlist)
        let text = String(decoding: late.body, as: UTF8.self)
        #expect(text.contains("#EXT-X-PLAYLIST-TYPE:EVENT") && text.contains("#EXT-X-ENDLIST"))
        #expect(segments(late).count == 2)
        var whole: [UInt8] = []
        for name in segments(late) {
            let segment = try await bench.call("GET", "/hls/interstellar/\(name)")
            #expect(segment.headers["Content-Type"] == "video/mp2t")
            whole += segment.body
        }
        try Data(whole).write(to: URL(filePath: bench.directory.file("whole.ts")))
        let seconds = try await length(of: bench.directory.file("whole.ts"))
        #expect(abs(seconds - 10) < 0.2)
        for path in [
            "/hls/interstellar/.x.ts", "/hls/interstellar/..%2F..%2Ffilms", "/hls/other/index.m3u8", "/hls/..", "/x",
        ] {
            #expect(try await bench.call("GET", path).status == 404)
        }
        try await bench.end(work)
    }

    @Test("A source that lies only at the coordinator is read from there")
    func remoteSource() async throws {
        let bench = try await PlainBench()
        let film = try await MediaFixtures.path("h264_open.mkv")
        let tag = DataPlane.entityTag(of: try await LocalFiles().fingerprint(of: film))
        bench.listener.giver.withLock { $0 = WholeGiver(path: film, tag: tag) }
        let work = try await bench.begin()
        #expect(try await bench.call("POST", "/jobs", PlainBench.example(resolution: "64x64")).status == 202)
        _ = try await bench.listener.status("completed")
        #expect(try await bench.call("GET", playlist).status == 200)
        try await bench.end(work)
    }

    /// Gives a source as the coordinator's data plane does.
    private struct WholeGiver: HTTPHandler {
        let path: String
        let tag: String

        func respond(to request: HTTPRequest) async -> HTTPResponse {
            let size = (try? LocalFiles().size(of: path).bytes) ?? 0
            guard request.method != "HEAD" else {
                return HTTPResponse(
                    status: 200, headers: ["ETag": tag], body: .file(path: path, bytes: 0..<size))
            }
            guard request.headers["If-Match"] == tag,
                let bounds = request.headers["Range"]?.dropFirst("bytes=".count).split(separator: "-"),
                bounds.count == 2, let first = Int64(bounds[0]), let last = Int64(bounds[1])
            else { return HTTPResponse(status: 412) }
            return HTTPResponse(
                status: 206, headers: ["Content-Range": "bytes \(first)-\(last)/\(size)"],
                body: .file(path: path, bytes: first..<last + 1))
        }
    }

    @Test(
        "What is nowhere, or leads out of the roots, fails with a reason",
        arguments: ["movies/../secret.mkv", "/etc/passwd"])
    func badSource(path: String) async throws {
        let bench = try await PlainBench()
        let work = try await bench.begin()
        #expect(try await bench.call("POST", "/jobs", PlainBench.example(source: path)).status == 202)
        let status = try await bench.listener.status("failed")
        #expect(status.error?.isEmpty == false)
        try await bench.end(work)
    }

    @Test("A stream that would begin behind the film's end fails and says so")
    func behindTheEnd() async throws {
        let bench = try await PlainBench()
        try FileManager.default.copyItem(
            atPath: try await MediaFixtures.path("h264_longgop.mp4"),
            toPath: bench.directory.file("films/sci-fi/interstellar.mkv"))
        let work = try await bench.begin()
        #expect(try await bench.call("POST", "/jobs", PlainBench.example(start: 100)).status == 202)
        let status = try await bench.listener.status("failed")
        #expect(status.error?.contains("ends at 12.0 s") == true, "\(status.error ?? "")")
        try await bench.end(work)
    }

    private static func endless(_ gate: ManualClock) -> ScriptedEncoder {
        ScriptedEncoder { _, _ in
            try await gate.sleep(until: Moment(nanoseconds: 1))
            return nil
        }
    }

    @Test("A second job is refused while one runs, the same one is not begun twice, and DELETE ends it")
    func busy() async throws {
        let encoder = Self.endless(ManualClock())
        let bench = try await PlainBench(encoder: encoder)
        try FileManager.default.copyItem(
            atPath: try await MediaFixtures.path("h264_open.mkv"),
            toPath: bench.directory.file("films/sci-fi/interstellar.mkv"))
        let work = try await bench.begin()
        let text = PlainBench.example()
        #expect(try await bench.call("POST", "/jobs", text).status == 202)
        try await encoder.started.wait(for: "the run") { $0.count == 1 }
        #expect(try await bench.call("POST", "/jobs", text).status == 202)
        #expect(try await bench.call("POST", "/jobs", text.replacing("550e", with: "660e")).status == 409)
        #expect(try await bench.call("DELETE", "/jobs/other").status == 404)
        #expect(try await bench.call("DELETE", job).status == 204)
        #expect(encoder.ended.entries == [true])
        #expect(try LocalFiles().list(bench.directory.file("own/hls")).isEmpty)
        #expect(try await bench.call("DELETE", job).status == 404)
        try await bench.end(work)
    }

    @Test("A stream that the coordinator wants no longer is ended")
    func unwanted() async throws {
        let encoder = Self.endless(ManualClock())
        let bench = try await PlainBench(encoder: encoder)
        try FileManager.default.copyItem(
            atPath: try await MediaFixtures.path("h264_open.mkv"),
            toPath: bench.directory.file("films/sci-fi/interstellar.mkv"))
        let work = try await bench.begin()
        bench.listener.answer.withLock { $0 = 410 }
        #expect(try await bench.call("POST", "/jobs", PlainBench.example()).status == 202)
        try await bench.listener.statuses.wait(for: "a status") { !$0.isEmpty }
        try await encoder.ended.wait(for: "the run's end") { $0 == [true] }
        try await bench.end(work)
    }

    @Test(
        "Nonsense is refused",
        arguments: [
            "{}", "no json", PlainBench.example(start: -1), PlainBench.example(resolution: "huge"),
            PlainBench.example().replacing("1M", with: "fast"),
        ])
    func nonsense(body: String) async throws {
        let bench = try await PlainBench(encoder: Self.endless(ManualClock()))
        let work = try await bench.begin()
        #expect(try await bench.call("POST", "/jobs", body).status == 400)
        #expect(try await bench.call("GET", "/jobs").status == 405)
        try await bench.end(work)
    }

    @Test("A refused heartbeat ends the worker")
    func refused() async throws {
        let bench = try await PlainBench()
        bench.listener.answer.withLock { $0 = 401 }
        let work = Task { try await bench.worker.run() }
        let error = await #expect(throws: AttemptFailure.self) { try await work.value }
        #expect(error?.code == "worker.refused")
    }

    @Test("Only files inside of a root are found, by its name or below any")
    func roots() throws {
        let directory = try TemporaryDirectory()
        let files = LocalFiles()
        try files.makeDirectory(directory.file("films/sub"))
        _ = try directory.write("x", to: "films/sub/a.mkv")
        _ = try directory.write("x", to: "secret.mkv")
        let (outer, inner) = (directory.file("secret.mkv"), directory.file("films/sub/a.mkv"))
        try FileManager.default.createSymbolicLink(atPath: directory.file("films/out.mkv"), withDestinationPath: outer)
        try FileManager.default.createSymbolicLink(atPath: directory.file("films/in.mkv"), withDestinationPath: inner)
        let roots = SharedRoots(roots: ["movies": directory.file("films")], files: files)
        let real = try files.canonical(inner)
        #expect(roots.place(of: "movies/sub/a.mkv") == real)
        #expect(roots.place(of: "sub/a.mkv") == real)
        #expect(roots.place(of: "movies/in.mkv") == real)
        for path in [
            "movies/out.mkv", "../secret.mkv", "movies/../../secret.mkv", outer, "movies/none.mkv", "",
            "movies//in.mkv",
        ] {
            #expect(roots.place(of: path) == nil)
        }
    }
}
