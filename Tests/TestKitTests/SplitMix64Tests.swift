// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletTestKit
import Testing

@Suite struct SplitMix64Tests {
    /// The reference values for the seed 1234567, as the authors' C program prints them.
    @Test func givesTheReferenceNumbers() {
        var generator = SplitMix64(seed: 1_234_567)
        #expect(
            (0..<5).map { _ in generator.next() } == [
                6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423,
                4_593_380_528_125_082_431, 16_408_922_859_458_223_821,
            ])
    }

    @Test func numbersBelowABoundCoverItAndStayInside() {
        var generator = SplitMix64(seed: 1)
        #expect(Set((0..<1000).map { _ in generator.below(7) }) == Set(0..<7))
    }

    @Test func chancesComeAsOftenAsTheyShould() {
        var generator = SplitMix64(seed: 2)
        let hits = (0..<10_000).count { _ in generator.chance(0.3) }
        #expect((2800...3200).contains(hits))
        let (never, always) = (generator.chance(0), generator.chance(1))
        #expect(!never)
        #expect(always)
    }
}
