// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletModel
import MartletPlanning
import Testing

/// Where segments begin, for films of every kind.
@Suite struct StreamTimelineTests {
    private func timeline(_ index: FrameIndex, milliseconds: Int64 = 4_000) -> StreamTimeline {
        StreamTimeline(index: index, source: Sample.source([Sample.video()]), durationMilliseconds: milliseconds)
    }

    private func index(_ times: [Int64], last: Int64 = 40, timeBase: TimeBase = TimeBase(1, 1000)) -> FrameIndex {
        FrameIndex(
            streamIndex: 0, timeBase: timeBase, presentationTimes: times, lastFrameDuration: last,
            keyframes: [Keyframe(time: times[0], frame: 0, isRandomAccessPoint: true)])
    }

    @Test func theFirstSegmentsAreShort() {
        let line = timeline(Sample.index(frames: 500))
        #expect(line.edges == [0, 25, 50, 100, 200, 300, 400, 500])
        #expect((0..<line.count).map(line.microseconds) == [1, 1, 2, 4, 4, 4, 4].map { $0 * 1_000_000 })
    }

    @Test func aRestShorterThanAQuarterBelongsToTheSegmentBefore() {
        #expect(timeline(Sample.index(frames: 120)).edges == [0, 25, 50, 120])
        #expect(timeline(Sample.index(frames: 130)).edges == [0, 25, 50, 100, 130])
        #expect(timeline(Sample.index(frames: 1)).edges == [0, 1])
    }

    @Test func aPictureThatStandsForLongMakesALongSegment() {
        let line = timeline(index([0, 500, 1_000, 30_000, 30_500, 34_000, 35_000]))
        #expect(line.edges == [0, 2, 3, 5, 7])
        #expect(line.microseconds(of: 1) == 29_000_000)
    }

    @Test func theLastPictureMayStandForLonger() {
        let source = Sample.source([Sample.video()])
        let times: [Int64] = (0..<50).map { 500 + $0 * 40 }
        func line(heldUntil: Int64) -> StreamTimeline {
            StreamTimeline(index: index(times), source: source, durationMilliseconds: 4_000, heldUntil: heldUntil)
        }
        #expect(line(heldUntil: 9_500_000).edges == [0, 25, 50])
        #expect(line(heldUntil: 9_500_000).microseconds(of: 1) == 8_000_000)
        #expect(line(heldUntil: 1_000_000).durationMicroseconds == 2_000_000)
    }

    @Test func noSegmentIsTooShortForSound() {
        // A frame just before a mark, and one at it.
        var times = (0..<200).map { Int64($0) * 40 }
        times += [8_999, 9_000, 9_040]
        let line = timeline(index(times), milliseconds: 1_000)
        #expect((0..<line.count).allSatisfy { line.microseconds(of: $0) >= 250_000 }, "\(line.edges)")
    }

    @Test func theRateOfPicturesIsThatOfTheFastestSecond() {
        let slow = (0..<100).map { Int64($0) * 100 }
        let fast = (0..<60).map { 10_000 + Int64($0) * 20 }
        let mixed = timeline(index(slow + fast, last: 20))
        #expect(mixed.mostMilliframesPerSecond == 50_000)
        #expect(mixed.milliframesPerSecond == 14_222)
        // Rounded to milliseconds, 23.976 pictures a second are 24 in some seconds.
        let even = timeline(index((0..<500).map { Int64($0) * 1001 / 24 }, last: 42))
        #expect(even.mostMilliframesPerSecond == even.milliframesPerSecond)
        #expect(timeline(index([0, 500])).mostMilliframesPerSecond == 2_000)
    }

    @Test func lengthsAddUpToTheFilmExactly() {
        let times: [Int64] = (0..<10_000).map { frame in Int64(frame) * 1001 / 24 }
        let line = timeline(index(times, last: 41))
        let sum = (0..<line.count).reduce(Int64(0)) { $0 + line.microseconds(of: $1) }
        #expect(sum == (times[9_999] + 41) * 1000)
        #expect(line.durationMicroseconds == sum)
    }

    @Test func timesGrowEvenWhereTheFilmsDoNot() {
        let line = timeline(index([7, 7, 7, 47, 40]))
        #expect(line.times == [0, 1, 2, 640, 641, 1281])
    }

    private static let clocks: [(TimeBase, Int32)] = [
        (TimeBase(1001, 30_000), 30_000), (TimeBase(1, 90_000), 90_000), (TimeBase(1, 25), 12_800),
        (TimeBase(2, 50), 12_800), (TimeBase(1, 1_000_000_000), 1_000_000),
    ]

    @Test(arguments: clocks)
    func theClockHoldsTheFilmsTimes(_ base: TimeBase, ticks: Int32) {
        let line = timeline(index([0, 1, 2, 3], last: 1, timeBase: base))
        #expect(line.clock == TimeBase(1, ticks))
        if base.den < 1_000_000 {
            for frame in 0...4 {
                let time = MediaTime(ticks: line.times[frame], timeBase: line.clock).rescaled(to: base)
                #expect(time == Int64(frame))
                #expect(MediaTime(ticks: time, timeBase: base).rescaled(to: line.clock) == line.times[frame])
            }
        }
    }

    @Test func decodeTimesGoOnFromSegmentToSegment() {
        let line = timeline(Sample.index(frames: 500))
        for segment in 0..<line.count {
            let times = line.packagedTimes(of: segment, depth: 2)
            #expect(times.count == line.edges[segment + 1] - line.edges[segment] + 3)
            #expect(zip(times, times.dropFirst()).allSatisfy { $0 < $1 })
            #expect(times[2] == line.start(of: segment) + 10 * Int64(line.clock.den))
            guard segment > 0 else { continue }
            #expect(line.packagedTimes(of: segment - 1, depth: 2).suffix(3) == times.prefix(3))
        }
    }

    @Test func momentsAreFoundInTheirSegments() {
        let line = timeline(Sample.index(frames: 500))
        for (moment, segment) in [
            (0, 0), (999_999, 0), (1_000_000, 1), (4_000_000, 3), (7_999_999, 3), (99_000_000, 6),
        ] {
            #expect(line.segment(at: Int64(moment)) == segment)
        }
    }

    @Test func whatCannotBeEnteredIsOneSegment() {
        #expect(timeline(Sample.index(frames: 500, seekable: false)).count == 1)
    }
}
