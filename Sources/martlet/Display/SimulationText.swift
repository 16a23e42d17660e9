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
}
