// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

/// How a simulated job went.
package struct SimulationResult: Equatable, Sendable {
    /// Seconds from the submission to the last result.
    package var makespan: Double
    /// The time that no schedule can beat, in seconds; what went wrong is taken into account.
    package var fluid: Double
    /// Effort that led to no result, as a share of the job's effort.
    package var waste: Double
    /// Effort that led to no result, in reference seconds.
    package var wastedEffort: Double
    /// What the scheduler counted.
    package var totals: SchedulingTotals
    /// How many events the scheduler decided upon.
    package var decisions: Int
    /// The processor time of all decisions together, in seconds; 0 without a clock.
    package var decisionSeconds: Double
    /// The processor time that 99 of 100 decisions stay below, in seconds.
    package var slowDecision: Double
    /// How often a result was accepted for each piece; each MUST be 1.
    package var accepted: [Int]
    /// Whether the job was completed.
    package var isCompleted: Bool

    /// The makespan over the bound; 1 at best.
    package var ratio: Double { makespan / fluid }
}
