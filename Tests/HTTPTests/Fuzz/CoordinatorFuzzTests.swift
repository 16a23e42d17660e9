// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import Foundation
import Glibc
import MartletModel
import MartletPorts
import MartletTestKit
import MartletWire
import Testing

/// A running coordinator bears whatever workers and users send it.
@Suite(.serialized) struct CoordinatorFuzzTests {
    private static let lease = LeaseToken(
        job: JobID("3f9c0d"), task: TaskID("video-00001"), epoch: Epoch(3), worker: WorkerID("attic"))

    private static let registration: WorkerRegistration = {
        let build = EncoderBuild(
            version: "5.1", codecMajorVersion: 59, digest: "abc", encoders: ["libx264", "aac"],
            filters: ["scale", "setsar", "aresample", "format"])
        var profile = WorkerProfile(
            id: WorkerID("attic"), slots: 2, memory: .mebibytes(4000), buildDigest: "abc", encoders: ["libx264"])
        profile.speed = 2.5
        return WorkerRegistration(profile: profile, build: build, instance: "1", holding: [lease])
    }()

    /// What a worker says of a task that it has, or pretends to have.
    private static func texts(of lease: LeaseToken) throws -> [String] {
        let artifact = Artifact(
            task: lease.task, fileName: "\(lease.task).\(lease.epoch.number).mkv", size: ByteCount(100),
            digest: String(repeating: "0f", count: 32), count: 250, payload: ByteCount(90))
        let failure = AttemptFailure(code: "a.b", message: "No.", log: "log", isRetryable: true)
        let messages: [WorkerMessage] = [
            .heartbeat(holding: [lease], load: nil), .leaving,
            .progress(lease, RunProgress(frames: 12, framesPerSecond: 24.5, size: ByteCount(10))),
            .finished(lease, .completed(artifact)), .finished(lease, .failed(failure)), .finished(lease, .interrupted),
        ]
        return try messages.map { try JSONText.text($0) }
    }

    /// Numbers at the edges of what an integer holds.
    private static let numbers = [
        "9223372036854775807", "-9223372036854775808", "-1", "0", "4611686018427387904", "1e308", "-1e308",
    ].map { Array($0.utf8) }

    /// The message with some of its numbers replaced.
    private static func stretched(_ text: String, using random: inout SplitMix64) -> String {
        var bytes: [UInt8] = []
        let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
        var rest = ArraySlice(text.utf8)
        while let first = rest.first {
            let number = rest.prefix { digits.contains($0) }
            let isNumber =
                !number.isEmpty && bytes.last.map { [UInt8(ascii: ":"), UInt8(ascii: " ")].contains($0) } ?? false
            if isNumber && random.chance(0.4) {
                bytes += random.pick(numbers)
                rest = rest.dropFirst(number.count)
            } else if number.isEmpty {
                bytes.append(first)
                rest = rest.dropFirst()
            } else {
                bytes += number
                rest = rest.dropFirst(number.count)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func request(
        _ method: String, _ path: String, fields: String = "", _ body: String = ""
    ) -> [UInt8] {
        let head = "\(method) \(path) HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\(fields)"
        let length = body.isEmpty ? "" : "Content-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\n"
        return Array("\(head)\(length)\r\n\(body)".utf8)
    }

    private static let requests = [
        request(
            "POST", "/api/v1/jobs",
            #"{"source": "films:tiny.mkv", "output": "films:a.mkv", "params": {"codec": "h264", "options": {"crf": "22"}}}"#
        ),
        request(
            "POST", "/api/v1/jobs",
            #"{"source": "films:tiny.mkv", "output": "b", "start_time": 1, "params": {"bitrate": "1M"}}"#),
        request(
            "POST", "/api/v1/workers/heartbeat",
            #"{"worker_id": "tv", "ip_address": "127.0.0.1", "port": 1, "status": "idle", "cpu_usage": 5}"#),
        request(
            "POST", "/api/v1/jobs/1/status",
            #"{"job_id": "1", "state": "processing", "progress": 12.5, "worker_id": "tv", "stream_url": "http://127.0.0.1:1/"}"#
        ),
        request("PATCH", "/api/v1/jobs/1", #"{"priority": "high"}"#), request("POST", "/api/v1/jobs/1/retry"),
        request("PUT", "/api/v1/sources/film.mkv", fields: "Content-Range: bytes 0-4/10\r\n", "hello"),
        request(
            "PUT", "/api/v1/sources/film.mkv",
            fields: "Content-Range: bytes 5-9/10\r\nContent-Digest: sha-256=:AAAA:\r\n", "world"),
        request(
            "PUT", "/api/v1/jobs/1/results/video-00001.3.mkv?task=video-00001&epoch=3&worker=attic&offset=0&size=5",
            "hello"),
        request("GET", "/api/v1/jobs?limit=5&cursor=1.a&state=queued"),
        request("GET", "/api/v1/events?job_id=1", fields: "Last-Event-ID: 5\r\n"),
        request("GET", "/api/v1/jobs/1/output", fields: "Range: bytes=0-5\r\n"),
        request("DELETE", "/api/v1/workers/attic"),
    ]

    /// Submits a film as an honest user does.
    private static func submit(toPort port: Int, output: String) throws {
        let socket = try RawSocket(port: port)
        let body = #"{"source": "films:tiny.mkv", "output": "films:\#(output)", "params": {"codec": "h264"}}"#
        socket.send(request("POST", "/api/v1/jobs", body))
        #expect(socket.receiveAll().hasPrefix("HTTP/1.1 201"))
    }

    /// Joins, takes a task when there is one, and says what no honest worker says of it.
    private static func work(forPort port: Int, using random: inout SplitMix64) throws {
        let worker = try RawWebSocket(port: port, path: WorkerProtocol.path)
        let name = try JSONText.text(WorkerMessage.register(registration))
        let isHonest = random.chance(0.7)
        worker.socket.send(RawWebSocket.frame(1, Array((isHonest ? name : stretched(name, using: &random)).utf8)))
        worker.socket.setPatience(milliseconds: 300)
        var held = lease
        // The welcome, and orders.
        for _ in 0..<4 where isHonest {
            guard let bytes = worker.next()?.payload else { break }
            guard case .run(let order)? = try? JSONText.value(CoordinatorMessage.self, from: bytes) else { continue }
            held = order.lease
            break
        }
        let said = try texts(of: held).map { random.chance(0.5) ? stretched($0, using: &random) : $0 }
        for _ in 0..<random.below(4) { worker.socket.send(RawWebSocket.frame(1, Array(random.pick(said).utf8))) }
        worker.socket.send(BrokenRequest.frames(said, using: &random))
        worker.socket.setPatience(milliseconds: 30)
        _ = worker.socket.receive()
    }

    @Test func aCoordinatorOutlivesItsVisitors() async throws {
        let directory = try TemporaryDirectory()
        let films = directory.file("films")
        try FileManager.default.createDirectory(atPath: films, withIntermediateDirectories: true)
        try FileManager.default.copyItem(atPath: try await MediaFixtures.path("tiny.mkv"), toPath: films + "/tiny.mkv")
        let coordinator = MartletProcess(
            [
                "serve", "--json", "--port", "0", "--data-directory", directory.file("data"), "--media-root",
                "films=\(films)",
            ],
            environment: ["XDG_CACHE_HOME": directory.file("cache")], deadline: .seconds(36_000))
        let url = try #require(try await coordinator.event("listening").members["url"])
        let port = try #require(url.split(separator: ":").last.flatMap { Int($0) })
        for seed in Trial.current.seeds(short: 1...120) {
            let start = try await onThread {
                var random = SplitMix64(seed: seed)
                if seed % 10 == 1 { try Self.submit(toPort: port, output: "\(seed).mkv") }
                if random.chance(0.5) {
                    let request = BrokenRequest.request(random.pick(Self.requests), using: &random)
                    return try BrokenRequest.send(request, toPort: port, using: &random)
                }
                try Self.work(forPort: port, using: &random)
                return []
            }
            #expect(!start.starts(with: "HTTP/1.1 500".utf8), "seed \(seed): \(String(decoding: start, as: UTF8.self))")
            guard !coordinator.hasEnded else {
                let outcome = try await coordinator.ended()
                Issue.record("seed \(seed): \(outcome.ending) \(outcome.errors.prefix(3000))")
                return
            }
        }
        let answer = try await onThread {
            let socket = try RawSocket(port: port)
            socket.send("GET /readyz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            return socket.receiveAll()
        }
        #expect(answer.hasPrefix("HTTP/1.1 200"), "\(answer)")
        coordinator.send(SIGTERM)
        #expect(try await coordinator.ended().exitCode == 0)
    }
}
