// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletModel

/// Compares what a task made with what was planned.
///
/// Used by the worker right after the run, and by the coordinator on arrival.
package enum ExpectationCheck {
    /// What is wrong with a result; `nil` when it is as planned.
    package struct Violation: Sendable, Equatable {
        /// One sentence with the figures.
        package var message: String
        /// Whether other frames came out than the frame list promised: then the
        /// list is wrong, and trying again cannot help.
        package var isFrameMismatch: Bool

        /// Makes a violation.
        package init(message: String, isFrameMismatch: Bool) {
            self.message = message
            self.isFrameMismatch = isFrameMismatch
        }
    }

    /// Checks a result.
    ///
    /// - Parameters:
    ///   - inspection: what the result's packets tell.
    ///   - expectation: what was planned.
    ///   - times: the planned times of the frames, ascending.
    ///   - timeBase: the clock of `times`.
    /// - Returns: the first violation, or `nil`. O(frames).
    package static func violation(
        in inspection: StreamInspection, expecting expectation: TaskSpecification.Expectation,
        times: some RandomAccessCollection<Int64>, timeBase: TimeBase
    ) -> Violation? {
        switch expectation {
        case .frames(let segment):
            return picture(inspection, count: segment.frameCount)
                ?? misplacedFrame(inspection, times: times, timeBase: timeBase)
        case .frameCount(let count):
            return picture(inspection, count: count)
        case .sound(let expected):
            return sound(inspection, expected: expected)
        case .anything:
            return nil
        }
    }

    private static func picture(_ inspection: StreamInspection, count: Int) -> Violation? {
        guard inspection.kind == .video || inspection.times.isEmpty else {
            return Violation(message: "the result has no picture", isFrameMismatch: false)
        }
        guard inspection.times.count == count else {
            return Violation(
                message: "\(inspection.times.count) frames were encoded where \(count) were expected",
                isFrameMismatch: true)
        }
        return nil
    }

    /// Matroska rounds times to its clock of 1 ms, so each frame may be off by one tick of either clock.
    private static func misplacedFrame(
        _ inspection: StreamInspection, times: some RandomAccessCollection<Int64>, timeBase: TimeBase
    ) -> Violation? {
        guard inspection.times.count == times.count else {
            return Violation(
                message: "\(inspection.times.count) frames were encoded where \(times.count) were expected",
                isFrameMismatch: true)
        }
        let tolerance = max(
            MediaTime(ticks: 1, timeBase: inspection.timeBase).microseconds,
            MediaTime(ticks: 1, timeBase: timeBase).microseconds, 1)
        func actualTime(_ ticks: Int64) -> Int64 { MediaTime(ticks: ticks, timeBase: inspection.timeBase).microseconds }
        func expectedTime(_ ticks: Int64) -> Int64 { MediaTime(ticks: ticks, timeBase: timeBase).microseconds }
        // Matroska has no times below zero: its muxer moves a film that starts there as a whole.
        var shift: Int64 = 0
        if let first = times.first, first < 0, let start = inspection.times.first {
            shift = actualTime(start) - expectedTime(first)
        }
        for (ordinal, (actual, expected)) in zip(inspection.times, times).enumerated() {
            let actual = actualTime(actual)
            let expected = expectedTime(expected) + shift
            if abs(actual - expected) > tolerance {
                return Violation(
                    message: "frame \(ordinal) lies at \(actual) us where \(expected) us was expected",
                    isFrameMismatch: true)
            }
        }
        return nil
    }

    private static func sound(_ inspection: StreamInspection, expected: Int64?) -> Violation? {
        guard inspection.kind == .audio, !inspection.times.isEmpty else {
            return Violation(message: "the result has no sound", isFrameMismatch: false)
        }
        guard let expected else { return nil }
        let difference = inspection.durationMicroseconds - expected
        // An encoder puts a frame of silence first and fills up the last one: up to 1,024 samples each.
        let countsSamples = inspection.timeBase.num == 1 && inspection.timeBase.den >= 7_350
        let frames = countsSamples ? MediaTime(ticks: 2_048, timeBase: inspection.timeBase).microseconds : 0
        guard abs(difference) <= max(100_000, 50_000 + frames) else {
            return Violation(
                message: "the sound lasts \(inspection.durationMicroseconds) us where \(expected) us was expected",
                isFrameMismatch: false)
        }
        return nil
    }
}
