// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletModel
import MartletTestKit
import Testing

@Suite struct FrameTruthTests {
    @Test func filmIsTheSameInAnotherContainer() async throws {
        let mp4 = try await FrameTruth.of(try await MediaFixtures.path("h264_closed.mp4"))
        let mkv = try await FrameTruth.of(try await MediaFixtures.path("late_video.mkv"))
        #expect(mp4.difference(from: mkv) == nil)
    }

    @Test func exchangedLostOrLateFrameIsFound() async throws {
        let truth = try await FrameTruth.of(try await MediaFixtures.path("h264_closed.mp4"))
        var exchanged = truth
        exchanged.frames.swapAt(70, 71)
        #expect(truth.difference(from: exchanged) != nil)
        var lost = truth
        lost.frames.remove(at: 100)
        #expect(truth.difference(from: lost) != nil)
        var late = truth
        late.frames[200].ticks += Int64(truth.timeBase.den) / Int64(truth.timeBase.num) / 400
        #expect(truth.difference(from: late) != nil)
        #expect(truth.difference(from: late, tolerance: .milliseconds(5)) == nil)
        var shifted = truth
        for index in shifted.frames.indices { shifted.frames[index].ticks += 12_345 }
        #expect(truth.difference(from: shifted) == nil)
    }

    @Test func textHasNoFrames() async throws {
        let text = try await MediaFixtures.path("text.txt")
        await #expect(throws: FrameTruth.CannotDecode.self) { try await FrameTruth.of(text) }
    }
}
