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

    /// Gives a sign of life before the end that is due first, and expects it ten seconds after the sign.
    private func expectNewEnd(of watchdog: Watchdog, due first: Int64, sign: Int64) async throws {
        let wait = Task { try await watchdog.waitForStall() }
        await clock.waitForSleepers()
        #expect(clock.nextDeadline == seconds(first))
        clock.advance(by: .seconds(sign))
        watchdog.note(RunProgress(frames: 1))
        clock.advance(by: .seconds(first - sign))
        await clock.waitForSleepers()
        #expect(clock.nextDeadline == seconds(sign + 10))
        clock.advance(by: .seconds(sign + 10 - first))
        try await wait.value
    }

    @Test func newFramesPutTheEndOff() async throws {
        try await expectNewEnd(of: Watchdog(limit: .seconds(10), time: clock), due: 10, sign: 8)
    }

    @Test func theFirstSignOfLifeMayTakeLonger() async throws {
        let watchdog = Watchdog(limit: .seconds(10), allowance: .seconds(50), time: clock)
        try await expectNewEnd(of: watchdog, due: 60, sign: 55)
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
