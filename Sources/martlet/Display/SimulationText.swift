// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletScheduling

/// Simulated jobs, as text and as JSON.
enum SimulationText {
    /// The head of the table.
    static let heading =
        "seed  makespan s    bound s   ratio  waste %  copies  failures  decisions   mean us    p99 us\n"

    /// One row of the table.
    static func row(of result: SimulationResult, seed: UInt64) -> String {
        let mean = result.decisionSeconds / Double(max(result.decisions, 1))
        return "\(seed)".padded(to: 4) + Figures.decimal(result.makespan, 1).indented(to: 12)
            + Figures.decimal(result.fluid, 1).indented(to: 11) + Figures.decimal(result.ratio, 3).indented(to: 8)
            + Figures.decimal(100 * result.waste, 2).indented(to: 9) + "\(result.totals.copies)".indented(to: 8)
            + "\(result.totals.failures)".indented(to: 10) + "\(result.decisions)".indented(to: 11)
            + Figures.decimal(1e6 * mean, 1).indented(to: 10)
            + Figures.decimal(1e6 * result.slowDecision, 1).indented(to: 10) + "\n"
    }

    /// The last line, when there were several.
    static func summary(of results: [SimulationResult]) -> String {
        let ratios = results.map(\.ratio)
        let mean = ratios.reduce(0, +) / Double(results.count)
        let waste = results.reduce(0) { $0 + $1.waste } / Double(results.count)
        return "mean ratio \(Figures.decimal(mean, 3)), worst \(Figures.decimal(ratios.max() ?? 0, 3)), "
            + "mean waste \(Figures.decimal(100 * waste, 2)) %\n"
    }

    /// The object for programs.
    static func json(of result: SimulationResult, seed: UInt64) -> JSON {
        .object([
            ("seed", .integer(Int64(clamping: seed))), ("completed", .bool(result.isCompleted)),
            ("makespan_s", .number(result.makespan, places: 3)), ("bound_s", .number(result.fluid, places: 3)),
            ("ratio", .number(result.ratio, places: 4)), ("waste", .number(result.waste, places: 4)),
            ("copies", .integer(result.totals.copies)), ("copies_won", .integer(result.totals.copiesWon)),
            ("failures", .integer(result.totals.failures)), ("decisions", .integer(result.decisions)),
            ("decision_cpu_s", .number(result.decisionSeconds, places: 3)),
            ("decision_p99_s", .number(result.slowDecision, places: 7)),
        ])
    }

    /// The head of the table of goals.
    static let goalHeading =
        "machines x segments  films   ratio  worst   goal  waste %  worst   goal   cpu s  goal\n"

    /// One row of the table of goals.
    static func row(of outcome: SimulationGoal.Outcome, _ goal: SimulationGoal) -> String {
        "\(goal.machines) x \(goal.segments)".padded(to: 19) + "\(goal.runs)".indented(to: 7)
            + Figures.decimal(outcome.ratio, 3).indented(to: 8)
            + Figures.decimal(outcome.worstRatio, 3).indented(to: 7) + Figures.decimal(goal.ratio, 2).indented(to: 7)
            + Figures.decimal(100 * outcome.waste, 2).indented(to: 9)
            + Figures.decimal(100 * outcome.worstWaste, 2).indented(to: 7)
            + Figures.decimal(100 * goal.waste, 2).indented(to: 7)
            + Figures.decimal(outcome.decisionSeconds, 2).indented(to: 8)
            + (goal.decisionSeconds.map { Figures.decimal($0, 0) } ?? "").indented(to: 6)
            + (goal.isMet(by: outcome) ? "  met\n" : "  MISSED\n")
    }

    /// The object of a goal for programs.
    static func json(of outcome: SimulationGoal.Outcome, _ goal: SimulationGoal) -> JSON {
        .object([
            ("machines", .integer(Int64(goal.machines))), ("segments", .integer(Int64(goal.segments))),
            ("runs", .integer(Int64(goal.runs))), ("met", .bool(goal.isMet(by: outcome))),
            ("completed", .bool(outcome.isComplete)), ("ratio", .number(outcome.ratio, places: 4)),
            ("worst_ratio", .number(outcome.worstRatio, places: 4)), ("ratio_goal", .number(goal.ratio, places: 4)),
            ("waste", .number(outcome.waste, places: 4)), ("worst_waste", .number(outcome.worstWaste, places: 4)),
            ("waste_goal", .number(goal.waste, places: 4)),
            ("decision_cpu_s", .number(outcome.decisionSeconds, places: 3)),
            ("decision_cpu_goal_s", goal.decisionSeconds.map { .number($0, places: 3) } ?? .null),
        ])
    }
}
