// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletModel
import Testing

@testable import martlet

@Suite struct FiguresTests {
    @Test(arguments: [
        (0.0, 0, "0"), (1.005, 1, "1.0"), (2.25, 1, "2.3"), (-2.25, 1, "-2.3"), (0.04, 1, "0.0"), (-0.04, 1, "0.0"),
        (99.95, 1, "100.0"),
        (.nan, 2, "-"), (.infinity, 2, "-"), (1e300, 0, "-"),
    ])
    func decimalsRoundHalvesAwayFromZero(value: Double, places: Int, expected: String) {
        #expect(Figures.decimal(value, places) == expected)
    }

    @Test(arguments: [(0.0, "0"), (10.0, "10"), (100.0, "100"), (23.976, "23.976"), (12.5, "12.5")])
    func shortNumbersHaveNoIdleZeros(value: Double, expected: String) {
        #expect(Figures.short(value) == expected)
    }

    @Test(arguments: [
        (Int64(0), "0 bytes"), (999, "999 bytes"), (1000, "1.0 kB"), (999_949, "999.9 kB"), (999_950, "1.0 MB"),
        (12_345_678, "12.3 MB"), (4_700_000_000, "4.7 GB"), (2_000_000_000_000, "2.0 TB"),
    ])
    func sizesHaveDecimalUnits(bytes: Int64, expected: String) {
        #expect(Figures.bytes(ByteCount(bytes)) == expected)
    }

    @Test(arguments: [
        (0.0, "0:00"), (59.6, "1:00"), (3599.0, "59:59"), (3723.0, "1:02:03"), (-5.0, "-0:05"), (.infinity, "-"),
    ])
    func clocksShowHoursWhenThereAreAny(seconds: Double, expected: String) {
        #expect(Figures.clock(seconds) == expected)
    }

    @Test(arguments: [
        (83.042, "0:01:23.042"), (0.0, "0:00:00.000"), (-1.4, "-0:00:01.400"), (3600.0004, "1:00:00.000"),
    ])
    func timestampsShowMilliseconds(seconds: Double, expected: String) {
        #expect(Figures.timestamp(seconds) == expected)
    }

    @Test func longTextsBreakAtBlanks() {
        #expect("one two three".wrapped(to: 7) == ["one two", "three"])
        #expect("unbreakable a".wrapped(to: 4) == ["unbreakable", "a"])
        #expect("".wrapped(to: 4) == [])
    }
}
