// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletModel
import MartletPorts
import MartletTestKit
import Testing

@testable import MartletFFmpeg

@Suite struct WatchdogTests {
    let clock = ManualClock()

    private func seconds(_ count: Int64) -> Moment { Moment(nanoseconds: count * 1_000_000_000) }

    @Test func newFramesPutTheEndOff() async throws {
        let watchdog = Watchdog(limit: .seconds(10), time: clock)
        let wait = Task { try await watchdog.waitForStall() }
        await clock.waitForSleepers()
        clock.advance(by: .seconds(8))
        watchdog.note(RunProgress(frames: 1))
        clock.advance(by: .seconds(2))
        await clock.waitForSleepers()
        #expect(clock.nextDeadline == seconds(18))
        clock.advance(by: .seconds(8))
        try await wait.value
    }

    @Test(arguments: [
        (RunProgress(frames: 5, size: ByteCount(10)), RunProgress(frames: 5, size: ByteCount(20)), false),
        (RunProgress(frames: 5), RunProgress(frames: 6), true),
        (RunProgress(outputMicroseconds: 5), RunProgress(outputMicroseconds: 6), true),
        (RunProgress(size: ByteCount(5)), RunProgress(size: ByteCount(6)), true),
        (RunProgress(outputMicroseconds: 5, size: ByteCount(5)), RunProgress(outputMicroseconds: 5), false),
    ])
    func onlyNewOutputCounts(before: RunProgress, after: RunProgress, counts: Bool) async throws {
        let watchdog = Watchdog(limit: .seconds(10), time: clock)
        watchdog.note(before)
        clock.advance(by: .seconds(4))
        watchdog.note(after)
        let wait = Task { try await watchdog.waitForStall() }
        await clock.waitForSleepers()
        #expect(clock.nextDeadline == seconds(counts ? 14 : 10))
        clock.advance(by: .seconds(10))
        try await wait.value
    }

    @Test func theFirstSignOfLifeMayTakeLonger() async throws {
        let watchdog = Watchdog(limit: .seconds(10), allowance: .seconds(50), time: clock)
        let wait = Task { try await watchdog.waitForStall() }
        await clock.waitForSleepers()
        #expect(clock.nextDeadline == seconds(60))
        clock.advance(by: .seconds(55))
        watchdog.note(RunProgress(frames: 1))
        clock.advance(by: .seconds(5))
        await clock.waitForSleepers()
        #expect(clock.nextDeadline == seconds(65))
        clock.advance(by: .seconds(5))
        try await wait.value
    }

    @Test func aProcessThatWasItselfStoppedGivesTheRunAnotherChance() async throws {
        let watchdog = Watchdog(limit: .seconds(10), time: clock)
        let wait = Task { try await watchdog.waitForStall() }
        await clock.waitForSleepers()
        clock.advance(by: .seconds(3600))
        await clock.waitForSleepers()
        #expect(clock.nextDeadline == seconds(3610))
        clock.advance(by: .seconds(10))
        try await wait.value
    }
}
