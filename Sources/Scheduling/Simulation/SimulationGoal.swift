// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

/// What the scheduler is held to: films on machines as people have them, where things go wrong as at homes.
package struct SimulationGoal: Equatable, Sendable {
    /// How many machines there are.
    package var machines: Int
    /// How many segments of 10 s the film has.
    package var segments: Int
    /// How many films are simulated, each with the next seed.
    package var runs: Int
    /// What goes wrong.
    package var faults: SimulationSetup.Faults
    /// What the mean makespan over the bound may be.
    package var ratio: Double
    /// What the mean share of effort without result may be.
    package var waste: Double
    /// The processor time that all decisions of one film may take, in seconds; `nil` where it is not looked at.
    package var decisionSeconds: Double?

    /// Makes a goal.
    package init(
        machines: Int, segments: Int, runs: Int, faults: SimulationSetup.Faults = .usual, ratio: Double,
        waste: Double = 0.025, decisionSeconds: Double? = nil
    ) {
        self.machines = machines
        self.segments = segments
        self.runs = runs
        self.faults = faults
        self.ratio = ratio
        self.waste = waste
        self.decisionSeconds = decisionSeconds
    }

    /// All of them. Chance is averaged over at least 20 seeds, but in the last one, where one run has enough of it; that
    /// one is about processor time, and its makespan is only to show that nothing is saved at its cost.
    package static let all = [
        SimulationGoal(machines: 5, segments: 720, runs: 20, ratio: 1.03),
        SimulationGoal(machines: 20, segments: 720, runs: 20, ratio: 1.05),
        SimulationGoal(machines: 100, segments: 720, runs: 40, ratio: 1.20),
        SimulationGoal(machines: 100, segments: 10_000, runs: 20, ratio: 1.03),
        SimulationGoal(machines: 1000, segments: 100_000, runs: 1, ratio: 1.05, decisionSeconds: 10),
    ]

    /// How the films went.
    package struct Outcome: Equatable, Sendable {
        /// The mean makespan over the bound.
        package var ratio: Double
        /// The worst makespan over the bound.
        package var worstRatio: Double
        /// The mean share of effort without result.
        package var waste: Double
        /// The largest share of effort without result.
        package var worstWaste: Double
        /// The processor time of the decisions of the film that took most, in seconds; 0 without a clock.
        package var decisionSeconds: Double
        /// Whether all films came to their end, each piece with one result.
        package var isComplete: Bool

        /// Makes an outcome.
        package init(
            ratio: Double, worstRatio: Double, waste: Double, worstWaste: Double, decisionSeconds: Double,
            isComplete: Bool
        ) {
            self.ratio = ratio
            self.worstRatio = worstRatio
            self.waste = waste
            self.worstWaste = worstWaste
            self.decisionSeconds = decisionSeconds
            self.isComplete = isComplete
        }
    }

    /// Simulates the films.
    ///
    /// - Parameters:
    ///   - seed: that of the first film.
    ///   - clock: as for `Simulation`.
    package func outcome(seed: UInt64 = 1, clock: @escaping () -> UInt64 = { 0 }) -> Outcome {
        let results = (0..<UInt64(max(runs, 1))).map { number in
            var simulation = Simulation(
                .film(machines: machines, segments: segments, seed: seed + number, faults: faults), clock: clock)
            return simulation.run()
        }
        let count = Double(results.count)
        return Outcome(
            ratio: results.reduce(0) { $0 + $1.ratio } / count, worstRatio: results.map(\.ratio).max() ?? 0,
            waste: results.reduce(0) { $0 + $1.waste } / count, worstWaste: results.map(\.waste).max() ?? 0,
            decisionSeconds: results.map(\.decisionSeconds).max() ?? 0,
            isComplete: results.allSatisfy { $0.isCompleted && $0.accepted.allSatisfy { $0 == 1 } })
    }

    /// Whether the films went as they should.
    package func isMet(by outcome: Outcome) -> Bool {
        outcome.isComplete && outcome.ratio <= ratio && outcome.waste <= waste
            && decisionSeconds.map { outcome.decisionSeconds <= $0 } ?? true
    }
}
