// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletModel
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
        /// Whether the process was killed later: what it made may be out of reach.
        var isKilled: Bool

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
                open[fence] = Making(
                    node: node, part: part, fence: fence, start: time, end: .max, result: "", isKilled: end != nil)
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

    /// What cannot be: the same part made by two nodes at the same time.
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

    /// What was made during a wait, a line each.
    func lines(of wait: Duration, until end: Int) -> String {
        let start = end - Int(wait.inSeconds * 1000)
        let seen = makings.filter { $0.start < end && $0.end > start - 5000 }.sorted { $0.start < $1.start }
        return seen.map { making in
            let length = making.end == .max ? "" : " for \(making.end - making.start) ms"
            return
                "    \(making.start - start) ms: \(making.node) \(making.part.suffix(12))\(length) \(making.result)\n"
        }.joined()
    }

    /// What should not be: a part made again although a node has it.
    ///
    /// - Parameters:
    ///   - lost: when nodes did not reach one another's claims; what was begun then does not count.
    ///   - forgetful: the nodes that do not keep what they make.
    func repetitions(besides lost: [ClosedRange<Int>], of forgetful: Set<String>) -> [String] {
        // What was begun alone is told to the others at its end, and they may have begun it by then.
        let made = makings.filter { making in
            making.result == "made" && !making.isKilled && !forgetful.contains(making.node)
                && (making.isShared || lost.contains { $0.contains(making.end) })
        }
        let first = Dictionary(made.map { ($0.part, $0) }) { $0.end < $1.end ? $0 : $1 }
        return makings.compactMap { making in
            guard let there = first[making.part], making.start > there.end,
                !lost.contains(where: { $0.contains(making.start) })
            else { return nil }
            let pause = making.start - there.end
            return "\(making.part) by \(making.node) once more, although \(there.node) had it \(pause) ms before"
        }
    }
}
