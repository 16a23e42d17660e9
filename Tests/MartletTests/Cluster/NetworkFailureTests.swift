// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import Foundation
import Glibc
import MartletTestKit
import Testing

/// What a bad network does to a cluster of real processes. Serial, since each test is about times.
@Suite(.serialized) struct NetworkFailureTests {
    private static let noNetwork: Comment = "network namespaces are not permitted here"

    private func isOf(_ worker: String) -> @Sendable (MartletProgram.Event) -> Bool {
        { $0.members["worker_id"] == worker }
    }

    @Test("The work of a worker that is killed with -9 is elsewhere in less than two seconds")
    func killed() async throws {
        // A machine that is busy with other things may be late once, and again.
        var delays: [Int] = []
        repeat { delays.append(try await millisecondsToMove()) } while (delays.last ?? 0) >= 2000 && delays.count < 3
        #expect(delays.contains { $0 < 2000 }, "\(delays) ms")
    }

    /// How long it takes from the death of a worker until another one has begun its task.
    private func millisecondsToMove() async throws -> Int {
        let cluster = try await TestCluster(films: ["minute.mp4": "small_minute.mp4"])
        let all = try await cluster.watch()
        let lazy = try await cluster.lazyFFmpeg(seconds: 4)
        let victim = try await cluster.worker("victim", ["--slots", "1"], sharesFilms: true, ffmpeg: lazy)
        let job = try await cluster.submit("minute.mp4", to: "out.mkv")
        let task = try #require(try await all.event("taskStarted", where: isOf("victim")).members["task_id"])
        // More places than tasks: what moves does not wait for one.
        let heir = try await cluster.worker("heir", ["--slots", "8"], sharesFilms: true)
        let killed = Date()
        victim.sendToGroup(SIGKILL)
        _ = try await all.event("taskStarted") {
            $0.members["worker_id"] == "heir" && $0.members["task_id"] == task
        }
        let attempts = try await cluster.attempts(of: job)[task] ?? []
        let heirs = attempts.compactMap { $0["worker"] as? String == "heir" ? $0["started_ms"] as? Int : nil }
        let begun = try #require(heirs.last)
        try await cluster.completed(job)
        try await cluster.isUndisturbed(job)
        #expect(try await cluster.trials(of: job).joined().contains("victim interrupted"))
        withExtendedLifetime((all, heir)) {}
        return begun - Int(killed.timeIntervalSince1970 * 1000)
    }

    @Test(
        "A network that is cut for ten seconds costs no encode: the worker goes on, and everything it makes counts",
        .enabled(noNetwork) { await CutNetwork.isPermitted })
    func shortCut() async throws {
        let network = try await CutNetwork(1)
        defer { network.remove() }
        let cluster = try await TestCluster(
            ["--host", network.address, "--token", "right"], films: ["minute.mp4": "small_minute.mp4"], token: "right")
        let all = try await cluster.watch()
        let worker = try await cluster.worker("far", ffmpeg: try await cluster.lazyFFmpeg(), wrapper: network.wrapper)
        let job = try await cluster.submit("minute.mp4", to: "out.mkv")
        _ = try await all.event("taskStarted", where: isOf("far"))
        try await network.cut(for: .seconds(10))
        try await cluster.completed(job)
        try await cluster.isUndisturbed(job)
        let tasks = try await cluster.trials(of: job)
        #expect(tasks.allSatisfy { $0 == ["far completed"] }, "\(tasks)")
        withExtendedLifetime((all, worker)) {}
    }

    @Test(
        "A network that is cut for longer than leases last moves the work, each task counts once, and the worker returns",
        .enabled(noNetwork) { await CutNetwork.isPermitted }, arguments: LongForm.isWanted ? [5, 30] : [5])
    func longCut(heartbeatTimeout: Int) async throws {
        let network = try await CutNetwork(1)
        defer { network.remove() }
        let cluster = try await TestCluster(
            ["--host", network.address, "--heartbeat-timeout", "\(heartbeatTimeout)", "--token", "right"],
            films: ["minute.mp4": "small_minute.mp4"], token: "right")
        let all = try await cluster.watch()
        let lazy = try await cluster.lazyFFmpeg()
        let far = try await cluster.worker("far", ["--slots", "1"], ffmpeg: lazy, wrapper: network.wrapper)
        let job = try await cluster.submit("minute.mp4", to: "out.mkv")
        _ = try await all.event("taskStarted", where: isOf("far"))
        try await network.set("down")
        let cut = ContinuousClock.now
        let near = try await cluster.worker("near", ["--slots", "2"], sharesFilms: true)
        _ = try await all.event("workerUnregistered", where: isOf("far"))
        try await cluster.completed(job)
        // In real time: two minutes.
        if heartbeatTimeout == 30 { try await Task.sleep(until: cut + .seconds(120)) }
        let isBack = all.events.count
        try await network.set("up")
        _ = try await all.event("workerRegistered") { [isOf] event in
            isOf("far")(event) && all.events.count > isBack
        }
        try await cluster.isUndisturbed(job)
        let tasks = try await cluster.trials(of: job)
        // What it held when its network went was encoded once more, and nothing else.
        let lost = tasks.joined().count { $0 == "far interrupted" }
        #expect(lost > 0 && tasks.joined().count == tasks.count + lost, "\(tasks)")
        near.send(SIGTERM)
        _ = try await near.ended()
        let next = try await cluster.submit("minute.mp4", to: "next.mkv")
        try await cluster.completed(next)
        #expect(try await cluster.trials(of: next).allSatisfy { $0 == ["far completed"] })
        withExtendedLifetime(far) {}
    }

    @Test(
        "Over a network that is slow, stalls, breaks connections and turns bits over, a job comes out exact",
        arguments: LongForm.isWanted ? Array(1...10) : [1, 2])
    func badNetwork(seed: UInt64) async throws {
        let cluster = try await TestCluster(["--chunk-size", "16Ki"], films: ["minute.mp4": "small_minute.mp4"])
        var faults = FaultyRelay.Faults()
        faults.delay = .milliseconds(5)
        faults.rate = 2_000_000
        faults.stallShare = 0.01
        faults.lifetime = 2000...8000
        faults.flipShare = 0.3
        faults.flipLimit = 5
        let port = try #require(cluster.url.split(separator: ":").last.flatMap { Int($0) })
        let relay = try FaultyRelay(to: port, seed: seed, faults: faults)
        let worker = try await cluster.worker(
            "far", ["--reconnect-delay", "0.1"], at: "http://127.0.0.1:\(relay.port)")
        let job = try await cluster.submit("minute.mp4", to: "out.mkv")
        try await cluster.completed(job)
        try await cluster.isUndisturbed(job)
        let counts = relay.counts
        #expect(counts.breaks > 0 && counts.flipsUp > 0 && counts.flipsDown > 0, "\(counts)")
        let refused = try await cluster.metric(#"martlet_transfers_refused_total{reason="damaged"}"#)
        #expect(refused == Double(counts.flipsUp), "\(counts)")
        withExtendedLifetime(worker) {}
    }
}
