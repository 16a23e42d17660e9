// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletScheduling
import Testing

/// The scheduler as a whole, in virtual time; small cases can be followed by hand.
@Suite struct SimulationTests {
    private typealias Machine = SimulationSetup.Machine
    private typealias Piece = SimulationSetup.Piece

    private func machines(_ speeds: [Double]) -> [Machine] {
        speeds.map { Machine(speed: $0, benchmark: $0) }
    }

    private func pieces(_ costs: [Double]) -> [Piece] { costs.map { Piece(cost: $0) } }

    private func run(_ setup: SimulationSetup) -> SimulationResult {
        var simulation = Simulation(setup)
        let result = simulation.run()
        #expect(result.isCompleted)
        #expect(result.accepted.allSatisfy { $0 == 1 })
        return result
    }

    private func tens(_ count: Int) -> [Piece] { pieces(Array(repeating: 10, count: count)) }

    /// To the clock's nanosecond.
    private func isClose(_ value: Double, _ expected: Double) -> Bool { abs(value - expected) < 1e-6 }

    private func withoutCopies(_ setup: SimulationSetup) -> SimulationSetup {
        var setup = setup
        setup.configuration.copies.maximumAttempts = 1
        return setup
    }

    @Test func fiveTasksOnAFastAndASlowMachineTakeNoLongerThanTheBound() {
        let result = run(SimulationSetup(machines: machines([4, 1]), pieces: tens(5)))
        #expect(isClose(result.makespan, 10))
        #expect(isClose(result.fluid, 10))
    }

    @Test func lastTaskGoesToTheFastMachineAndIsCopiedWhenTheSlowOneTookIt() {
        let fastFirst = run(SimulationSetup(machines: machines([4, 1]), pieces: tens(6)))
        #expect(isClose(fastFirst.makespan, 12.5))
        #expect(isClose(fastFirst.fluid, 12))
        // The slow one joins, and asks, first.
        let slowFirst = SimulationSetup(machines: machines([1, 4]), pieces: tens(6))
        #expect(isClose(run(slowFirst).makespan, 12.5))
    }

    @Test func slowMachineThatGetsTheLastTaskIsOvertakenByACopy() {
        // The fast one has a longer task when the slow one asks.
        var setup = SimulationSetup(machines: machines([4, 1]), pieces: pieces([44, 10, 10]))
        #expect(isClose(run(withoutCopies(setup)).makespan, 20))
        // Free at 11, the fast one needs 2.5 s; the slow one has done 1 s and a half more by then.
        let result = run(setup)
        #expect(isClose(result.makespan, 13.5))
        #expect(isClose(result.wastedEffort, 3.5))
        #expect(result.totals.copies == 1 && result.totals.copiesWon == 1)
        // Not for a gain of less than 2 s.
        setup.configuration.copies.leastGain = 7
        #expect(isClose(run(setup).makespan, 20))
    }

    @Test func longestTasksComeFirst() {
        let result = run(
            SimulationSetup(machines: machines([2, 1]), pieces: pieces([5, 20, 5, 15, 10, 5, 10])))
        #expect(isClose(result.makespan, 25))
        #expect(result.totals.copies == 0)
        let sound = SimulationSetup(machines: machines([1, 1]), pieces: tens(30) + pieces([90]))
        #expect(isClose(run(sound).makespan, 200))
    }

    @Test func machineThatBecomesSlowIsOvertaken() {
        var setup = SimulationSetup(machines: machines([1, 1, 1]), pieces: tens(9))
        setup.changes = [SimulationSetup.Change(time: 21, machine: 2, factor: 0.2)]
        #expect(isClose(run(withoutCopies(setup)).makespan, 66))
        let result = run(setup)
        #expect(isClose(result.makespan, 40))
        #expect(isClose(result.wastedEffort, 4.8))
    }

    @Test func taskOfADeadMachineIsCopiedBeforeItsLeaseEnds() {
        var setup = SimulationSetup(machines: machines([1, 1, 1]), pieces: tens(9))
        setup.changes = [SimulationSetup.Change(time: 23, machine: 2, factor: 0)]
        // Last heard of at 22 at the earliest and 23 at the latest, silent for 30 s, done anew in 10.
        #expect((62...63).contains(run(withoutCopies(setup)).makespan))
        let result = run(setup)
        #expect(isClose(result.makespan, 40))
        #expect(isClose(result.wastedEffort, 3))
    }

    @Test func hardwareTasksLoseNothing() {
        var setup = SimulationSetup.film(machines: 20, segments: 240, seed: 4)
        let plain = run(setup).ratio
        for index in setup.pieces.indices where index.isMultiple(of: 10) { setup.pieces[index].needsHardware = true }
        #expect(run(setup).ratio < plain + 0.02)
    }

    @Test(arguments: [1, 2, 3] as [UInt64]) func copiesNeverDelayATaskThatWaits(seed: UInt64) {
        let setup = SimulationSetup.film(machines: 12, segments: 60, seed: seed)
        let copied = run(setup)
        #expect(copied.makespan <= run(withoutCopies(setup)).makespan + 1e-6)
        let effort = setup.pieces.reduce(0) { $0 + $1.cost }
        #expect(copied.wastedEffort <= 0.05 * effort + 3 * (setup.pieces.map(\.cost).max() ?? 0))
    }

    @Test func sameSeedSameResult() {
        let setup = SimulationSetup.film(machines: 8, segments: 100, seed: 9, faults: .usual)
        #expect(run(setup) == run(setup))
    }

    @Test(arguments: 0...2)
    func goalsAreMetOnFewerSeeds(index: Int) {
        var goal = SimulationGoal.all[index]
        goal.runs = 4
        let outcome = goal.outcome()
        #expect(goal.isMet(by: outcome), "\(goal.machines) x \(goal.segments): \(outcome)")
    }

    @Test func goalIsMissedByEachOfItsBounds() {
        let goal = SimulationGoal(machines: 5, segments: 720, runs: 1, ratio: 1.03, waste: 0.02, decisionSeconds: 10)
        func isMet(_ change: (inout SimulationGoal.Outcome) -> Void) -> Bool {
            var outcome = SimulationGoal.Outcome(
                ratio: 1.03, worstRatio: 1.1, waste: 0.02, worstWaste: 0.1, decisionSeconds: 10, isComplete: true)
            change(&outcome)
            return goal.isMet(by: outcome)
        }
        #expect(isMet { _ in })
        #expect(!isMet { $0.ratio = 1.031 })
        #expect(!isMet { $0.waste = 0.021 })
        #expect(!isMet { $0.decisionSeconds = 10.1 })
        #expect(!isMet { $0.isComplete = false })
    }

    @Test(arguments: [(5, 1.03), (20, 1.05), (100, 1.2)])
    func filmTakesLittleLongerThanTheBoundWhenNothingGoesWrong(machines: Int, limit: Double) {
        let goal = SimulationGoal(
            machines: machines, segments: 720, runs: 2, faults: .init(), ratio: limit, waste: 0.02)
        #expect(goal.isMet(by: goal.outcome()))
    }
}
