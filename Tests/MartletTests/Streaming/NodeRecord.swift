// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletTestKit

/// What nodes say of the parts that they make.
struct NodeRecord {
    /// The making of one part by one node.
    struct Making {
        var node: String
        var part: String
        var fence: Int
        /// Milliseconds since 1970.
        var start: Int
        /// `Int.max` while it lasts.
        var end: Int
        /// How it ended; `killed` with its node.
        var result: String

        /// Whether the claim is one that all nodes share: those have fences from a clock.
        var isShared: Bool { fence > 1_000_000_000_000 }
    }

    /// All of them, in any order.
    private(set) var makings: [Making] = []

    /// Takes in what one process said.
    ///
    /// - Parameter end: when it was killed, in milliseconds since 1970; `nil` when it was not.
    mutating func add(_ node: String, _ events: [MartletProgram.Event], killedAt end: Int?) {
        var open: [Int: Making] = [:]
        for event in events {
            guard let part = event.members["part"], let fence = event.integer("fence"),
                let time = event.integer("time_ms")
            else { continue }
            switch event.name {
            case "partStarted":
                open[fence] = Making(node: node, part: part, fence: fence, start: time, end: .max, result: "")
            case "partEnded":
                guard var making = open.removeValue(forKey: fence) else { continue }
                making.end = time
                making.result = event.members["result"] ?? ""
                makings.append(making)
            default: break
            }
        }
        for var making in open.values {
            if let end { (making.end, making.result) = (end, "killed") }
            makings.append(making)
        }
    }

    /// What cannot be: the same part made by two nodes at the same time, or made again although it was there.
    ///
    /// - Parameter lost: when nodes did not reach one another's claims; what was made then does not count.
    func faults(besides lost: [ClosedRange<Int>]) -> [String] {
        let counted = makings.filter { making in
            making.isShared && !lost.contains { $0.overlaps(making.start...max(making.start, making.end)) }
        }
        var faults: [String] = []
        for (part, makings) in Dictionary(grouping: counted, by: \.part) {
            let ordered = makings.sorted { $0.fence < $1.fence }
            for (before, after) in zip(ordered, ordered.dropFirst()) where after.start < before.end {
                // Who stood still for so long that its claim ended notices that later.
                if before.result != "lost" {
                    faults.append("\(part) by \(after.node) while \(before.node) made it (\(before.result))")
                }
            }
        }
        return faults
    }
}
