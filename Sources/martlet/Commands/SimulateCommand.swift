// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import Glibc
import MartletScheduling

/// `martlet simulate`.
struct SimulateCommand {
    /// What it runs with.
    var context: Context

    /// Runs the command.
    func run() async throws -> Ending {
        let wanted = context.settings.simulation
        if wanted.isOfGoals { return try goals(seed: UInt64(wanted.seed)) }
        var results: [SimulationResult] = []
        context.print(SimulationText.heading)
        for number in 0..<wanted.runs {
            let seed = UInt64(wanted.seed + number)
            var simulation = Simulation(setup(seed: seed), clock: Self.processorTime)
            let result = simulation.run()
            results.append(result)
            context.print(SimulationText.json(of: result, seed: seed))
            context.print(SimulationText.row(of: result, seed: seed))
        }
        if results.count > 1 { context.print(SimulationText.summary(of: results)) }
        guard results.allSatisfy(\.isCompleted) else {
            throw CommandLineError(
                .unfit, "A simulated job did not come to its end.",
                advice: "With high failure rates tasks run out of attempts.")
        }
        return .success
    }

    /// Simulates what the scheduler is held to.
    private func goals(seed: UInt64) throws -> Ending {
        var missed = 0
        context.print(SimulationText.goalHeading)
        for goal in SimulationGoal.all {
            let outcome = goal.outcome(seed: seed, clock: Self.processorTime)
            context.print(SimulationText.json(of: outcome, goal))
            context.print(SimulationText.row(of: outcome, goal))
            if !goal.isMet(by: outcome) { missed += 1 }
        }
        guard missed == 0 else {
            throw CommandLineError(
                .unfit, "\(missed) of \(SimulationGoal.all.count) goals of the scheduler are missed.",
                advice: "A debug build may be too slow for the processor time; the others do not depend on the machine."
            )
        }
        return .success
    }

    private func setup(seed: UInt64) -> SimulationSetup {
        let wanted = context.settings.simulation
        var faults = wanted.isFaulty ? SimulationSetup.Faults.usual : SimulationSetup.Faults()
        if let rate = wanted.failureRate { faults.failureRate = rate }
        var setup = SimulationSetup.film(
            machines: wanted.speeds.isEmpty ? wanted.machines : wanted.speeds.count, segments: wanted.segments,
            seed: seed, faults: faults)
        if !wanted.speeds.isEmpty {
            for (index, speed) in wanted.speeds.enumerated() {
                setup.machines[index].speed = speed
                setup.machines[index].benchmark = speed
                setup.machines[index].slots = 1
                setup.machines[index].link = 125
            }
        }
        return setup
    }

    /// The processor time of this thread, in nanoseconds.
    private static func processorTime() -> UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }
}
