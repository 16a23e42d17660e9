// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletModel
import MartletTestKit
import Testing

@testable import MartletPlanning

/// A segment whose likeness falls by a law of its own.
private struct Scene {
    /// What is missing from the best score at the encoder's default.
    var loss: Double
    /// How fast that grows with the quality value, and how much faster it does further on.
    var slope: Double
    var bend: Double
    let profile: EncoderProfile
    let metric: TargetQuality.Metric

    init(seed: UInt64, profile: EncoderProfile, metric: TargetQuality.Metric) {
        var dice = SplitMix64(seed: seed)
        loss = metric.best * (0.01 + Double(dice.below(140)) / 1000)
        slope = abs(RateController.slope(of: profile)) * (0.4 + Double(dice.below(120)) / 100)
        bend = slope * slope * Double(dice.below(21) - 10) / 100
        self.profile = profile
        self.metric = metric
    }

    func score(_ crf: Double) -> Double {
        let direction = RateController.slope(of: profile) < 0 ? -1.0 : 1
        let distance = (crf - (profile.defaultCRF ?? 0)) * direction
        return metric.best
            - min(loss * Exponential.power(slope * distance + bend * distance * abs(distance)), metric.best)
    }

    func search(_ target: TargetQuality) -> (probes: [QualitySearch.Probe], chosen: Int?) {
        let search = QualitySearch(profile: profile, target: target)
        var probes: [QualitySearch.Probe] = []
        while let crf = search.next(after: probes) { probes.append(.init(crf: crf, score: score(crf))) }
        return (probes, search.chosen(of: probes))
    }
}

@Suite struct QualitySearchTests {
    private static let encoders = [
        "libx264", "libx265", "libsvtav1", "libaom-av1", "libvpx-vp9", "h264_nvenc", "av1_vaapi",
        "hevc_videotoolbox",
    ]

    /// Whether some value that the search may take comes as near to the target as is wanted.
    private func isReachable(_ target: TargetQuality, _ scene: Scene) -> Bool {
        let range = scene.profile.crfRange ?? 0...0
        let step = scene.profile.hasFractionalCRF ? 0.25 : 1
        let margin = ((range.upperBound - range.lowerBound) / 4).rounded()
        return stride(from: range.lowerBound + margin, through: range.upperBound - margin, by: step).contains {
            abs(scene.score($0) - target.value) <= target.tolerance
        }
    }

    @Test(
        arguments: encoders,
        [
            TargetQuality(metric: .vmaf, value: 95), TargetQuality(metric: .vmaf, value: 85),
            TargetQuality(metric: .ssim, value: 0.98), TargetQuality(metric: .ssim, value: 0.95),
        ])
    func aTargetIsReachedInFourEncodes(encoder: String, target: TargetQuality) throws {
        let profile = try #require(EncoderProfile.named(encoder))
        var reachable = 0
        var encodes = 0
        var misses = 0
        for seed in 0..<200 as Range<UInt64> {
            let scene = Scene(seed: seed, profile: profile, metric: target.metric)
            let (probes, chosen) = scene.search(target)
            let best = probes[try #require(chosen)]
            #expect((1...4).contains(probes.count))
            #expect(probes.allSatisfy { profile.crfRange?.contains($0.crf) == true })
            #expect(profile.hasFractionalCRF || probes.allSatisfy { $0.crf == $0.crf.rounded() })
            #expect(Set(probes.map(\.crf)).count == probes.count)
            guard isReachable(target, scene) else { continue }
            reachable += 1
            encodes += probes.count
            // What four encodes of a strongly bent law leave is on the better side.
            #expect(best.score >= target.value - target.tolerance, "seed \(seed): \(probes)")
            #expect(best.score <= target.value + 2 * target.tolerance, "seed \(seed): \(probes)")
            if best.score > target.value + target.tolerance + 1e-9 { misses += 1 }
        }
        #expect(misses <= 3)
        #expect(reachable > 40)
        #expect(Double(encodes) / Double(reachable) < 3)
    }

    @Test(arguments: ["libx264", "hevc_videotoolbox"])
    func aTargetOutOfReachEndsAtTheLimit(encoder: String) throws {
        let profile = try #require(EncoderProfile.named(encoder))
        let best = QualitySearch(profile: profile, target: TargetQuality(metric: .ssim, value: 1))
        #expect(best.next(after: []) == profile.defaultCRF)
        let usual = try #require(profile.defaultCRF)
        let limit = try #require(best.next(after: [.init(crf: usual, score: 0.5)]))
        #expect(limit == (encoder == "libx264" ? 10 : 95))
        let probes: [QualitySearch.Probe] = [.init(crf: usual, score: 0.5), .init(crf: limit, score: 0.6)]
        #expect(best.next(after: probes) == nil)
        #expect(best.chosen(of: probes) == 1)
    }

    @Test func theCheapestThatIsGoodEnoughCounts() throws {
        let profile = try #require(EncoderProfile.named("libx264"))
        let search = QualitySearch(profile: profile, target: TargetQuality(metric: .vmaf, value: 95))
        #expect(search.chosen(of: []) == nil)
        let probes: [QualitySearch.Probe] = [
            .init(crf: 23, score: 97), .init(crf: 27, score: 94.6), .init(crf: 25, score: 95.8),
            .init(crf: 28, score: 94.4),
        ]
        #expect(search.chosen(of: probes) == 1)
        #expect(search.chosen(of: [probes[3]]) == 0)
    }

    @Test func neighboursEndTheSearch() throws {
        let profile = try #require(EncoderProfile.named("libsvtav1"))
        let search = QualitySearch(profile: profile, target: TargetQuality(metric: .vmaf, value: 95))
        #expect(search.next(after: [.init(crf: 35, score: 96), .init(crf: 36, score: 94)]) == nil)
        #expect(search.next(after: [.init(crf: 35, score: 96), .init(crf: 37, score: 94)]) == 36)
        // Scores that rise with the value leave nothing between.
        #expect(search.next(after: [.init(crf: 35, score: 94), .init(crf: 37, score: 96)]) == nil)
    }
}
