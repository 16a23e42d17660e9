// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletModel
import MartletPorts
import MartletTestKit
import Synchronization
import Testing

@testable import MartletMediaChild

@Suite("Long frame lists are short on the way")
struct LongFilmTests {
    /// Three hours at 60 frames a second, with times that a camera might give.
    private static let index: FrameIndex = {
        var generator = SplitMix64(seed: 7)
        var time: Int64 = 0
        let times = (0..<648_000).map { _ -> Int64 in
            time += 1_500 + Int64(generator.next() % 9) - 4
            return time
        }
        return FrameIndex(
            streamIndex: 0, timeBase: TimeBase(1, 90_000), presentationTimes: times, lastFrameDuration: 1_500,
            keyframes: stride(from: 0, to: times.count, by: 120).map {
                Keyframe(time: times[$0], frame: $0, isRandomAccessPoint: true)
            })
    }()

    @Test func anOrderHoldsTheListInAFractionOfItsMemory() throws {
        let order = MediaOrder(
            request: .inspect(path: "/film.mkv"), cacheDirectory: "/scans", index: Self.index)
        let bytes = try order.bytes()
        #expect(bytes.count < Self.index.frameCount * 8 / 4)
        #expect(MediaOrder(bytes: bytes) == order)
        #expect(MediaOrder(bytes: [UInt8](bytes.dropLast(5))) == nil)
        #expect(MediaOrder(bytes: [1, 2, 3]) == nil)
    }

    @Test func anEndlessAnswerIsNotKept() throws {
        for start in [[], try ChildLine.answer(.index).bytes()] {
            let reader = AnswerReader(longest: 1_000, time: ManualClock()) { _ in }
            reader.takeOutput(start)
            for _ in 0..<20 { reader.takeOutput([UInt8](repeating: 1, count: 100)) }
            #expect(reader.answer == nil)
        }
    }

    @Test(arguments: [1, 7, 65_536])
    func anAnswerIsReadInPiecesOfAnySize(size: Int) throws {
        let heard = Mutex<[Double]>([])
        let reader = AnswerReader(time: ManualClock()) { share in heard.withLock { $0.append(share) } }
        let list = IndexCoding.bytes(of: Self.index)
        let rest = size == 65_536 ? list : [UInt8](list.prefix(2_000))
        let bytes =
            try ChildLine.alive.bytes() + ChildLine.progress(0.25).bytes() + ChildLine.progress(1).bytes()
            + ChildLine.answer(.index).bytes() + rest
        for start in stride(from: 0, to: bytes.count, by: size) {
            #expect(start == 0 || size < bytes.count)
            reader.takeOutput([UInt8](bytes[start..<min(start + size, bytes.count)]))
        }
        #expect(heard.withLock { $0 } == [0.25, 1])
        let (answer, read) = try #require(reader.answer)
        #expect(answer == .index)
        #expect(read == rest)
    }
}
