// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

/// What is simulated: machines, pieces of work, and what goes wrong.
///
/// Effort is counted in reference seconds: what a slot of speed 1 does in a second.
package struct SimulationSetup: Equatable, Sendable {
    /// One machine.
    package struct Machine: Equatable, Sendable {
        /// Reference seconds a second of each slot.
        package var speed: Double
        /// How many tasks it runs at once.
        package var slots: Int
        /// What it says of its speed when it joins; `nil` when it does not.
        package var benchmark: Double?
        /// Megabytes of input a second; infinite for inputs that are there.
        package var link: Double
        /// Whether it has a hardware encoder.
        package var hasHardware: Bool
        /// When it joins, in seconds.
        package var joins: Double

        /// Makes a machine.
        package init(
            speed: Double, slots: Int = 1, benchmark: Double? = nil, link: Double = .infinity,
            hasHardware: Bool = false, joins: Double = 0
        ) {
            self.speed = speed
            self.slots = slots
            self.benchmark = benchmark
            self.link = link
            self.hasHardware = hasHardware
            self.joins = joins
        }
    }

    /// One piece of work.
    package struct Piece: Equatable, Sendable {
        /// Its true effort.
        package var cost: Double
        /// What the plan expects.
        package var estimate: Double
        /// Megabytes of its input.
        package var megabytes: Double
        /// Whether it needs a hardware encoder.
        package var needsHardware: Bool

        /// Makes a piece; the plan knows its effort unless told otherwise.
        package init(cost: Double, estimate: Double? = nil, megabytes: Double = 0, needsHardware: Bool = false) {
            self.cost = cost
            self.estimate = estimate ?? cost
            self.megabytes = megabytes
            self.needsHardware = needsHardware
        }
    }

    /// A change that comes at a given time.
    package struct Change: Equatable, Sendable {
        /// When, in seconds.
        package var time: Double
        /// The machine's position.
        package var machine: Int
        /// Its speed from then on, as a share of its own; 0 and less for: it is gone, and says nothing any more.
        package var factor: Double

        /// Makes a change.
        package init(time: Double, machine: Int, factor: Double) {
            self.time = time
            self.machine = machine
            self.factor = factor
        }
    }

    /// What goes wrong by chance.
    package struct Faults: Equatable, Sendable {
        /// The share of attempts that fail, at any point of their work.
        package var failureRate = 0.0
        /// The mean time to a machine's death, in seconds; infinite for never. It is back after about 10 minutes.
        package var meanLife = Double.infinity
        /// The mean time until a machine's owner plays for about 10 minutes, at a fifth of its speed.
        package var meanPeace = Double.infinity

        /// Nothing goes wrong.
        package init() {}

        /// What goes wrong at homes: 2 % of all attempts, a death in 4 hours, a game an hour.
        package static var usual: Faults {
            var faults = Faults()
            faults.failureRate = 0.02
            faults.meanLife = 4 * 3600
            faults.meanPeace = 3600
            return faults
        }
    }

    /// The machines.
    package var machines: [Machine]
    /// The work.
    package var pieces: [Piece]
    /// What changes when.
    package var changes: [Change] = []
    /// What goes wrong by chance.
    package var faults = Faults()
    /// Effort of every attempt before its first frame.
    package var startCost = 0.0
    /// Seconds between two reports of a task.
    package var reportInterval = 2.0
    /// The seed of all chance.
    package var seed: UInt64 = 1
    /// The numbers that scheduling goes by.
    package var configuration: SchedulingConfiguration

    /// Makes a setup in which nothing goes wrong.
    package init(machines: [Machine], pieces: [Piece]) {
        self.machines = machines
        self.pieces = pieces
        configuration = SchedulingConfiguration()
        configuration.prefetches = true
    }

    /// A film of so many segments of 10 s, with its sound, on machines as people have them.
    ///
    /// Half are laptops (speed 0.4 to 0.8, 1 slot), a third desktops (1 to 2.5,
    /// 1 or 2 slots), the rest boxes with graphics (2.5 to 4, 2 or 3 slots). Costs
    /// of neighbours are alike, and the plan knows them within 20 %; machines
    /// know their speeds within 15 %. Links carry 4 to 125 MB/s, segments have 10 MB.
    package static func film(
        machines: Int, segments: Int, seed: UInt64, faults: Faults = Faults()
    ) -> SimulationSetup {
        var chance = SimulationChance(seed: seed)
        let fleet = (0..<machines).map { _ in machine(&chance) }
        var slow = 0.0
        // 10 s apart, with a correlation over 60 s.
        let memory = Logarithm.inverse(-10.0 / 60)
        var pieces = (0..<segments).map { _ in
            slow = memory * slow + (1 - memory * memory).squareRoot() * 0.3 * chance.normal()
            let cost = 10 * Logarithm.inverse(slow + 0.26 * chance.normal() - 0.08)
            return Piece(cost: cost, estimate: cost * Logarithm.inverse(0.2 * chance.normal()), megabytes: 10)
        }
        for minute in stride(from: 0, to: Double(segments) / 6, by: 10) {
            let cost = min(10, Double(segments) / 6 - minute) * 60 / 80
            pieces.append(Piece(cost: cost, megabytes: min(10, Double(segments) / 6 - minute)))
        }
        var setup = SimulationSetup(machines: fleet, pieces: pieces)
        setup.startCost = 0.3
        setup.seed = chance.next()
        setup.faults = faults
        if faults != Faults() {
            let end = setup.fluidSeconds
            for index in setup.machines.indices where chance.share() < 0.1 {
                setup.machines[index].joins = 0.2 * end * chance.share()
            }
        }
        return setup
    }

    /// The time that the work takes when it can be divided at will and nothing goes wrong: no schedule is faster.
    package var fluidSeconds: Double {
        let effort = pieces.reduce(0) { $0 + $1.cost + startCost }
        return effort / machines.reduce(0) { $0 + $1.speed * Double($1.slots) }
    }

    private static func machine(_ chance: inout SimulationChance) -> Machine {
        let kind = chance.share()
        let (speed, slots): (Double, Int) =
            if kind < 0.5 {
                (0.4 + 0.4 * chance.share(), 1)
            } else if kind < 0.85 {
                (1 + 1.5 * chance.share(), chance.share() < 0.5 ? 1 : 2)
            } else {
                (2.5 + 1.5 * chance.share(), chance.share() < 0.5 ? 2 : 3)
            }
        let own = speed / Double(slots)
        return Machine(
            speed: own, slots: slots, benchmark: own * Logarithm.inverse(0.15 * chance.normal()),
            link: 4 * Logarithm.inverse(chance.share() * Logarithm.of(125.0 / 4)), hasHardware: kind >= 0.85)
    }
}

/// Chance that is the same for the same seed, everywhere.
struct SimulationChance: RandomNumberGenerator, Equatable, Sendable {
    private var state: UInt64

    init(seed: UInt64) { state = seed &* 0x2545_f491_4f6c_dd1d &+ 0x9e37_79b9_7f4a_7c15 }

    /// The next of Marsaglia's xorshift64*: <https://doi.org/10.18637/jss.v008.i14>.
    mutating func next() -> UInt64 {
        state ^= state >> 12
        state ^= state << 25
        state ^= state >> 27
        return state &* 0x2545_f491_4f6c_dd1d
    }

    /// A number from 0 up to 1.
    mutating func share() -> Double { Double(next() >> 11) * 0x1p-53 }

    /// A number about 0 with a deviation of 1: the sum of twelve even ones is close enough.
    mutating func normal() -> Double { (0..<12).reduce(-6) { sum, _ in sum + share() } }

    /// A waiting time with this mean.
    mutating func wait(_ mean: Double) -> Double {
        mean == .infinity ? .infinity : -mean * Logarithm.of(max(1 - share(), 1e-12))
    }
}
