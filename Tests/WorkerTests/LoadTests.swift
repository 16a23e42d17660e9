// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletModel
import MartletPorts
import MartletTestKit
import MartletWorker
import Synchronization
import Testing

/// When a worker leaves its machine to others.
@Suite struct LoadTests {
    private func moment(_ seconds: Int64) -> Moment { Moment(nanoseconds: seconds * 1_000_000_000) }

    private func check(_ expected: Bool, _ found: Bool, at location: SourceLocation = #_sourceLocation) {
        #expect(found == expected, sourceLocation: location)
    }

    @Test("Ten seconds above the limit end the taking of tasks, thirty clearly below begin it again")
    func yields() {
        var policy = YieldPolicy(limit: 0.5)
        check(true, policy.note(others: 0.9, now: moment(0)))
        check(true, policy.note(others: 0.9, now: moment(9)))
        check(false, policy.note(others: 0.9, now: moment(10)))
        check(false, policy.note(others: 0.1, now: moment(20)))
        check(false, policy.note(others: 0.1, now: moment(49)))
        check(true, policy.note(others: 0.1, now: moment(50)))
        check(true, policy.note(others: 0.9, now: moment(51)))
    }

    @Test("A short burst is no reason to stop, and a short rest none to go on")
    func interruptions() {
        var policy = YieldPolicy(limit: 0.5)
        for second in 0..<60 {
            check(true, policy.note(others: second % 9 == 8 ? 0.1 : 0.9, now: moment(Int64(second))))
        }
        for second in 60..<80 { _ = policy.note(others: 0.9, now: moment(Int64(second))) }
        #expect(!policy.takesTasks)
        for second in 80..<200 {
            // A little below the limit is not clearly below it.
            check(false, policy.note(others: second % 29 == 28 ? 0.45 : 0.1, now: moment(Int64(second))))
        }
    }

    @Test("After a full disk somebody has to make space, or ten minutes must pass")
    func space() {
        var policy = SpacePolicy()
        check(true, policy.takesTasks(free: .mebibytes(64), now: moment(0)))
        check(false, policy.takesTasks(free: .mebibytes(63), now: moment(0)))
        policy.ranOut(free: .mebibytes(300), now: moment(0))
        check(false, policy.takesTasks(free: .mebibytes(363), now: moment(1)))
        check(true, policy.takesTasks(free: .mebibytes(364), now: moment(2)))
        check(true, policy.takesTasks(free: .mebibytes(300), now: moment(3)))
        policy.ranOut(free: .mebibytes(300), now: moment(4))
        check(false, policy.takesTasks(free: .mebibytes(300), now: moment(603)))
        check(true, policy.takesTasks(free: .mebibytes(300), now: moment(604)))
    }

    private final class Meter: LoadMeter {
        let load = Mutex(MachineLoad(processors: 0.9, others: 0.8, memory: .mebibytes(5), temperature: 61.5))
        let asked = Journal<Bool>()
        func measure() -> MachineLoad {
            asked.note(true)
            return load.withLock { $0 }
        }
    }

    @Test("The watch looks every two seconds, and its load says whether tasks are welcome")
    func watch() async throws {
        let (meter, clock) = (Meter(), ManualClock())
        let watch = LoadWatch(meter: meter, limit: 0.25, time: clock)
        let watching = Task { await watch.run() }
        for look in 0..<6 {
            try await waiting(for: "look \(look)") { await clock.waitForSleepers() }
            clock.advance(by: .seconds(2))
        }
        try await waiting(for: "the last look") { await clock.waitForSleepers() }
        let load = await watch.load()
        #expect(load == WorkerLoad(processors: 0.9, memory: .mebibytes(5), temperature: 61.5, takesTasks: false))
        #expect(meter.asked.entries.count == 6)
        watching.cancel()
        await watching.value

        let tolerant = LoadWatch(meter: meter, limit: nil, time: clock)
        await tolerant.run()
        #expect(await tolerant.load().takesTasks)
    }
}
