// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

/// Numbers with names and labels, and their text for Prometheus.
///
/// Source: <https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format> (version 0.0.4)
package struct Metrics: Sendable, Equatable {
    /// The media type of the text.
    package static let mediaType = "text/plain; version=0.0.4; charset=utf-8"

    private struct Histogram: Sendable, Equatable {
        /// Observations by bucket; the last holds what is above all bounds.
        var counts: [Int]
        var sum = 0.0
    }

    private struct Series: Sendable, Equatable {
        var numbers: [[String]: Double] = [:]
        var histograms: [[String]: Histogram] = [:]
    }

    private var series: [MetricFamily: Series] = [:]

    /// Makes numbers without any.
    package init() {}

    /// Adds to a counter.
    ///
    /// - Parameter labels: the values of the family's labels, in their order; likewise below.
    package mutating func add(_ amount: Double = 1, to family: MetricFamily, _ labels: [String] = []) {
        precondition(labels.count == family.labels.count, family.name)
        series[family, default: Series()].numbers[labels, default: 0] += amount
    }

    /// Sets a gauge.
    package mutating func set(_ value: Double, of family: MetricFamily, _ labels: [String] = []) {
        precondition(labels.count == family.labels.count, family.name)
        series[family, default: Series()].numbers[labels] = value
    }

    /// Forgets all values of a gauge, before those that are true now are set.
    package mutating func clear(_ family: MetricFamily) { series[family] = nil }

    /// Adds an observation to a histogram.
    package mutating func observe(_ value: Double, in family: MetricFamily, _ labels: [String] = []) {
        guard case .histogram(let bounds) = family.kind else { preconditionFailure(family.name) }
        precondition(labels.count == family.labels.count, family.name)
        let empty = Histogram(counts: Array(repeating: 0, count: bounds.count + 1))
        let bucket = bounds.firstIndex { value <= $0 } ?? bounds.count
        series[family, default: Series()].histograms[labels, default: empty].counts[bucket] += 1
        series[family, default: Series()].histograms[labels, default: empty].sum += value
    }

    /// The numbers of some families, in their order; those without a value are named all the same.
    package func text(of families: [MetricFamily]) -> String {
        var lines: [String] = []
        for family in families {
            lines.append("# HELP \(family.name) \(family.help)")
            lines.append("# TYPE \(family.name) \(family.kind.name)")
            let series = series[family] ?? Series()
            for (labels, value) in series.numbers.sorted(by: { $0.key.lexicographicallyPrecedes($1.key) }) {
                lines.append("\(family.name)\(Self.braces(family.labels, labels)) \(Self.number(value))")
            }
            for (labels, histogram) in series.histograms.sorted(by: { $0.key.lexicographicallyPrecedes($1.key) }) {
                lines += Self.lines(of: histogram, family, labels)
            }
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func lines(of histogram: Histogram, _ family: MetricFamily, _ labels: [String]) -> [String] {
        guard case .histogram(let bounds) = family.kind else { return [] }
        var lines: [String] = []
        var total = 0
        for (count, bound) in zip(histogram.counts, bounds.map(number) + ["+Inf"]) {
            total += count
            lines.append("\(family.name)_bucket\(braces(family.labels + ["le"], labels + [bound])) \(total)")
        }
        lines.append("\(family.name)_sum\(braces(family.labels, labels)) \(number(histogram.sum))")
        lines.append("\(family.name)_count\(braces(family.labels, labels)) \(total)")
        return lines
    }

    private static func braces(_ names: [String], _ values: [String]) -> String {
        guard !names.isEmpty else { return "" }
        return "{" + zip(names, values).map { "\($0)=\"\(escaped($1))\"" }.joined(separator: ",") + "}"
    }

    private static func escaped(_ value: String) -> String {
        value.reduce(into: "") { text, character in
            switch character {
            case "\\": text += "\\\\"
            case "\"": text += "\\\""
            case "\n": text += "\\n"
            default: text.append(character)
            }
        }
    }

    private static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        return value == value.rounded() && abs(value) < 1e15 ? "\(Int64(value))" : "\(value)"
    }
}
