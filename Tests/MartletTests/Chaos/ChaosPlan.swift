// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletTestKit

/// What the monkey does, and when: the same for the same seed, everywhere.
///
/// Whatever is stopped, killed, cut or filled is set right again, and meanwhile nothing else of that kind happens to
/// the same machine.
struct ChaosPlan: Sendable, Equatable {
    /// One deed, some time after the start.
    struct Step: Sendable, Equatable {
        var at: Duration
        var deed: ChaosDeed
    }

    /// In their order.
    private(set) var steps: [Step] = []
    private let length: Int
    private let workers: Int
    private var random: SplitMix64
    private var busy: [ChaosDeed.Machine: Int] = [:]
    /// The deed that sets right comes as late as that, in milliseconds.
    private let longest: Int

    private let choice: [ChaosOrder]

    /// Plans deeds for so many workers.
    ///
    /// - Parameter orders: what is submitted.
    init(seed: UInt64, length: Duration, workers: Int, orders choice: [ChaosOrder]) {
        self.choice = choice
        random = SplitMix64(seed: seed)
        self.length = Int(length / .milliseconds(1))
        self.workers = workers
        longest = min(8000, self.length / 2)
        // There is something to disturb.
        add(.submit(orders(3)), at: 0)
        var time = 0
        while true {
            time += within(100...1300)
            guard time < self.length else { break }
            deed(at: time)
        }
        // Those of one time keep their order.
        steps = steps.enumerated().sorted { ($0.element.at, $0.offset) < ($1.element.at, $1.offset) }.map(\.element)
    }

    private mutating func add(_ deed: ChaosDeed, at time: Int) {
        steps.append(Step(at: .milliseconds(min(time, length)), deed: deed))
    }

    private mutating func within(_ range: ClosedRange<Int>) -> Int {
        range.lowerBound + random.below(range.upperBound - range.lowerBound + 1)
    }

    private mutating func orders(_ count: Int) -> [ChaosOrder] {
        (0..<count).map { _ in choice[random.below(choice.count)] }
    }

    private mutating func deed(at time: Int) {
        switch random.below(44) {
        case 0..<7: add(.submit(orders([1, 1, 2, 5][random.below(4)])), at: time)
        case 7, 8: add(.cancel(random.below(1000)), at: time)
        case 9, 10: add(.retry(random.below(1000)), at: time)
        case 11, 12:
            let priority = ["low", "normal", "high", "critical"][random.below(4)]
            add(.prioritise(random.below(1000), priority), at: time)
        case 13..<16: worker(at: time) { [.kill(.worker($0)), .start(.worker($0))] }
        case 16: worker(at: time) { [.kill(.worker($0)), .replace($0)] }
        case 17: worker(at: time) { [.end(.worker($0)), .start(.worker($0))] }
        case 18: worker(at: time) { [.drain($0), .end(.worker($0)), .start(.worker($0))] }
        case 19, 20: worker(at: time) { [.stop(.worker($0)), .wake(.worker($0))] }
        case 21..<24: worker(at: time) { [.cut($0), .mend($0)] }
        case 24, 25: worker(at: time) { [.fill(.worker($0)), .free(.worker($0))] }
        case 26: worker(at: time) { [.remove($0)] }
        case 27, 28: hit(.coordinator, at: time, [.kill(.coordinator), .start(.coordinator)])
        case 29: hit(.coordinator, at: time, [.end(.coordinator), .start(.coordinator)])
        case 30: hit(.coordinator, at: time, [.stop(.coordinator), .wake(.coordinator)])
        case 31, 32: hit(.coordinator, at: time, [.fill(.coordinator), .free(.coordinator)])
        case 33, 34: add(.killChild(.coordinator, random.below(4)), at: time)
        case 35..<39: add(.killChild(.worker(random.below(workers)), random.below(4)), at: time)
        case 39..<43:
            let number = random.below(4)
            worker(at: time) { [.stopEncoder($0, number), .wakeEncoders($0)] }
        default: add(.hangEncoder(random.below(workers), random.below(4)), at: time)
        }
    }

    private mutating func worker(at time: Int, _ deeds: (Int) -> [ChaosDeed]) {
        let number = random.below(workers)
        hit(.worker(number), at: time, deeds(number))
    }

    /// Adds deeds with pauses between them, unless something is wrong with the machine already.
    private mutating func hit(_ machine: ChaosDeed.Machine, at time: Int, _ deeds: [ChaosDeed]) {
        guard busy[machine, default: 0] <= time else { return }
        var time = time
        for (number, deed) in deeds.enumerated() {
            // Half of what is wrong passes quickly.
            if number > 0 { time += random.chance(0.5) ? within(50...1000) : within(1000...max(1000, longest)) }
            add(deed, at: time)
        }
        busy[machine] = time + 1
    }
}
