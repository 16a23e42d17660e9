// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import ClaimTrial
import Foundation
import MartletHost
import MartletModel
import MartletPorts
import MartletRedisStore
import MartletSQLiteStore
import MartletTestKit
import Testing

/// Many claimants at one store, with pauses, kills and cut connections: what they are told could have been told to one
/// after the other.
@Suite(.serialized) struct ClaimTrialTests {
    private static let isLong = Trial.current.length != nil
    private static let turns = isLong ? 60 : 25

    private static func redis(_ url: String, patience: Duration) throws -> RedisClaimStore {
        var options = RedisClaimStore.Options()
        options.patience = patience
        return RedisClaimStore(at: try RedisAddress(url), options: options)
    }

    @Test(.enabled(if: isLong, "only by make chaos")) func oneAfterTheOther() async throws {
        for seed in Trial.current.seeds(short: 1...1) {
            try await tasksAtMemory(seed: seed)
            try await tasksAndProcessesThatAreKilledAtSQLite(seed: seed)
            try await tasksAndProcessesOverBadLinesAtRedisThatStandsStillAtTimes(seed: seed)
            try await tasksAtRedisThatIsKilledAndStartedAgain(keepsItsData: true, seed: seed)
            try await tasksAtRedisThatIsKilledAndStartedAgain(keepsItsData: false, seed: seed)
        }
    }

    @Test(arguments: [1, 2]) func tasksAtMemory(seed: UInt64) async throws {
        let (run, store) = (ClaimTrialRun(), MemoryClaimStore(time: SystemTime()))
        let heard = try await run.listening(to: store) {
            await withTaskGroup(of: Void.self) { group in
                for number in 0..<8 {
                    group.addTask {
                        await run.claim(
                            "task \(number)", at: store, seed: seed * 100 + UInt64(number), turns: Self.turns)
                    }
                }
            }
        }
        run.judge(seed, heard: heard)
    }

    @Test(arguments: [1]) func tasksAndProcessesThatAreKilledAtSQLite(seed: UInt64) async throws {
        let (run, directory) = (ClaimTrialRun(), try TemporaryDirectory())
        let path = directory.file("claims.sqlite")
        let store = try await SQLiteClaimStore.open(path: path, time: SystemTime())
        let heard = try await run.listening(to: store) {
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<3 {
                    group.addTask {
                        let own = try await SQLiteClaimStore.open(path: path, time: SystemTime())
                        await run.claim(
                            "task \(number)", at: own, seed: seed * 100 + UInt64(number), turns: Self.turns)
                    }
                    group.addTask {
                        try await run.runProcesses(
                            "process \(number)", at: path, seed: seed * 100 + 50 + UInt64(number), turns: Self.turns)
                    }
                }
                try await group.waitForAll()
            }
        }
        run.judge(seed, heard: heard)
    }

    @Test(arguments: [1]) func tasksAndProcessesOverBadLinesAtRedisThatStandsStillAtTimes(seed: UInt64) async throws {
        let (run, server) = (ClaimTrialRun(), try await RedisServer())
        var faults = FaultyRelay.Faults()
        faults.delay = .milliseconds(1)
        faults.stallShare = 0.02
        faults.stall = .milliseconds(200)
        faults.lifetime = 50...600
        let relays = try (0..<6).map { number in
            try FaultyRelay(to: server.port, seed: seed * 10 + UInt64(number), faults: faults)
        }
        // Its own connection stands still, but is not cut.
        let listener = try Self.redis(server.url, patience: .seconds(60))
        let heard = try await run.listening(to: listener) {
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<3 {
                    group.addTask {
                        let own = try Self.redis(
                            "redis://127.0.0.1:\(relays[number].port)", patience: .milliseconds(500))
                        await run.claim(
                            "task \(number)", at: own, seed: seed * 100 + UInt64(number), turns: Self.turns)
                    }
                    group.addTask {
                        try await run.runProcesses(
                            "process \(number)", at: "redis://127.0.0.1:\(relays[3 + number].port)",
                            seed: seed * 100 + 50 + UInt64(number), turns: Self.turns)
                    }
                }
                group.addTask {
                    var random = SplitMix64(seed: seed)
                    for _ in 0..<4 {
                        try await run.hears(30 + random.below(100))
                        server.freeze()
                        // What began before ends unanswered, and some of what comes next.
                        try await run.hears(1 + random.below(12))
                        server.thaw()
                    }
                }
                try await group.waitForAll()
            }
        }
        run.judge(seed, heard: heard)
        #expect(relays.map(\.counts.breaks).reduce(0, +) > 0)
    }

    @Test(arguments: [true, false], [1])
    func tasksAtRedisThatIsKilledAndStartedAgain(keepsItsData: Bool, seed: UInt64) async throws {
        let (run, server) = (ClaimTrialRun(), try await RedisServer(isDurable: keepsItsData))
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<6 {
                group.addTask {
                    let own = try Self.redis(server.url, patience: .milliseconds(500))
                    await run.claim(
                        "task \(number)", at: own, seed: seed * 100 + UInt64(number), turns: Self.turns * 2)
                }
            }
            group.addTask {
                var random = SplitMix64(seed: seed)
                for _ in 0..<3 {
                    try await run.hears(100 + random.below(300))
                    try await server.stop()
                    try await server.start()
                }
            }
            try await group.waitForAll()
        }
        run.judge(seed, isKept: keepsItsData)
    }

    @Test(arguments: [CarelessStore.Fault.expired, .foreign, .forgetful, .fences, .missing])
    func storeWithAFaultIsFoundOut(fault: CarelessStore.Fault) async throws {
        // In a single trial the fault may meet nobody.
        for trial in 0..<20 {
            let (run, store) = (ClaimTrialRun(keys: 2, longest: 60), CarelessStore(fault))
            await withTaskGroup(of: Void.self) { group in
                for number in 0..<8 {
                    group.addTask {
                        await run.claim("\(number)", at: store, seed: UInt64(8 * trial + number), turns: 60, rounds: 1)
                    }
                }
            }
            if !ClaimHistory(run.records).faults().isEmpty { return }
        }
        Issue.record("a store with the fault \(fault) was taken for a good one in each of 20 trials")
    }
}
