// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletModel
import MartletScheduling
import Testing

@Suite struct AttemptPaceTests {
    private func pace(predicted: Double = 10) -> AttemptPace {
        AttemptPace(epoch: Epoch(1), worker: WorkerID("w"), started: at(0), predicted: predicted)
    }

    @Test func predictionHoldsUntilThereIsARate() {
        var pace = pace()
        #expect(pace.remaining(now: at(4), patience: 20) == 6)
        #expect(pace.remaining(now: at(15), patience: 20) == 0)
        pace.reported(fraction: 0.1, frames: 10, now: at(2))
        #expect(pace.remaining(now: at(4), patience: 20) == 6)
        // Then 1 % of it takes a quarter of a second.
        pace.reported(fraction: 0.2, frames: 20, now: at(4.5))
        #expect(abs(pace.remaining(now: at(4.5), patience: 20) - 20) < 1e-9)
        #expect(abs(pace.remaining(now: at(5.5), patience: 20) - 19) < 1e-9)
    }

    @Test func rateIsThatOfTheLastSeconds() {
        var pace = pace()
        for second in 1...20 {
            pace.reported(fraction: Double(second) * 0.02, frames: second * 2, now: at(Double(second)))
        }
        #expect(abs(pace.remaining(now: at(20), patience: 20) - 30) < 1e-6)
        // The owner begins to play: a tenth of the speed.
        for second in 21...40 {
            let fraction = 0.4 + Double(second - 20) * 0.002
            pace.reported(fraction: fraction, frames: 40 + second - 20, now: at(Double(second)))
        }
        #expect(abs(pace.remaining(now: at(40), patience: 20) - 0.56 / 0.002) < 1)
        #expect(pace.isUneven)
    }

    @Test func silenceOfFramesIsAStall() {
        var pace = pace()
        for second in 1...10 {
            pace.reported(fraction: Double(second) * 0.01, frames: second * 5, now: at(Double(second)))
        }
        for second in 11...16 { pace.reported(fraction: 0.1, frames: 50, now: at(Double(second))) }
        #expect(!pace.isStalled(now: at(16), patience: 20))
        #expect(pace.isStalled(now: at(16.1), patience: 20))
        #expect(pace.remaining(now: at(17), patience: 20) == .infinity)
        pace.reported(fraction: 0.11, frames: 55, now: at(18))
        #expect(!pace.isStalled(now: at(18), patience: 20))
    }

    @Test func firstFrameMayTakeLonger() {
        var pace = pace()
        for second in 1...20 { pace.reported(fraction: 0, frames: 0, now: at(Double(second))) }
        #expect(!pace.isStalled(now: at(20), patience: 20))
        #expect(pace.isStalled(now: at(20.1), patience: 20))
        // Of a worker that never reports nothing is known for long.
        let silent = self.pace()
        #expect(!silent.isStalled(now: at(100), patience: 20))
        #expect(silent.isStalled(now: at(121), patience: 20))
    }

    @Test func speedFollowsWhatAttemptsShow() {
        var speeds = WorkerSpeeds(benchmark: 1)
        #expect(abs((speeds.speed ?? 0) - 1) < 1e-9)
        #expect(WorkerSpeeds(benchmark: nil).speed == nil)
        for _ in 0..<50 { speeds.observe("libx264", cost: 20, seconds: 10) }
        #expect(abs((speeds.speed(of: "libx264") ?? 0) - 2) < 0.05)
        #expect(speeds.speed(of: "libx265") == speeds.speed)
        speeds.observe("libx265", cost: 5, seconds: 10)
        #expect((speeds.speed(of: "libx265") ?? 9) < (speeds.speed(of: "libx264") ?? 0))
        // One odd attempt does not change much.
        let before = speeds.speed(of: "libx264") ?? 0
        speeds.observe("libx264", cost: 100, seconds: 10)
        #expect((speeds.speed(of: "libx264") ?? 0) < 1.3 * before)
    }
}
