// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import Foundation
import MartletHTTP
import MartletHost
import MartletModel
import MartletPorts
import MartletTestKit
import Synchronization
import Testing

/// Nodes that serve one film through one Redis, and viewers who go back and forth in it.
actor NodeTown {
    /// A node as it runs.
    struct Node: Sendable {
        let name: String
        let process: MartletProcess
        let url: String
        let disk: PrivateDisk?
    }

    /// What a viewer got that should not be.
    struct Failure: Error, CustomStringConvertible { let description: String }

    let redis: RedisServer
    let segments: Int
    private let place: TemporaryDirectory
    private let film: String
    private let caller = CurlCaller()
    private var nodes: [String: Node] = [:]
    /// What ended processes said, and when they were killed.
    private var past: [(node: String, events: [MartletProgram.Event], end: Int)] = []
    /// Files as they were first served, by their path.
    private var served: [String: [UInt8]] = [:]
    private(set) var faults: [String] = []
    private(set) var answers = 0
    /// The longest waits, the longest first: how long, for what, of whom and until when.
    private(set) var longest: [(wait: Duration, what: String, end: Int)] = []

    /// Makes the film; there is no node yet.
    ///
    /// - Parameter seconds: how long the film is, a multiple of 4.
    init(seconds: Int) async throws {
        place = try TemporaryDirectory()
        film = place.file("film.mp4")
        // 1, 1 and 2 s, and then 4 s each.
        segments = 3 + (seconds - 4) / 4
        redis = try await RedisServer()
        let made = try await ChildProcess.run(
            "ffmpeg",
            ["-v", "error", "-f", "lavfi", "-i", "testsrc2=size=320x180:rate=8:duration=\(seconds)"]
                + ["-f", "lavfi", "-i", "sine=frequency=440:duration=\(seconds)", "-c:v", "libx264", "-g", "16"]
                + ["-preset", "ultrafast", "-c:a", "aac", film])
        try #require(made.isSuccess, "\(made.errors)")
    }

    private static var now: Int { Int(SystemTime().wallMilliseconds()) }

    // MARK: Nodes

    /// Starts a node, also one that ran before; its cache is its own.
    ///
    /// - Parameters:
    ///   - megabytes: the size of its disk, where that is one of its own.
    ///   - isAlone: whether it knows no Redis.
    func start(_ name: String, megabytes: Int? = nil, isAlone: Bool = false) async throws {
        let cache = place.file("cache-\(name)")
        try FileManager.default.createDirectory(atPath: cache, withIntermediateDirectories: true)
        let disk = megabytes.map { PrivateDisk(at: cache, megabytes: $0) }
        let process = MartletProcess(
            ["stream", film, "--port", "0", "--cache-directory", cache, "--worker-id", name, "--json"]
                + ["--slots", "2", "--rate-limit", "0"]
                + (isAlone ? [] : ["--redis-url", redis.url]),
            environment: ["REDIS_URL": nil], wrapper: disk?.wrapper ?? [], deadline: .seconds(3600))
        let url = try #require(try await process.event("listening").members["url"])
        nodes[name] = Node(name: name, process: process, url: url, disk: disk)
    }

    /// Kills a node, with all that it started; a viewer wants the segments of picture that it was making from the others.
    func kill(_ name: String) async throws {
        guard let node = nodes.removeValue(forKey: name) else { return }
        let time = Self.now
        node.process.sendToGroup(SIGKILL)
        _ = try await node.process.ended()
        past.append((name, node.process.events, time))
        var record = NodeRecord()
        record.add(name, node.process.events, killedAt: time)
        for making in record.makings where making.result == "killed" {
            guard let part = StreamPart(making.part), part.rendition == "original" else { continue }
            for other in nodes.keys.sorted() {
                await take("original/\(part.number).m4s", "?session=heir", of: other)
            }
        }
    }

    /// Returns when a node makes something.
    func makes(_ name: String) async throws {
        let time = Self.now
        _ = try await nodes[name]?.process.event("partStarted") { ($0.integer("time_ms") ?? 0) >= time }
    }

    /// Fills the disk of a node, or frees it again.
    func fill(_ name: String, _ isFull: Bool) throws {
        guard let node = nodes[name], let disk = node.disk else { return }
        if isFull { try disk.fill(leaving: 0, of: node.process) } else { try disk.free(of: node.process) }
    }

    /// A number that a node tells of itself; 0 where it does not.
    func metric(_ line: String, of name: String) async throws -> Double {
        guard let node = nodes[name] else { return 0 }
        let answer = try await caller.call(HTTPCall("GET", node.url + "/metrics"), limit: 1 << 20)
        for text in String(decoding: answer.body, as: UTF8.self).split(separator: "\n") where text.hasPrefix(line + " ")
        {
            return Double(text.dropFirst(line.count + 1)) ?? 0
        }
        return 0
    }

    /// The sum over all nodes.
    func sum(_ line: String) async throws -> Double {
        var sum = 0.0
        for name in nodes.keys { sum += try await metric(line, of: name) }
        return sum
    }

    /// Waits until a node tells this number of itself; there is no event for it.
    func until(_ line: String, of name: String, is value: Double) async throws {
        try await waiting(for: "\(line) \(value) of \(name)") {
            while try await self.metric(line, of: name) != value { try await Task.sleep(for: .milliseconds(50)) }
        }
    }

    // MARK: Viewers

    /// A viewer goes to places of a quarter of the film at random, and takes two segments of picture and one of sound at
    /// each.
    func watch(seed: UInt64, seeks: Int, quarter: Int) async {
        var random = SplitMix64(seed: seed)
        let start = quarter * segments / 4
        for _ in 0..<seeks {
            let first = start + random.below((quarter + 1) * segments / 4 - start - 1)
            let session = "?session=viewer\(seed)"
            for path in ["original/init.mp4", "original/\(first).m4s", "original/\(first + 1).m4s", "a1/\(first).m4s"] {
                await take(path, session, &random)
            }
        }
    }

    /// Every node is asked for everything that was served by now.
    func takeAllAgain() async {
        await withTaskGroup(of: Void.self) { group in
            for (number, name) in nodes.keys.sorted().enumerated() {
                group.addTask {
                    for path in await self.served.keys.sorted() {
                        await self.take(path, "?session=again\(number)", of: name)
                    }
                }
            }
        }
    }

    /// Takes a file of any node; one that is not there is as one that a balancer leaves out.
    private func take(_ path: String, _ session: String, _ random: inout SplitMix64) async {
        for _ in 0..<20 {
            let names = nodes.keys.sorted()
            if await take(path, session, of: names[random.below(names.count)]) { return }
        }
        faults.append("\(path): nobody answers")
    }

    /// Takes a file of one node; `false` when that is not there.
    @discardableResult
    private func take(_ path: String, _ session: String, of name: String) async -> Bool {
        guard let node = nodes[name] else { return false }
        let start = ContinuousClock.now
        do {
            let answer = try await caller.call(
                HTTPCall("GET", "\(node.url)/hls/film.mp4/\(path)\(session)", stallTimeout: .seconds(60)),
                limit: 1 << 24)
            answers += 1
            note(ContinuousClock.now - start, path, of: name)
            if answer.status == 200 {
                note(path, answer.body, of: name)
            } else {
                faults.append("\(path) of \(name): \(answer.status) \(String(decoding: answer.body, as: UTF8.self))")
            }
            return true
        } catch {
            // It was killed; else it had to answer.
            if nodes[name]?.url == node.url { faults.append("\(path) of \(name): \(error)") }
            return false
        }
    }

    private func note(_ wait: Duration, _ path: String, of node: String) {
        longest.append((wait, "\(path) of \(node)", Self.now))
        longest = Array(longest.sorted { $0.wait > $1.wait }.prefix(5))
    }

    private func note(_ path: String, _ bytes: [UInt8], of node: String) {
        if let first = served[path] {
            if first != bytes { faults.append("\(path) of \(node) is not what another node served") }
        } else {
            served[path] = bytes
        }
    }

    /// Compares what was served with what a node makes that is alone.
    ///
    /// - Parameter limit: how many files at the most, chosen at random.
    func compareWithOneNode(limit: Int, seed: UInt64) async throws {
        var random = SplitMix64(seed: seed)
        try await start("alone", isAlone: true)
        guard let node = nodes.removeValue(forKey: "alone") else { return }
        let paths = served.keys.sorted().shuffled(using: &random).prefix(limit)
        try await withThrowingTaskGroup(of: Void.self) { group in
            // Who asks for everything at once waits for longer than a node lets anybody wait.
            for viewer in 0..<4 {
                group.addTask { [caller] in
                    for path in paths.enumerated().filter({ $0.offset % 4 == viewer }).map(\.element) {
                        let answer = try await caller.call(
                            HTTPCall(
                                "GET", "\(node.url)/hls/film.mp4/\(path)?session=\(viewer)",
                                stallTimeout: .seconds(120)), limit: 1 << 24)
                        await self.compare(path, answer)
                    }
                }
            }
            try await group.waitForAll()
        }
        node.process.send(SIGTERM)
        _ = try await node.process.ended()
    }

    private func compare(_ path: String, _ answer: HTTPAnswer) {
        guard answer.status == 200 else {
            faults.append("\(path) of one node alone: \(answer.status)")
            return
        }
        note(path, answer.body, of: "one node alone")
    }

    /// All that was made, and by whom.
    func record() -> NodeRecord {
        var record = NodeRecord()
        for life in past { record.add(life.node, life.events, killedAt: life.end) }
        for node in nodes.values { record.add(node.name, node.process.events, killedAt: nil) }
        return record
    }

    /// Ends all nodes in order.
    func stop() async throws {
        for node in nodes.values { node.process.send(SIGTERM) }
        for node in nodes.values {
            let outcome = try await node.process.ended()
            if !outcome.isSuccess { faults.append("\(node.name) ended with \(outcome.ending): \(outcome.errors)") }
        }
    }
}
