// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletModel
import Testing

@Suite struct FrameIndexTests {
    /// A film of 200 frames with a key frame every 50, in 1,000 bytes a frame.
    private func index(offset: (Int) -> Int64? = { Int64($0) * 1000 + 500 }) -> FrameIndex {
        FrameIndex(
            streamIndex: 0, timeBase: TimeBase(1, 25), presentationTimes: Array(0..<200), lastFrameDuration: 1,
            keyframes: stride(from: 0, to: 200, by: 50).map {
                Keyframe(time: Int64($0), frame: $0, isRandomAccessPoint: true, offset: offset($0))
            })
    }

    private func segment(_ frames: Range<Int>, from key: Int64?) -> Segment {
        Segment(
            index: 0, firstFrame: frames.lowerBound, frameCount: frames.count, startTime: Int64(frames.lowerBound),
            endTime: nil, timesDigest: 0,
            seek: key.map { SeekPoint(keyframeTime: $0, seekMicroseconds: 0, leadInFrames: 0) })
    }

    @Test func segmentLiesBetweenTheKeyFramesAroundIt() {
        #expect(index().bytes(of: segment(50..<100, from: 50), fileSize: 201_000) == 50_500..<100_500)
        // Reading begins at an earlier key frame, and what is shown late may lie behind the segment's last frame.
        #expect(index().bytes(of: segment(60..<120, from: 50), fileSize: 201_000) == 50_500..<150_500)
    }

    @Test func firstSegmentBeginsWithTheFileAndTheLastEndsWithIt() {
        #expect(index().bytes(of: segment(0..<50, from: nil), fileSize: 201_000) == 0..<50_500)
        #expect(index().bytes(of: segment(150..<200, from: 150), fileSize: 201_000) == 150_500..<201_000)
        #expect(index().bytes(of: segment(150..<200, from: 150), fileSize: 160_000) == 150_500..<160_000)
    }

    @Test func nothingIsSaidWhereTheFormatDoesNotSay() {
        #expect(index { _ in nil }.bytes(of: segment(50..<100, from: 50), fileSize: 201_000) == nil)
        #expect(index { $0 == 50 ? 500 : nil }.bytes(of: segment(50..<100, from: 50), fileSize: 201_000) == nil)
        // Files whose parts are not in the order of their times.
        #expect(index { 200_000 - Int64($0) }.bytes(of: segment(50..<100, from: 50), fileSize: 201_000) == nil)
    }

    @Test func bytesHoldItAll() {
        for index in [index(), index { _ in nil }, index { $0 == 50 ? nil : Int64($0) }] {
            let bytes = IndexCoding.bytes(of: index)
            #expect(bytes.withUnsafeBufferPointer { IndexCoding.index(from: $0) } == index)
        }
    }
}
