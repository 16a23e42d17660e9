// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import MartletModel

/// Finds the quality value at which an encode of one segment reaches a score.
///
/// What is missing from the best score grows about exponentially with the
/// quality value, so the search goes along straight lines of its logarithm. The
/// first step goes by the slope that bytes have, which is about the same; the
/// next by the line through two encodes made, the last by the parabola through three.
struct QualitySearch {
    /// One encode and its score.
    struct Probe: Equatable {
        /// Its quality value.
        var crf: Double
        /// Its mean score.
        var score: Double
    }

    /// How many encodes of a segment are made at most.
    static let probes = 4

    private let target: TargetQuality
    /// 1 where less is better, -1 where more is: a quality value times this is
    /// a position, and later positions are cheaper.
    private let direction: Double
    private let positions: ClosedRange<Double>
    private let start: Double
    private let step: Double
    private let slope: Double

    /// Makes a search.
    ///
    /// - Parameters:
    ///   - profile: the encoder, not a lossless one.
    ///   - target: the score to reach.
    init(profile: EncoderProfile, target: TargetQuality) {
        self.target = target
        let bytes = RateController.slope(of: profile)
        direction = bytes < 0 ? -1 : 1
        slope = abs(bytes)
        step = profile.hasFractionalCRF ? 0.25 : 1
        let bounds = Self.bounds(of: profile)
        positions = direction > 0 ? bounds : -bounds.upperBound ... -bounds.lowerBound
        let usual = (profile.defaultCRF ?? bounds.lowerBound) * direction
        start = min(max(usual, positions.lowerBound), positions.upperBound)
    }

    /// The quality value of the next encode, given all those before it; `nil` when enough are made.
    func next(after probes: [Probe]) -> Double? {
        guard !probes.isEmpty else { return start * direction }
        guard probes.count < Self.probes,
            !probes.contains(where: { abs($0.score - target.value) <= target.tolerance })
        else { return nil }
        let points = probes.map { (position: $0.crf * direction, score: $0.score) }
        let above = points.filter { $0.score >= target.value }.max { $0.position < $1.position }
        let below = points.filter { $0.score < target.value }.min { $0.position < $1.position }
        let first = above.map { $0.position + step } ?? positions.lowerBound
        let last = below.map { $0.position - step } ?? positions.upperBound
        guard first <= last else { return nil }

        // The last try is better too good than not good enough.
        let isLastChance = above == nil && probes.count == Self.probes - 1
        let goal = loss(target.value + (isLastChance ? target.tolerance : 0))
        let wanted: Double
        if let above, let below {
            let (from, to) = (loss(above.score), loss(below.score))
            let share = to > from ? (goal - from) / (to - from) : 0.5
            let line = above.position + share * (below.position - above.position)
            let curve = curve(through: points, at: goal)
            wanted = curve.flatMap { above.position < $0 && $0 < below.position ? $0 : nil } ?? line
        } else {
            // All are on one side; the two nearest to the target tell the slope.
            let sorted = points.sorted {
                let (left, right) = (abs($0.score - target.value), abs($1.score - target.value))
                return left == right ? $0.position < $1.position : left < right
            }
            var slope = self.slope
            if sorted.count > 1 {
                let measured =
                    (loss(sorted[1].score) - loss(sorted[0].score)) / (sorted[1].position - sorted[0].position)
                slope = min(max(measured, self.slope / 4), self.slope * 4)
            }
            wanted = sorted[0].position + (goal - loss(sorted[0].score)) / slope
        }
        return min(max((wanted / step).rounded(.down) * step, first), last) * direction
    }

    /// The encode that counts, by its place: the cheapest that reaches the target, tolerance
    /// allowed, else the best; `nil` when there is none.
    func chosen(of probes: [Probe]) -> Int? {
        let good = probes.indices.filter { probes[$0].score >= target.value - target.tolerance }
        if let cheapest = good.max(by: { probes[$0].crf * direction < probes[$1].crf * direction }) { return cheapest }
        return probes.indices.max { probes[$0].score < probes[$1].score }
    }

    /// The position where the parabola through three points has some loss; `nil` when there are not
    /// three, or two have the same loss.
    private func curve(through points: [(position: Double, score: Double)], at goal: Double) -> Double? {
        let points = points.map { (position: $0.position, loss: loss($0.score)) }
        guard points.count == 3, Set(points.map(\.loss)).count == 3 else { return nil }
        var position = 0.0
        for (place, point) in points.enumerated() {
            var weight = 1.0
            for (other, rival) in points.enumerated() where other != place {
                weight *= (goal - rival.loss) / (point.loss - rival.loss)
            }
            position += weight * point.position
        }
        return position
    }

    /// The logarithm of what is missing from the best score; below some amount, differences are noise.
    private func loss(_ score: Double) -> Double {
        Exponential.logarithm(max(target.metric.best - score, target.metric == .vmaf ? 0.05 : 0.000_01))
    }

    /// The quality values that are tried: beyond them, an encoder wastes bytes or shows little but blocks.
    private static func bounds(of profile: EncoderProfile) -> ClosedRange<Double> {
        switch (profile.family, profile.crfRange?.upperBound ?? 51) {
        case (.x264, _), (.x265, _): 10...40
        case (.videotoolbox, _): 10...95
        case (_, ...51): 10...45
        case (_, ...63): 8...58
        default: 30...220
        }
    }
}
