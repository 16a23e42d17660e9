// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

/// How many bytes each segment takes at each quality value.
///
/// Bytes fall about exponentially with the value: `ln(bytes)` by `slope` for
/// each step. A quick encode gives the shares of segments that have no real
/// encode yet; real ones replace it, two of the same segment give its own slope.
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

    /// What the real settings take for each byte of the quick encode, from segments that have both.
    private var realPerQuick: Double {
        var (real, expected) = (0.0, 0.0)
        for (segment, made) in points.enumerated() {
            guard let point = made.last else { continue }
            real += point.bytes
            let first = quick[segment]
            expected += first.bytes * Exponential.power(-usualSlope * (point.crf - first.crf))
        }
        return expected > 0 ? real / expected : 1
    }

    /// The slope of one segment: its own where two encodes tell it, within reason.
    private func slope(_ segment: Int) -> Double {
        let made = points[segment]
        guard let last = made.last, let other = made.dropLast().last(where: { abs($0.crf - last.crf) >= 0.2 }) else {
            return usualSlope
        }
        let own = -Exponential.logarithm(last.bytes / other.bytes) / (last.crf - other.crf)
        let ratio = min(max(own / usualSlope, 0.4), 2.5)
        return usualSlope * ratio
    }

    /// The bytes that each segment would take at a quality value.
    func predictions(at crf: Double) -> [Double] { laws(of: Array(points.indices)).map { $0.bytes(at: crf) } }

    /// The one value at which some segments together take `target` bytes, within bounds.
    ///
    /// - Parameter group: the segments; `nil` for all.
    func commonValue(target: Double, of group: [Int]? = nil, within bounds: ClosedRange<Double>) -> Double {
        let laws = laws(of: group ?? Array(points.indices))
        var (low, high) = (bounds.lowerBound, bounds.upperBound)
        let fallsWithValue = usualSlope > 0
        for _ in 0..<24 {
            let middle = (low + high) / 2
            let isTooMuch = laws.reduce(0) { $0 + $1.bytes(at: middle) } > target
            if isTooMuch == fallsWithValue { low = middle } else { high = middle }
        }
        return (low + high) / 2
    }

    /// How the bytes of one segment fall.
    private struct Law {
        let base: Point
        let slope: Double

        func bytes(at crf: Double) -> Double { base.bytes * Exponential.power(-slope * (crf - base.crf)) }
    }

    private func laws(of group: [Int]) -> [Law] {
        let scale = realPerQuick
        return group.map { segment in
            let first = quick[segment]
            return Law(
                base: points[segment].last ?? Point(crf: first.crf, bytes: first.bytes * scale), slope: slope(segment))
        }
    }
}
