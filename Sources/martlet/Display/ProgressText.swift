// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletModel

/// How far a job is, as text.
struct ProgressText: Sendable {
    /// The columns that may be used.
    var width: Int
    /// Whether colours are used.
    var usesColour: Bool

    /// The lines of the live display, none longer than the width.
    func live(_ state: ProgressState) -> [String] {
        switch state.phase {
        case .reading: return [clip("reading the source")]
        case .waiting(let state): return [clip(Self.name(of: state))]
        case .ended: return []
        case .working: break
        }
        let facts = Self.facts(of: state)
        let room = width - 1
        let head = Figures.percent(state.fraction).indented(to: 4) + " "
        let tail = "  " + facts.joined(separator: "  ")
        // Room for the longest usual facts, so that the bar keeps its length when they change theirs.
        let barWidth = min(40, room - head.count - max(tail.count, 34) - 2)
        let top =
            barWidth >= 8 ? head + bar(state.fraction, barWidth) + tail : clip(head + facts.joined(separator: "  "))
        guard state.segments.count > 1 else { return [top] }
        let count = "  \(state.finishedSegments) of \(state.segments.count) segments"
        let mapWidth = min(state.segments.count, room - 5 - count.count - 2)
        guard mapWidth >= 4 || mapWidth == state.segments.count else { return [top] }
        return [top, "     [" + coloured(SegmentMap.text(of: state.segments, width: mapWidth)) + "]" + count]
    }

    /// One line for logs.
    static func plain(_ state: ProgressState) -> String {
        switch state.phase {
        case .reading: return "reading the source"
        case .waiting(let state): return name(of: state)
        case .ended: return "done"
        case .working: break
        }
        var parts = [Figures.percent(state.fraction)] + facts(of: state)
        if state.segments.count > 1 {
            parts.append("\(state.finishedSegments) of \(state.segments.count) segments")
        }
        return parts.joined(separator: ", ")
    }

    private static func facts(of state: ProgressState) -> [String] {
        guard case .working(let stage) = state.phase else { return [] }
        var facts = name(of: stage).map { [$0] } ?? []
        if stage == .restamping || stage == .joining || stage == .checking { return facts }
        if let rate = state.framesPerSecond { facts.append(Figures.decimal(rate, rate < 100 ? 1 : 0) + " fps") }
        if let speed = state.speed { facts.append(Figures.decimal(speed, speed < 10 ? 2 : 1) + "x") }
        if let remaining = state.remainingSeconds { facts.append(Figures.clock(remaining) + " left") }
        return facts
    }

    /// What a job waits for.
    private static func name(of state: JobState) -> String {
        switch state {
        case .waitingForWorkers: "waiting for workers"
        case .benchmarking: "waiting for the workers to be measured"
        default: "waiting for its turn"
        }
    }

    /// What a stage is called; `nil` for the usual one.
    private static func name(of stage: JobStage) -> String? {
        switch stage {
        case .restamping: "joining the clocks of the source"
        case .analysing: "analysing"
        case .searching: "reaching the quality"
        case .encoding: nil
        case .joining: "joining"
        case .checking: "checking"
        }
    }

    private func bar(_ fraction: Double, _ columns: Int) -> String {
        let full = Int(fraction * Double(columns))
        let head = full < columns ? ">" : ""
        let text = String(repeating: "=", count: full) + head
        return "[" + text.padded(to: columns) + "]"
    }

    private func coloured(_ map: String) -> String {
        guard usesColour else { return map }
        var text = ""
        var current = ""
        for mark in map {
            let colour =
                switch mark {
                case "#", "+": "32"
                case "=", ">": "33"
                case "!": "31"
                default: "0"
                }
            if colour != current { text += "\u{1b}[\(colour)m" }
            current = colour
            text.append(mark)
        }
        return text + "\u{1b}[0m"
    }

    private func clip(_ text: String) -> String { String(text.prefix(max(0, width - 1))) }
}
