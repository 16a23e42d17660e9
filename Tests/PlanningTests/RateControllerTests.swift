// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletModel
import MartletTestKit
import Testing

@testable import MartletPlanning

/// A film whose segments take bytes by laws of their own.
private struct Film {
    var bytes: [Double]
    var slopes: [Double]
    var quickBytes: [Double]
    let profile: EncoderProfile
    /// The values between which bytes fall four times as fast, as noise does that vanishes.
    var cliff: ClosedRange<Double>?

    init(segments: Int, seed: UInt64, profile: EncoderProfile) {
        var dice = SplitMix64(seed: seed)
        let scale = profile.family == .svtav1 ? 0.5 : 1.0
        bytes = (0..<segments).map { _ in Double(50_000 + dice.below(400_000)) }
        slopes = (0..<segments).map { _ in scale * (0.085 + Double(dice.below(90)) / 1000) }
        quickBytes = bytes.map { $0 * (1.1 + Double(dice.below(30)) / 100) }
        self.profile = profile
    }

    func size(_ segment: Int, _ crf: Double, quick: Bool = false) -> Double {
        let base = (quick ? quickBytes : bytes)[segment]
        var steps = crf - (profile.defaultCRF ?? 0)
        if let cliff { steps += 3 * (min(max(crf, cliff.lowerBound), cliff.upperBound) - cliff.lowerBound) }
        return base * Exponential.power(-slopes[segment] * steps)
    }

    /// Encodes stage by stage; returns the share by which the whole misses, the encodes made and the values.
    func run(target: Double) -> (miss: Double, encodes: Int, values: [Double]) {
        let controller = RateController(profile: profile, target: target, pixels: target * 8 / 0.06)
        let quick = bytes.indices.map { size($0, controller.analysisCRF, quick: true) }
        var made: [String: Double] = [:]
        var encodes = 0
        while true {
            let (stage, chosen) = controller.next(quick: quick) { made["\($0.segment).\($0.round)"] }
            if stage.isEmpty {
                let total = chosen.reduce(0) { $0 + (made["\($1.segment).\($1.round)"] ?? 0) }
                return (total / target - 1, encodes, chosen.map(\.crf))
            }
            for encode in stage {
                made["\(encode.segment).\(encode.round)"] = size(encode.segment, encode.crf)
                encodes += 1
            }
        }
    }
}

@Suite struct RateControllerTests {
    @Test(arguments: [1, 2, 3, 7, 30, 48, 120], [0.5, 0.8, 1.0, 1.7])
    func theWholeComesWithinOnePercent(segments: Int, share: Double) throws {
        let profile = try #require(EncoderProfile.named("libx264"))
        for seed in 0..<4 as Range<UInt64> {
            let film = Film(segments: segments, seed: seed, profile: profile)
            let result = film.run(target: film.bytes.reduce(0, +) * share)
            #expect(abs(result.miss) < 0.01, "seed \(seed)")
            #expect(result.values.count == segments)
            #expect(Double(result.encodes) <= 2 * Double(segments) + 4)
        }
    }

    @Test(arguments: [30, 48, 120], [0.5, 1.0, 1.7])
    func wholeNumbersAreMixedUntilTheWholeFits(segments: Int, share: Double) throws {
        let profile = try #require(EncoderProfile.named("libsvtav1"))
        for seed in 0..<4 as Range<UInt64> {
            let film = Film(segments: segments, seed: seed, profile: profile)
            let result = film.run(target: film.bytes.reduce(0, +) * share)
            #expect(abs(result.miss) < 0.01, "seed \(seed)")
            #expect(result.values.allSatisfy { $0 == $0.rounded() })
        }
    }

    @Test(arguments: [1, 4, 48, 120], [0.1, 0.3, 0.6, 1.5])
    func aCliffIsFound(segments: Int, share: Double) throws {
        let profile = try #require(EncoderProfile.named("libx264"))
        for seed in 0..<4 as Range<UInt64> {
            var film = Film(segments: segments, seed: seed, profile: profile)
            film.cliff = 21...29
            let result = film.run(target: film.bytes.reduce(0, +) * share)
            // At the edge of a cliff, a single segment has no other to make up for its miss.
            #expect(abs(result.miss) < (segments == 1 ? 0.05 : 0.01), "seed \(seed)")
            // Each segment twice, and the few that find the value thrice more.
            #expect(result.encodes <= 2 * segments + 3 * 8, "seed \(seed)")
        }
    }

    @Test func aRateOutOfReachEndsAtTheBestQuality() throws {
        let film = Film(segments: 4, seed: 1, profile: try #require(EncoderProfile.named("libx264")))
        let result = film.run(target: film.bytes.reduce(0, +) * 1000)
        #expect(result.values == [1, 1, 1, 1])
    }

    @Test func wavesHoldEverySegmentOnce() {
        for count in 0..<120 {
            #expect(RateController.waves(count).flatMap(\.self).sorted() == Array(0..<count))
            #expect(RateController.waves(count).count <= 3)
        }
    }

    @Test func powersAndLogarithmsAreInverse() {
        for number in [1e-9, 0.3, 0.999, 1, 1.5, 2.718281828459045, 1234.5, 9e12] {
            #expect(abs(Exponential.power(Exponential.logarithm(number)) / number - 1) < 1e-12)
        }
        #expect(abs(Exponential.logarithm(10) - 2.302585092994046) < 1e-14)
        #expect(abs(Exponential.power(1) - 2.718281828459045) < 1e-14)
    }
}
