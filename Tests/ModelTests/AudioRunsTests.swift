// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletModel
import Testing

/// Where sound lies, by clocks of every kind.
@Suite struct AudioRunsTests {
    private func runs(
        _ places: [Int64], size: Int64, timeBase: TimeBase, rate: Int = 48_000, codec: String = "aac",
        frameSize: Int? = nil
    ) -> AudioRuns {
        let clock = TimeBase(1, Int32(rate))
        func ticks(_ sample: Int64) -> Int64 { MediaTime(ticks: sample, timeBase: clock).rescaled(to: timeBase) }
        let packets = places.map { (time: ticks($0), duration: ticks(size)) }
        return AudioRuns(
            streamIndex: 1, codec: codec, packets: packets, timeBase: timeBase, sampleRate: rate, frameSize: frameSize)
    }

    private static let clocks = [TimeBase(1, 48_000), TimeBase(1, 1000), TimeBase(1, 90_000), TimeBase(1, 44_100)]

    @Test(arguments: clocks, [Int64(1024), 1152, 1536, 960, 2048, 4096])
    func packetsOfOneSizeAreOneRunOnItsGrid(_ clock: TimeBase, size: Int64) {
        let places = (0..<500).map { 20_000 + Int64($0) * size }
        let found = runs(places, size: size, timeBase: clock)
        #expect(found.packetSamples == Int(size))
        #expect(found.gridSamples == Int(size))
        #expect(found.runs.count == 1)
        #expect(abs(found.runs[0].firstSample - 20_000) <= (clock.den == 1000 ? 24 : 1))
        #expect(found.runs[0].sampleCount == 500 * size)
    }

    @Test(arguments: clocks)
    func aHoleBeginsARun(_ clock: TimeBase) {
        let places = (0..<400).map { Int64($0) * 1024 + ($0 < 150 ? 0 : 33_600) }
        let found = runs(places, size: 1024, timeBase: clock)
        #expect(found.runs.count == 2)
        #expect(found.runs[0].sampleCount == 150 * 1024)
        #expect(abs(found.runs[1].firstSample - (150 * 1024 + 33_600)) <= (clock.den == 1000 ? 24 : 1))
    }

    @Test func vorbisLiesOnAGridOfSixtyFourSamples() {
        var place: Int64 = 0
        var places: [Int64] = []
        for number in 0..<600 {
            places.append(place)
            place += [1024, 576, 128, 576, 1024, 1024, 1024][number % 7]
        }
        let found = runs(places, size: 800, timeBase: TimeBase(1, 1000), codec: "vorbis")
        #expect(found.packetSamples == nil)
        #expect(found.gridSamples == 64)
        #expect(found.runs.count == 1)
        #expect(abs(found.runs[0].firstSample) < 24)
    }

    @Test func packetsThatDifferHaveNoGridUnlessTheClockIsExact() {
        let places = (0..<300).reduce(into: [Int64(0)]) { places, number in
            places.append((places.last ?? 0) + [1601, 1602, 1601, 1602, 1602][number % 5])
        }
        #expect(runs(places, size: 1602, timeBase: TimeBase(1, 48_000), codec: "pcm_s16le").gridSamples == 1)
        let coarse = runs(places, size: 1602, timeBase: TimeBase(1, 1000), codec: "pcm_s16le")
        #expect(coarse.runs.count == 1)
    }

    @Test func packetsShorterThanTheClockIsFineHaveNoGrid() {
        let places = (0..<2_000).map { Int64($0) * 40 }
        #expect(runs(places, size: 40, timeBase: TimeBase(1, 1000), codec: "truehd", frameSize: 40).gridSamples == nil)
        #expect(runs(places, size: 40, timeBase: TimeBase(1, 90_000), codec: "truehd", frameSize: 40).gridSamples == 40)
    }

    @Test func nothingIsFoundInNothing() {
        #expect(runs([], size: 1024, timeBase: TimeBase(1, 1000)).runs.isEmpty)
        let one = runs([480], size: 1024, timeBase: TimeBase(1, 48_000), frameSize: 1024)
        #expect(one.runs == [AudioRun(firstSample: 480, sampleCount: 1024)])
    }
}
