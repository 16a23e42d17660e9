// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

/// One name of `/metrics`, and what its numbers mean.
package struct MetricFamily: Sendable, Hashable {
    /// What its numbers do.
    package enum Kind: Sendable, Hashable {
        /// They only grow.
        case counter
        /// They are what is true now.
        case gauge
        /// Observations counted by their size; the upper bounds.
        case histogram([Double])

        /// The name in the text.
        package var name: String {
            switch self {
            case .counter: "counter"
            case .gauge: "gauge"
            case .histogram: "histogram"
            }
        }
    }

    /// The name.
    package let name: String
    /// What its numbers do.
    package let kind: Kind
    /// The names of the labels, in order.
    package let labels: [String]
    /// One sentence.
    package let help: String

    /// Makes a family; its name in the text begins with `martlet_`.
    package init(_ name: String, _ kind: Kind, by labels: [String] = [], _ help: String) {
        self.name = "martlet_" + name
        self.kind = kind
        self.labels = labels
        self.help = help
    }

    /// Bounds from half a millisecond to ten seconds.
    package static let latencies = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
}
