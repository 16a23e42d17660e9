// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import FoundationEssentials
import MartletStreaming
import MartletWire
import Testing

@Suite struct StreamMetricsTests {
    @Test func everyNameIsThatOfOneFamily() {
        #expect(Set(MetricFamily.streams.map(\.name)).count == MetricFamily.streams.count)
        for family in MetricFamily.streams {
            #expect(family.name.wholeMatch(of: /martlet_stream_[a-z_]+/) != nil, "\(family.name)")
            #expect((family.kind == .counter) == family.name.hasSuffix("_total"), "\(family.name)")
        }
    }

    @Test func theManualNamesEveryMetricAndNoOther() throws {
        var parts = #filePath.split(separator: "/")
        parts.removeLast(4)
        let file = "/" + parts.joined(separator: "/") + "/docs/5-metrics.md"
        let page = String(decoding: FileManager.default.contents(atPath: file) ?? Data(), as: UTF8.self)
        let rows = page.split(separator: "\n").filter { $0.hasPrefix("| `martlet_stream_") }.map(String.init)
        let families = MetricFamily.streams.map { family in
            let labels = family.labels.map { "`\($0)`" }.joined(separator: ", ")
            return "| `\(family.name)` | \(family.kind.name) | \(labels) | \(family.help) |"
        }
        #expect(rows == families)
    }
}
