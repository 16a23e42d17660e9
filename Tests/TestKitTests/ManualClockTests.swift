// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletModel
import MartletTestKit
import Testing

@Suite struct ManualClockTests {
    let clock = ManualClock()

    @Test func standsStillUntilMoved() {
        #expect(clock.now() == Moment(nanoseconds: 0))
        let wall = clock.wallMilliseconds()
        clock.advance(by: .seconds(3))
        #expect(clock.now() == Moment(nanoseconds: 3_000_000_000))
        #expect(clock.wallMilliseconds() == wall + 3000)
    }

    @Test func sleeperWakesWhenItsMomentComesAndNotBefore() async throws {
        let clock = clock
        let sleeper = Task {
            try await clock.sleep(until: Moment(nanoseconds: 2_000_000_000))
            return clock.now()
        }
        await clock.waitForSleepers()
        clock.advance(by: .seconds(1))
        #expect(clock.sleeperCount == 1)
        #expect(clock.nextDeadline == Moment(nanoseconds: 2_000_000_000))
        clock.advance(by: .seconds(1))
        #expect(clock.sleeperCount == 0)
        #expect(try await sleeper.value == Moment(nanoseconds: 2_000_000_000))
    }

    @Test func momentInThePastIsNotWaitedFor() async throws {
        clock.advance(by: .seconds(5))
        try await clock.sleep(until: Moment(nanoseconds: 5_000_000_000))
    }

    @Test func cancelledSleeperThrows() async {
        let clock = clock
        let sleeper = Task { try await clock.sleep(until: Moment(nanoseconds: 1)) }
        await clock.waitForSleepers()
        sleeper.cancel()
        await #expect(throws: CancellationError.self) { try await sleeper.value }
        #expect(clock.sleeperCount == 0)
    }

    @Test func sleeperCancelledBeforeItBeginsThrows() async {
        let clock = clock
        let sleeper = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            try await clock.sleep(until: Moment(nanoseconds: 1))
        }
        await #expect(throws: CancellationError.self) { try await sleeper.value }
        #expect(clock.sleeperCount == 0)
    }

    @Test func waitingForSleepersCountsThem() async throws {
        let clock = clock
        let sleepers = (1...5).map { second in
            Task { try await clock.sleep(until: Moment(nanoseconds: Int64(second) * 1_000_000_000)) }
        }
        await clock.waitForSleepers(5)
        #expect(clock.sleeperCount == 5)
        clock.advance(by: .seconds(5))
        for sleeper in sleepers { try await sleeper.value }
    }
}
