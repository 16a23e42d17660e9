// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import Testing

@testable import MartletTestKit

@Suite("What a probe takes for a wrong picture") struct PlayProbeTests {
    private typealias Frame = PlayProbe.Report.Frame

    /// The numbers that are wrong among pictures of so many frames a second, each a time in frames and a number.
    private func wrong(_ shown: [(time: Int, number: Int)]) -> [Int] {
        let frames = shown.map { Frame(time: Double($0.time) / 24, number: $0.number, width: 320) }
        return PlayProbe.Report(frames: frames, stalls: [], decoded: frames.count, error: "")
            .wrong(framesPerSecond: 24).map(\.number)
    }

    @Test func aPictureMayBeDrawnLate() {
        #expect(wrong([(0, 0), (1, 1), (2, 3), (5, 6), (6, 6), (7, 9)]).isEmpty)
        // The browser is at the next place already.
        #expect(wrong([(312, 312), (313, 46), (46, 46), (47, 47)]).isEmpty)
    }

    @Test func aPictureOfAnotherPlaceIsWrong() {
        #expect(wrong([(10, 10), (11, 3), (12, 12), (13, 13)]) == [3])
        #expect(wrong([(10, 10), (300, 11), (301, 301), (302, 302)]) == [11])
        #expect(wrong([(10, 10), (11, 16), (12, 12), (13, 13)]) == [16])
    }

    @Test func picturesThatAreAllOneLateAreWrong() {
        #expect(wrong([(0, 1), (1, 2), (2, 3), (3, 4), (4, 5)]) == [1, 2, 3, 4, 5])
    }
}
