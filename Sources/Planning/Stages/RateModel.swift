// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

/// How many bytes each segment takes at each quality value.
///
/// Bytes fall about exponentially with the value, by a usual slope of
/// `ln(bytes)` for each step; noise and drawn pictures fall three times as
/// fast in places, still ones hardly at all. So the film has a curve of its
/// own: where segments have encodes at two values, their mean slope counts, and
/// the usual one everywhere else. A segment passes through its own encodes and
/// follows the film's curve between and beyond them. Quick encodes give the
/// shares of segments that have no real encode yet.
struct RateModel {
    /// One encode: its quality value and its bytes.
    struct Point: Equatable {
        var crf: Double
        var bytes: Double
    }

    /// The encodes of each segment with the real settings, in order of making.
    private(set) var points: [[Point]]
    private let quick: [Point]
    private let usualSlope: Double

    /// Makes a model.
    ///
    /// - Parameters:
    ///   - quick: the quick encode of each segment.
    ///   - slope: the usual fall of `ln(bytes)` for each step; negative where more is better.
    init(quick: [Point], slope: Double) {
        self.quick = quick.map { Point(crf: $0.crf, bytes: max($0.bytes, 1)) }
        usualSlope = slope
        points = Array(repeating: [], count: quick.count)
    }

    /// Adds a real encode.
    mutating func add(_ point: Point, segment: Int) {
        points[segment].append(Point(crf: point.crf, bytes: max(point.bytes, 1)))
    }

    /// The bytes of the latest encodes.
    var total: Double { points.reduce(0) { $0 + ($1.last?.bytes ?? 0) } }

    /// What is known so far. O(n log n) in the number of encodes.
    func laws() -> Laws {
        let curve = RateCurve(encodes: points, usualSlope: usualSlope)
        var (real, expected) = (0.0, 0.0)
        for (first, made) in zip(quick, points) {
            guard let point = made.last else { continue }
            real += point.bytes
            expected += first.bytes * Exponential.power(curve.fall(from: first.crf, to: point.crf))
        }
        // What the real settings take for each byte of the quick encode.
        let scale = expected > 0 ? real / expected : 1
        let anchors = zip(quick, points).map { first, made in
            made.isEmpty ? [Point(crf: first.crf, bytes: first.bytes * scale)] : made.sorted { $0.crf < $1.crf }
        }
        return Laws(anchors: anchors, curve: curve)
    }

    /// The bytes of every segment as functions of the quality value.
    struct Laws {
        fileprivate let anchors: [[Point]]
        fileprivate let curve: RateCurve

        /// The bytes that a segment would take at a quality value.
        func bytes(of segment: Int, at crf: Double) -> Double {
            let known = anchors[segment]
            let after = known.firstIndex { $0.crf >= crf } ?? known.count
            guard after > 0, after < known.count else {
                let nearest = known[min(after, known.count - 1)]
                return nearest.bytes * Exponential.power(curve.fall(from: nearest.crf, to: crf))
            }
            let (low, high) = (known[after - 1], known[after])
            let way = curve.fall(from: low.crf, to: crf) / curve.fall(from: low.crf, to: high.crf)
            return low.bytes * Exponential.power(way * Exponential.logarithm(high.bytes / low.bytes))
        }

        /// The bytes that all segments together would take at a quality value.
        func total(at crf: Double) -> Double { anchors.indices.reduce(0) { $0 + bytes(of: $1, at: crf) } }

        /// The one value at which some segments together take `target` bytes, within bounds.
        ///
        /// - Parameter group: the segments; `nil` for all.
        func commonValue(target: Double, of group: [Int]? = nil, within bounds: ClosedRange<Double>) -> Double {
            let group = group ?? Array(anchors.indices)
            var (low, high) = (bounds.lowerBound, bounds.upperBound)
            for _ in 0..<24 {
                let middle = (low + high) / 2
                let isTooMuch = group.reduce(0) { $0 + bytes(of: $1, at: middle) } > target
                if isTooMuch == curve.fallsWithValue { low = middle } else { high = middle }
            }
            return (low + high) / 2
        }
    }
}
