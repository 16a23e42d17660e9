// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

/// The segments of a film side by side, one mark each: `#` encoded, `+` taken
/// over from an earlier run, `=` more than half encoded, `>` being encoded,
/// `!` to be tried again, `.` waiting.
enum SegmentMap {
    /// The map, `width` marks wide at most; neighbours share a mark when there are more segments.
    static func text(of segments: [ProgressState.SegmentState], width: Int) -> String {
        guard width > 0 else { return "" }
        let columns = min(width, segments.count)
        return String(
            (0..<columns).map { column in
                mark(segments[(column * segments.count / columns)..<((column + 1) * segments.count / columns)])
            })
    }

    private static func mark(_ segments: ArraySlice<ProgressState.SegmentState>) -> Character {
        if segments.allSatisfy({ $0 == .reused }) { return "+" }
        if segments.allSatisfy(\.isDone) { return "#" }
        if segments.contains(.retrying) { return "!" }
        let done = segments.reduce(0.0) { sum, segment in
            switch segment {
            case .done, .reused: sum + 1
            case .running(let fraction): sum + fraction
            case .waiting, .retrying: sum
            }
        }
        if done * 2 > Double(segments.count) { return "=" }
        return segments.allSatisfy { $0 == .waiting } ? "." : ">"
    }
}
