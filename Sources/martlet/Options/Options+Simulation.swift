// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

extension Options {
    /// What `simulate` simulates.
    static let simulation: [Option] = [
        Option(
            "machines", .integer(1...10_000), .measurement,
            "How many machines there are, such as people have: half of them laptops, some with graphics.",
            default: "20", into: \.simulation.machines),
        Option(
            "speeds", .numbers(0.01...1000), .measurement,
            "The speeds of machines with one slot and a fast link, instead of --machines; 1 takes a second for one of film.",
            into: \.simulation.speeds),
        Option(
            "segments", .integer(1...1_000_000), .measurement, "How many segments of 10 s the film has.",
            default: "720", into: \.simulation.segments),
        Option(
            "seed", .integer(0...1_000_000_000), .measurement, "The seed of all chance.", default: "1",
            into: \.simulation.seed),
        Option(
            "runs", .integer(1...10_000), .measurement, "How many jobs are simulated, each with the next seed.",
            default: "1", into: \.simulation.runs),
        Option(
            flag: "faults", .measurement,
            "Lets things go wrong: 2 % of all attempts fail, machines die and come back, owners play, some join late.",
            into: \.simulation.isFaulty),
        Option(
            flag: "goals", .measurement,
            "Simulates what the scheduler is held to instead, and fails when a goal is missed; only --seed counts then.",
            into: \.simulation.isOfGoals),
        Option(
            "failure-rate", .number(0...0.9), .measurement, "The share of attempts that fail.",
            default: "0, or 0.02 with --faults", into: \.simulation.failureRate),
    ]
}

/// What `simulate` is asked for.
struct SimulationSettings: Sendable, Equatable {
    /// How many machines there are.
    var machines = 20
    /// The speeds of the machines; empty for those that people have.
    var speeds: [Double] = []
    /// How many segments the film has.
    var segments = 720
    /// The seed of the first job.
    var seed = 1
    /// How many jobs are simulated.
    var runs = 1
    /// Whether things go wrong.
    var isFaulty = false
    /// Whether the scheduler's goals are simulated instead.
    var isOfGoals = false
    /// The share of attempts that fail; `nil` for the usual one.
    var failureRate: Double?
}

extension ValueForm where Value == [Double] {
    /// Numbers within a range, with commas between them.
    static func numbers(_ range: ClosedRange<Double>) -> ValueForm {
        let each = ValueForm<Double>.number(range)
        return ValueForm(valueName: "N,N,...", expected: "numbers with commas between them, each " + each.expected) {
            text in
            let values = text.split(separator: ",", omittingEmptySubsequences: false).map { each.read(String($0)) }
            return values.contains(nil) ? nil : values.compactMap(\.self)
        }
    }
}
