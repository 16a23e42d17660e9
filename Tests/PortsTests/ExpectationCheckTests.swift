// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletModel
import MartletPorts
import Testing

@Suite struct ExpectationCheckTests {
    private let clock = TimeBase(1, 90_000)
    private let matroska = TimeBase(1, 1_000)

    private func segment(_ count: Int) -> TaskSpecification.Expectation {
        .frames(
            Segment(
                index: 0, firstFrame: 0, frameCount: count, startTime: 0, endTime: nil, timesDigest: 0, seek: nil))
    }

    private func picture(_ times: [Int64]) -> StreamInspection {
        StreamInspection(
            kind: .video, codec: "h264", timeBase: matroska, times: times, durationMicroseconds: 0,
            payload: ByteCount(1))
    }

    private func sound(microseconds: Int64, packets: Int = 3) -> StreamInspection {
        StreamInspection(
            kind: .audio, codec: "aac", timeBase: matroska, times: Array(0..<Int64(packets)),
            durationMicroseconds: microseconds, payload: ByteCount(1))
    }

    @Test func framesAtTheirTimesPass() {
        let times: [Int64] = [0, 3003, 6006]
        let violation = ExpectationCheck.violation(
            in: picture([0, 33, 67]), expecting: segment(3), times: times, timeBase: clock)
        #expect(violation == nil)
    }

    @Test(arguments: [[0, 33], [0, 33, 67, 100], []] as [[Int64]])
    func anotherNumberOfFramesIsAMismatch(times: [Int64]) {
        let violation = ExpectationCheck.violation(
            in: picture(times), expecting: segment(3), times: [0, 3003, 6006], timeBase: clock)
        #expect(violation?.isFrameMismatch == true)
    }

    @Test func aFrameOutOfPlaceByMoreThanRoundingIsAMismatch() {
        let times: [Int64] = [0, 3003, 6006]
        #expect(
            ExpectationCheck.violation(in: picture([0, 34, 67]), expecting: segment(3), times: times, timeBase: clock)
                == nil)
        let violation = ExpectationCheck.violation(
            in: picture([0, 36, 67]), expecting: segment(3), times: times, timeBase: clock)
        #expect(violation?.isFrameMismatch == true)
        #expect(violation?.message.hasPrefix("frame 1 lies at 36000 us") == true)
    }

    @Test func soundInPlaceOfPictureIsRefused() {
        let violation = ExpectationCheck.violation(
            in: sound(microseconds: 100), expecting: .frameCount(3), times: [], timeBase: clock)
        #expect(violation == .init(message: "the result has no picture", isFrameMismatch: false))
    }

    @Test(arguments: [(1_000_000, true), (1_100_000, true), (899_999, false), (1_100_001, false)] as [(Int64, Bool)])
    func soundMayDifferByATenthOfASecond(length: Int64, passes: Bool) {
        let violation = ExpectationCheck.violation(
            in: sound(microseconds: length), expecting: .sound(durationMicroseconds: 1_000_000), times: [],
            timeBase: clock)
        #expect((violation == nil) == passes)
    }

    @Test func silenceIsNoSound() {
        let violation = ExpectationCheck.violation(
            in: sound(microseconds: 0, packets: 0), expecting: .sound(durationMicroseconds: nil), times: [],
            timeBase: clock)
        #expect(violation?.message == "the result has no sound")
    }
}
