// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletModel
import MartletPlanning
import MartletTestKit
import Testing

@Suite struct SegmentPlannerTests {
    @Test func aFilmWithoutFramesHasNoSegments() {
        #expect(Sample.segments(Sample.index(frames: 0)).isEmpty)
    }

    @Test(arguments: [1, 2, 299, 300])
    func aShortFilmIsOneSegment(frames: Int) {
        let segments = Sample.segments(Sample.index(frames: frames, gop: nil))
        #expect(segments.map(\.frameCount) == [frames])
        #expect(segments[0].endTime == nil)
        #expect(segments[0].seek == nil)
    }

    @Test func aShortFilmIsCutIntoAnEvenNumberOfLikeSegments() {
        func lengths(_ frames: Int, gop: Int?) -> [Int] {
            Sample.segments(Sample.index(frames: frames, gop: gop)).map(\.frameCount)
        }
        #expect(lengths(301, gop: nil) == [150, 151])
        #expect(lengths(449, gop: 200) == [200, 249])
        #expect(lengths(720, gop: nil) == [360, 360])
        #expect(lengths(899, gop: 150) == [450, 449])
        #expect(lengths(900, gop: nil) == [225, 225, 225, 225])
        // The edges after one that was moved share what is left.
        #expect(lengths(1200, gop: 250) == [250, 250, 250, 450])
        #expect(lengths(2099, gop: nil).count == 6)
        #expect(Sample.segments(Sample.index(frames: 449, gop: nil), duration: 12_000, split: .fixed).count == 1)
    }

    @Test func edgesFallOnTheKeyFrameNearestToTheTarget() {
        // 25 frames a second: ten seconds are 250 frames, and 300 are the least.
        let segments = Sample.segments(Sample.index(frames: 2400, gop: 110))
        #expect(segments.map(\.firstFrame) == [0, 330, 660, 990, 1320, 1650, 1980])
    }

    @Test func edgesFallOnTheExactFrameWhereNoKeyFrameIsNear() {
        let exact = [0, 300, 600, 900, 1200, 1500, 1875]
        #expect(Sample.segments(Sample.index(frames: 2200, gop: nil)).map(\.firstFrame) == exact)
        #expect(Sample.segments(Sample.index(frames: 2200, gop: 5000)).map(\.firstFrame) == exact)
    }

    @Test func withoutKeyFramesSegmentsGrowAndTheFilmIsNotDecodedOverAndOver() {
        let segments = Sample.segments(Sample.index(frames: 180_000, gop: nil))
        let decoded = segments.reduce(0) { $0 + $1.leadInFrames + $1.frameCount }
        #expect(decoded < 6 * 180_000)
        #expect(segments.count > 12)
    }

    @Test func everySegmentShowsAFrameOfALowRate() {
        let index = Sample.index(frames: 3000)
        let source = Sample.source([Sample.video()])
        for rate in [Rational(1, 50), Rational(1, 7), Rational(1, 1000)] {
            let segments = SegmentPlanner(
                index: index, source: source, durationMilliseconds: 500, split: .fixed, constantRate: rate
            ).segments()
            let spans = segments.map { FrameSpan(segment: $0, index: index, constantRate: rate) }
            #expect(spans.allSatisfy { $0.outputFrames > 0 })
            #expect(segments.flatMap(\.frames) == Array(0..<3000))
        }
    }

    @Test func longerDurationsCountByTime() {
        let segments = Sample.segments(Sample.index(frames: 4000, tick: 20, gop: 1))
        #expect(segments.map(\.firstFrame) == [0, 500, 1000, 1500, 2000, 2500, 3000, 3500])
    }

    @Test func fixedEdgesLieOnTheGridOfRealTimes() {
        var index = Sample.index(frames: 100, gop: nil)
        // A hole of two seconds after frame 60.
        for frame in 61..<100 { index.presentationTimes[frame] += 2000 }
        let segments = Sample.segments(index, duration: 1000, split: .fixed)
        #expect(segments.map(\.firstFrame) == [0, 25, 50, 61, 75])
    }

    @Test func scenesComeBeforeKeyFrames() {
        let index = Sample.index(frames: 2400, gop: 300)
        let segments = Sample.segments(index, split: .scenes, scenes: [100, 260, 345, 700, 1500])
        #expect(segments.map(\.firstFrame) == [0, 260, 700, 900, 1200, 1500, 1800, 2100])
    }

    @Test func aFileThatCannotBeSoughtIsOneSegment() {
        #expect(Sample.segments(Sample.index(frames: 3000, seekable: false)).count == 1)
    }

    @Test func exactKeyFramesNeedNoLeadIn() throws {
        let seek = try #require(Sample.segments(Sample.index(frames: 2400, gop: 100))[1].seek)
        #expect(seek.keyframeTime == 12_000)
        #expect(seek.leadInFrames == 0)
        // Matroska seeks 3/23 s early, which is made good.
        #expect(seek.seekMicroseconds == 12_000_000 + 130_434)
    }

    @Test func otherKeyFramesAndContainersGetALeadInOfTwo() throws {
        let open = try #require(Sample.segments(Sample.index(frames: 2400, gop: 100, exact: false))[1].seek)
        #expect(open.leadInFrames == 200)
        let stream = try #require(Sample.segments(Sample.index(frames: 2400, gop: 100), format: "mpegts")[1].seek)
        #expect(stream.leadInFrames == 200)
        #expect(stream.seekMicroseconds == 4_000_000)
    }

    @Test func denseKeyFramesAreSoughtWithoutAllowance() throws {
        let seek = try #require(Sample.segments(Sample.index(frames: 2400, gop: 2))[1].seek)
        #expect(seek.seekMicroseconds == 12_000_000)
    }

    @Test func seekTimesAreRoundedUpAndCountFromTheFormatStart() throws {
        let times = (0..<2400).map { Int64($0) * 1001 }
        let index = FrameIndex(
            streamIndex: 0, timeBase: TimeBase(1, 24_000), presentationTimes: times, lastFrameDuration: 1001,
            keyframes: [0, 300, 600].map { Keyframe(time: times[$0], frame: $0, isRandomAccessPoint: true) })
        let source = Sample.source(format: "mov,mp4,m4a,3gp,3g2,mj2", start: -21_000, [Sample.video()])
        let seek = try #require(
            SegmentPlanner(index: index, source: source, durationMilliseconds: 10_000, split: .keyframes)
                .segments()[1].seek)
        #expect(seek.seekMicroseconds == 12_512_500 + 21_000)
    }

    @Test(arguments: 0..<200 as Range<UInt64>)
    func segmentsHoldEveryFrameOnceAndAreNeverTooShortOrLong(seed: UInt64) {
        var generator = SplitMix64(seed: seed)
        var time: Int64 = Int64.random(in: -5000...5000, using: &generator)
        var index = Sample.index(frames: Int.random(in: 0...4000, using: &generator), gop: nil)
        for frame in index.presentationTimes.indices {
            index.presentationTimes[frame] = time
            time += Int64.random(in: 1...60, using: &generator)
        }
        index.keyframes = index.presentationTimes.indices.filter { _ in Int.random(in: 0..<90, using: &generator) == 0 }
            .map {
                Keyframe(
                    time: index.presentationTimes[$0], frame: $0, isRandomAccessPoint: Bool.random(using: &generator))
            }
        let split = SplitMethod.allCases[Int(seed % 3)]
        let segments = Sample.segments(index, split: split, scenes: index.keyframes.map(\.frame).filter { $0 % 2 == 0 })
        #expect(segments.flatMap(\.frames) == Array(0..<index.frameCount))
        #expect(segments.map(\.index) == Array(segments.indices))
        for segment in segments {
            #expect(segment.startTime == index.presentationTimes[segment.firstFrame])
            if let seek = segment.seek { #expect(seek.keyframeTime <= segment.startTime) }
            if split != .fixed, segments.count > 1 {
                let here = index.presentationTimes[segment.firstFrame...].prefix { $0 < segment.startTime + 10_000 }
                let mean = Int(Double(index.frameCount) * 10_000 / Double(index.duration))
                let length = max(300, here.count, mean)
                #expect(segment.frameCount >= 150)
                #expect(segment.frameCount <= length + length / 2 + 1)
            }
        }
        for (left, right) in zip(segments, segments.dropFirst()) { #expect(left.endTime == right.startTime) }
        #expect(
            segments
                == Sample.segments(index, split: split, scenes: index.keyframes.map(\.frame).filter { $0 % 2 == 0 }))
    }
}
