// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletModel
import MartletPlanning
import MartletTestKit
import Testing

/// What a job's segments show when they are watched before they are joined.
@Suite struct PreviewTimelineTests {
    /// A film of 10 frames at 25 a second, on a clock of milliseconds that begins at 400.
    private let index = FrameIndex(
        streamIndex: 0, timeBase: TimeBase(1, 1000), presentationTimes: (0..<10).map { 400 + $0 * 40 },
        lastFrameDuration: 40, keyframes: [])

    private func plan(encoder: String, rate: Rational? = nil, cuts: [Int] = [0, 4, 10]) -> JobPlan {
        var plan = JobPlan.sample()
        plan.encoder = encoder
        plan.constantRate = rate
        plan.segments = zip(cuts, cuts.dropFirst()).enumerated().map { number, edge in
            let times = index.presentationTimes
            return Segment(
                index: number, firstFrame: edge.0, frameCount: edge.1 - edge.0, startTime: times[edge.0],
                endTime: edge.1 < times.count ? times[edge.1] : nil, timesDigest: 0, seek: nil)
        }
        return plan
    }

    @Test func segmentsKeepTheTimesOfTheirFramesAndFollowOneAnother() throws {
        let timeline = try #require(PreviewTimeline(plan: plan(encoder: "libx264"), index: index))
        #expect(timeline.originMicroseconds == 400_000)
        #expect((0...2).map(timeline.startMicroseconds) == [0, 160_000, 400_000])
        let (first, second) = (timeline.times(of: 0), timeline.times(of: 1))
        #expect(first == [9840, 9880, 9920, 9960, 10_000, 10_040, 10_080, 10_120, 10_160])
        // Decoding of the next goes on where that of the one before ended.
        #expect(second.prefix(5) == first.suffix(5) && second.last == 10_400)
        #expect(second.count == timeline.depth + 6 + 1)
    }

    @Test func aConstantRateCountsItsOwnFrames() throws {
        let timeline = try #require(
            PreviewTimeline(plan: plan(encoder: "libsvtav1", rate: Rational(30_000, 1001)), index: index))
        #expect(timeline.timeBase == TimeBase(1, 30_000) && timeline.depth == 0)
        #expect(timeline.pieces.map(\.frames.count).reduce(0, +) == 12)
        #expect(timeline.times(of: 0).prefix(2) == [300_000, 301_001])
    }

    @Test func whatNoPlayerTakesIsNotShown() {
        #expect(PreviewTimeline(plan: plan(encoder: "ffv1"), index: index) == nil)
        var copied = plan(encoder: "libx264")
        copied.encoder = nil
        #expect(PreviewTimeline(plan: copied, index: index) == nil)
        #expect(PreviewTimeline(plan: plan(encoder: "libx264", cuts: [0]), index: index) == nil)
    }
}
