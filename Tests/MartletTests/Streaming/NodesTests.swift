// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import Foundation
import MartletHost
import MartletTestKit
import Testing

/// Three nodes, a Redis, and viewers who seek, while all kinds of things go wrong.
@Suite(.serialized) struct NodesTests {
    private static let isLong = Trial.current.length != nil

    @Test("Whatever happens to nodes and Redis, no request fails and every byte is what one node makes")
    func nodes() async throws {
        for seed in Trial.current.seeds(short: 1...1) {
            if Self.isLong { FileHandle.standardError.write(Data("nodes: seed \(seed)\n".utf8)) }
            try await round(seed)
        }
    }

    private func round(_ seed: UInt64) async throws {
        let (viewers, seeks) = Self.isLong ? (50, 4) : (6, 1)
        let town = try await NodeTown(seconds: Self.isLong ? 240 : 60)
        let hasDisk = await PrivateDisk.isPermitted
        try await withThrowingTaskGroup(of: Void.self) { group in
            for name in ["a", "b"] { group.addTask { try await town.start(name) } }
            group.addTask { try await town.start("c", megabytes: hasDisk ? 64 : nil) }
            try await group.waitForAll()
        }
        var lost: [ClosedRange<Int>] = []
        func watching(_ phase: Int, while deed: () async throws -> Void) async throws {
            let watching = Task {
                await withTaskGroup(of: Void.self) { group in
                    for viewer in 0..<UInt64(viewers) {
                        group.addTask {
                            await town.watch(
                                seed: seed * 10_000 + UInt64(phase) * 1000 + viewer, seeks: seeks, quarter: phase)
                        }
                    }
                }
            }
            try await deed()
            await watching.value
        }

        // A node dies in the middle of its work.
        try await watching(0) {
            try await town.makes("a")
            try await town.kill("a")
        }
        try await town.start("a")

        // Redis is killed, and comes back.
        let gone = Int(SystemTime().wallMilliseconds())
        try await watching(1) { try await town.redis.stop() }
        for name in ["a", "b", "c"] { try await town.until("martlet_stream_claims_shared", of: name, is: 0) }
        #expect(try await town.sum("martlet_stream_claims_total{store=\"local\"}") > 0)
        try await town.redis.start()
        for name in ["a", "b", "c"] { try await town.until("martlet_stream_claims_shared", of: name, is: 1) }
        lost.append(gone...Int(SystemTime().wallMilliseconds()))
        // What was made meanwhile is there for all, although Redis has lost everything.
        if Self.isLong { await town.takeAllAgain() }

        // A disk is full for a while.
        if hasDisk { try await town.fill("c", true) }
        try await watching(2) {}
        if hasDisk { try await town.fill("c", false) }
        try await watching(3) {}

        let isReached = try await town.sum("martlet_stream_fetches_total{result=\"unreachable\"}") == 0
        try await town.compareWithOneNode(limit: Self.isLong ? .max : 8, seed: seed)
        try await town.stop()
        let record = await town.record()
        var faults = await town.faults + record.faults(besides: lost)
        // A machine that is too busy to answer costs a part made twice.
        if Self.isLong, isReached { faults += record.repetitions(besides: lost, of: ["c"]) }
        if !faults.isEmpty { Issue.record("seed \(seed)\n\(faults.joined(separator: "\n"))") }
        let (answers, longest) = (await town.answers, await town.longest)
        #expect(answers >= viewers * seeks * 4 * 4)
        // Claims last for 60 s: who was killed was missed before.
        let wait = longest.first.map { "\($0.wait) for \($0.what)" } ?? ""
        #expect(longest.first.map { $0.wait < .seconds(45) } == true, "\(wait)")
        // Every node has done some of the work.
        #expect(Set(record.makings.map(\.node)) == ["a", "b", "c"])
        if Self.isLong {
            let waits = longest.map { "  \($0.wait) for \($0.what)\n" }.joined()
            let line = "nodes: \(answers) answers, \(record.makings.count) parts begun, the longest waits:\n\(waits)"
            FileHandle.standardError.write(Data(line.utf8))
            if let first = longest.first {
                FileHandle.standardError.write(Data(record.lines(of: first.wait, until: first.end).utf8))
            }
        }
    }
}
