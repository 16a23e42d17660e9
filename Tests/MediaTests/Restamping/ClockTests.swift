// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import Testing

@testable internal import MartletMedia

/// Which clock a packet is on, and where each clock goes.
@Suite("Clocks that are set anew")
struct ClockTests {
    private static let frame: Int64 = 40_000

    /// The clocks of packets given as stream and time in milliseconds; stream 9 is a subtitle.
    private func clocks(_ packets: [(Int, Int64)]) -> [Int] {
        var tracker = ClockTracker()
        return packets.map { stream, time in
            tracker.clock(of: stream, isSteady: stream != 9, time: time * 1000, duration: Self.frame)
        }
    }

    @Test("A stream that lags behind stays on the old clock until it changes itself")
    func lagging() {
        let packets: [(Int, Int64)] = [
            (0, 1000), (1, 500), (0, 1040), (0, 200), (1, 540), (0, 240), (1, 100), (1, 140),
        ]
        #expect(clocks(packets) == [0, 0, 0, 1, 0, 1, 1, 1])
    }

    @Test("Gaps of up to ten seconds are time that passed, longer ones are a new clock")
    func gaps() {
        #expect(clocks([(0, 0), (0, 10_040), (0, 20_081)]) == [0, 0, 1])
    }

    @Test("A step back of up to a tenth of a second is no new clock")
    func smallReturns() {
        #expect(clocks([(0, 1000), (0, 900), (0, 799)]) == [0, 0, 1])
    }

    @Test("Times that no clock reaches count as none")
    func farTimes() {
        var tracker = ClockTracker()
        let times: [Int64?] = [0, .min, 40_000, .max, nil, 80_000]
        let clocks = times.map { tracker.clock(of: 0, isSteady: true, time: $0, duration: .max) }
        #expect(clocks == [0, 0, 0, 0, 0, 0])
    }

    @Test("Sound that pauses goes on where the picture is")
    func pause() {
        var packets: [(Int, Int64)] = [(1, 0)]
        for second in 0..<30 { packets.append((0, Int64(second) * 1000)) }
        packets.append((1, 29_100))
        #expect(Set(clocks(packets)) == [0])
    }

    @Test("A second stream whose own step is short follows the first one's new clock")
    func shortStep() {
        #expect(clocks([(0, 0), (1, 60), (0, 10_070), (1, 10_080)]) == [0, 0, 1, 1])
    }

    @Test("Subtitles go with the clock that is nearest and make none of their own")
    func subtitles() {
        let packets: [(Int, Int64)] = [(0, 0), (9, 500), (9, 90_000), (0, 50_000), (9, 50_100)]
        #expect(clocks(packets) == [0, 0, 0, 1, 1])
    }

    @Test("A clock begins where the one before ends, and no stream overlaps itself")
    func joining() {
        var join = ClockJoin()
        join.note(clock: 0, stream: 0, start: 100, end: 1000)
        join.note(clock: 0, stream: 1, start: 70, end: 1030)
        join.note(clock: 1, stream: 0, start: 5000, end: 6000)
        join.note(clock: 1, stream: 1, start: 4990, end: 5990)
        join.note(clock: 2, stream: 0, start: 0, end: 10)
        // Zero is the first sound; the sound's end needs 40 more than the picture's.
        let expected: [Int64] = [-70, -4030, 1970]
        #expect(join.offsets == expected)
    }

    @Test("A picture without a time is shown when the next one that others need is decoded")
    func missingTimes() {
        var missing = MissingTimes()
        func note(_ number: Int, _ clock: Int, _ presentation: Int64?, _ decode: Int64) -> Int64? {
            missing.note(
                stream: 0, number: number, clock: clock, presentation: presentation, decode: decode, duration: 10)?.time
        }
        #expect(note(0, 0, 10, 0) == nil)
        #expect(note(1, 0, nil, 10) == nil)
        #expect(note(2, 0, 20, 20) == nil)
        #expect(note(3, 0, nil, 30) == 30)
        #expect(note(4, 0, 40, 40) == nil)
        // The last one of a clock comes after all others of it.
        #expect(note(5, 1, 7, 7) == 50)
        #expect(missing.time(stream: 0, number: 1) == 30)
        #expect(missing.time(stream: 0, number: 3) == 50)
        #expect(missing.time(stream: 0, number: 0) == nil)
    }
}
