// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

/// How `ln(bytes)` of a film changes with the quality value: straight pieces
/// between the values at which segments were encoded.
struct RateCurve {
    private let knots: [Double]
    /// The slope before each knot, and after the last.
    private let slopes: [Double]
    private let usualSlope: Double

    /// Makes the curve from all encodes.
    ///
    /// - Parameters:
    ///   - encodes: those of each segment.
    ///   - usualSlope: the fall of `ln(bytes)` for each step where no segment tells it.
    init(encodes: [[RateModel.Point]], usualSlope: Double) {
        self.usualSlope = usualSlope
        let knots = Set(encodes.joined().map(\.crf)).sorted()
        var sums = Array(repeating: (slope: 0.0, count: 0.0), count: knots.count + 1)
        for made in encodes where made.count > 1 {
            let sorted = made.sorted { $0.crf < $1.crf }
            for (low, high) in zip(sorted, sorted.dropFirst()) where high.crf - low.crf >= 0.2 {
                let own = -Exponential.logarithm(high.bytes / low.bytes) / (high.crf - low.crf)
                // Never level or rising, so that there is one value for every size.
                let slope = usualSlope * min(max(own / usualSlope, 0.1), 10)
                let first = partitionPoint(knots) { $0 <= low.crf }
                for place in first..<knots.count where knots[place] <= high.crf {
                    sums[place].slope += slope
                    sums[place].count += 1
                }
            }
        }
        self.knots = knots
        slopes = sums.map { $0.count > 0 ? $0.slope / $0.count : usualSlope }
    }

    /// Whether bytes become fewer as the value grows.
    var fallsWithValue: Bool { usualSlope > 0 }

    /// What is added to `ln(bytes)` on the way from one value to another. O(k) in the knots between.
    func fall(from start: Double, to end: Double) -> Double {
        guard start <= end else { return -fall(from: end, to: start) }
        var (sum, place) = (0.0, start)
        var knot = partitionPoint(knots) { $0 <= start }
        while knot < knots.count, knots[knot] < end {
            sum -= slopes[knot] * (knots[knot] - place)
            place = knots[knot]
            knot += 1
        }
        return sum - slopes[knot] * (end - place)
    }
}
