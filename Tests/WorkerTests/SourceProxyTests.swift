// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import Foundation
import MartletFFmpeg
import MartletHTTP
import MartletHost
import MartletModel
import MartletPorts
import MartletTestKit
import MartletWire
import Synchronization
import Testing

@testable import MartletWorker

/// Sources that lie at the coordinator, read by the real ffmpeg over real sockets.
@Suite struct SourceProxyTests {
    private let directory: TemporaryDirectory
    private let runner: FFmpegRunner

    init() throws {
        directory = try TemporaryDirectory()
        runner = FFmpegRunner(program: try FFmpegProgram.locate(), launcher: ProcessRunner(), time: SystemTime())
    }

    /// The bytes that a command makes of a source.
    private func result(of command: FFmpegCommand, source: String, name: String) async throws -> [UInt8] {
        let output = directory.file(name)
        let arguments = command.resolved(source: source, output: output) { _ in "" }
        _ = try await Turnstile.processors.pass { [runner] in
            try await runner.run(EncoderRun(arguments: arguments, stallTimeout: .seconds(30))) { _ in }
        }
        return try directory.bytes(name)
    }

    private static func picture(from seconds: String) -> FFmpegCommand {
        let words =
            "-frames:v 40 -an -sn -c:v libx264 -preset ultrafast -threads 1 -flags:v +bitexact -fflags +bitexact"
        return FFmpegCommand(
            [.text("-ss"), .text(seconds), .text("-i"), .source] + words.split(separator: " ").map { .text(String($0)) }
                + [.output])
    }

    private static func sound() -> FFmpegCommand {
        let words = "-vn -sn -c:a aac -b:a 96k -flags:a +bitexact -fflags +bitexact"
        return FFmpegCommand(
            [.text("-i"), .source] + words.split(separator: " ").map { .text(String($0)) } + [.output])
    }

    @Test(
        "A run over the proxy makes the same bytes as a run on the file",
        arguments: [
            "h264_open.mp4", "h264_open.mkv", "h264_open.ts", "theora.ogv", "mpeg2_interlaced.ts", "av1.mkv",
            "hevc_open.mp4",
        ])
    func sameBytes(fixture: String) async throws {
        let path = try await MediaFixtures.path(fixture)
        let server = try await SourceServer(path: path)
        #expect(server.url.hasSuffix("." + (fixture.split(separator: ".").last ?? "")))
        for (number, command) in [Self.picture(from: "0"), Self.picture(from: "1.3"), Self.sound()].enumerated() {
            let name = "\(number).\(number == 2 ? "mp4" : "mkv")"
            let near = try await result(of: command, source: path, name: "near-" + name)
            let far = try await result(of: command, source: server.url, name: "far-" + name)
            #expect(!near.isEmpty)
            #expect(near == far)
        }
        await server.stop()
    }

    /// A file of random bytes, and the same over the proxy.
    private func bytes(_ size: Int, at url: String, range: String? = nil) async throws -> HTTPAnswer {
        try await CurlCaller().call(
            HTTPCall("GET", url, headers: range.map { ["Range": $0] } ?? [:]), limit: size)
    }

    private func randomFile(mebibytes: Int, odd: Int = 0) throws -> (path: String, bytes: [UInt8]) {
        var generator = SplitMix64(seed: 5)
        // No two blocks are alike: their size is no multiple of this one.
        let pattern = (0..<65_537).map { _ in UInt8(truncatingIfNeeded: generator.next()) }
        var bytes: [UInt8] = []
        while bytes.count < mebibytes << 20 + odd { bytes += pattern }
        bytes.removeLast(bytes.count - (mebibytes << 20 + odd))
        let path = directory.file("random.bin")
        try Data(bytes).write(to: URL(filePath: path))
        return (path, bytes)
    }

    @Test("Parts are those of the file, and each block is fetched once")
    func parts() async throws {
        let file = try randomFile(mebibytes: 3, odd: 77)
        let server = try await SourceServer(path: file.path)
        let whole = try await bytes(file.bytes.count, at: server.url)
        #expect(whole.status == 200)
        #expect(whole.body == file.bytes)
        let part = try await bytes(file.bytes.count, at: server.url, range: "bytes=1048570-1048580")
        #expect(part.status == 206)
        #expect(part.headers["content-range"] == "bytes 1048570-1048580/\(file.bytes.count)")
        #expect(part.body == Array(file.bytes[1_048_570...1_048_580]))
        let end = try await bytes(file.bytes.count, at: server.url, range: "bytes=\(file.bytes.count - 5)-")
        #expect(end.body == file.bytes.suffix(5))
        #expect(server.giver.asked.entries.sorted() == [0, 1 << 20, 2 << 20, 3 << 20])
        await server.stop()
    }

    @Test("What is not asked for is not fetched")
    func sparing() async throws {
        let file = try randomFile(mebibytes: 6)
        let server = try await SourceServer(path: file.path)
        _ = try await bytes(9, at: server.url, range: "bytes=4194304-4194305")
        #expect(server.giver.asked.entries == [4 << 20])
        await server.stop()
    }

    @Test(
        "Nobody else gets in, and nonsense is refused",
        arguments: [("range", 416), ("secret", 404), ("source", 404), ("method", 405)])
    func refusals(what: String, status: Int) async throws {
        let file = try randomFile(mebibytes: 1)
        let server = try await SourceServer(path: file.path)
        var parts = server.url.split(separator: "/").map(String.init)
        if what == "secret" { parts[2] = "guess" }
        if what == "source" { parts[3] = "0-0" }
        let url = "http://" + parts.dropFirst().joined(separator: "/")
        var call = HTTPCall(what == "method" ? "DELETE" : "GET", url)
        if what == "range" { call.headers["Range"] = "bytes=99999999-" }
        #expect(try await CurlCaller().call(call, limit: 1 << 21).status == status)
        #expect(server.giver.asked.entries.isEmpty)
        await server.stop()
    }

    @Test("A coordinator that is away for a while only makes the reader wait")
    func waits() async throws {
        let file = try randomFile(mebibytes: 2)
        let server = try await SourceServer(path: file.path)
        server.giver.replies.withLock { $0 = Array(repeating: HTTPResponse(status: 503), count: 3) }
        #expect(try await bytes(file.bytes.count, at: server.url).body == file.bytes)
        await server.stop()
    }

    @Test("A block that was damaged on the way is fetched again where its digest tells")
    func damaged() async throws {
        let file = try randomFile(mebibytes: 1)
        let server = try await SourceServer(path: file.path)
        var wrong = file.bytes
        wrong[5] ^= 1
        let digest = DataPlane.digestField(try await LocalFiles().digest(of: file.path)) ?? ""
        server.giver.replies.withLock {
            $0 = [
                HTTPResponse(
                    status: 206,
                    headers: ["Content-Range": "bytes 0-1048575/1048576", "Content-Digest": digest],
                    body: .bytes(wrong))
            ]
        }
        #expect(try await bytes(file.bytes.count, at: server.url).body == file.bytes)
        #expect(server.giver.asked.entries == [0, 0])
        await server.stop()
    }

    @Test("A source that changed breaks the reader off, and is the reason that is given")
    func changed() async throws {
        let file = try randomFile(mebibytes: 1)
        let claimed = Fingerprint(
            size: ByteCount(1 << 20), modifiedNanoseconds: 1, digest: String(repeating: "0", count: 64))
        let server = try await SourceServer(path: file.path, claimed: claimed)
        await #expect(throws: (any Error).self) { try await bytes(1 << 20, at: server.url) }
        let use = await server.proxy.close(server.lease)
        #expect(use.isHere)
        #expect(use.failure?.code == .sourceChanged)
        #expect(try await bytes(1 << 20, at: server.url).status == 404)
        await server.stop()
    }

    @Test("A run whose source goes ends at once, before its first frame and in the middle", arguments: [0, 2])
    func runEnds(given: Int) async throws {
        let path = try await MediaFixtures.path("minute.mp4")
        let server = try await SourceServer(path: path)
        server.giver.givesAtMost.withLock { $0 = given }
        let command = FFmpegCommand([
            .text("-i"), .source, .text("-an"), .text("-c:v"), .text("rawvideo"), .text("-f"), .text("null"), .output,
        ])
        let arguments = command.resolved(source: server.url, output: directory.file("none")) { _ in "" }
        // ffmpeg takes it for the end of the source, and may call that a success; the proxy knows better.
        _ = try await waiting(for: "the end of ffmpeg") { [runner] in
            _ = try? await runner.run(EncoderRun(arguments: arguments, stallTimeout: .seconds(300))) { _ in }
        }
        #expect(await server.proxy.close(server.lease).failure?.code == .sourceChanged)
        await server.stop()
    }

    @Test("A change is known by the name of the error, too")
    func changedByName() async throws {
        let file = try randomFile(mebibytes: 1)
        let server = try await SourceServer(path: file.path)
        server.giver.replies.withLock { $0 = [ScriptedCoordinator.problem(422, "coordinator.source_changed")] }
        await #expect(throws: (any Error).self) { try await bytes(1 << 20, at: server.url) }
        #expect(await server.proxy.close(server.lease).failure?.code == .sourceChanged)
        await server.stop()
    }

    @Test("What a coming task will read is fetched beforehand")
    func prefetches() async throws {
        let file = try randomFile(mebibytes: 9)
        let server = try await SourceServer(path: file.path)
        var assignment = TaskAssignment(
            lease: server.lease, task: .sample(), sourcePath: "", fingerprint: server.fingerprint,
            timeBase: TimeBase(1, 1), expectedTimes: [], directory: "", inputs: [:])
        assignment.sourceBytes = (5 << 20) + 7..<(6 << 20) + 7
        await server.proxy.prefetch(assignment)
        #expect(server.giver.asked.entries.sorted() == [0, 1, 5, 6, 8].map { Int64($0) << 20 })
        await server.stop()
    }

    @Test("What was used least lately goes when the disk has no more for it, and is fetched again when it is wanted")
    func bounded() async throws {
        let file = try randomFile(mebibytes: 20)
        let server = try await SourceServer(path: file.path, free: ByteCount(0))
        #expect(try await bytes(file.bytes.count, at: server.url).body == file.bytes)
        #expect(try await bytes(file.bytes.count, at: server.url).body == file.bytes)
        #expect(server.giver.asked.entries.count > 30)
        await server.stop()
    }
}
