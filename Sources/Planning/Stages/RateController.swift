// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import MartletModel

/// Reaches an average bit rate with constant-quality encodes.
///
/// Segments that are given a bit rate each would pump: a quiet scene gets as
/// much as a busy one. Here the whole film gets one quality value, found in
/// stages: a quick encode of everything tells the shares; a few real encodes,
/// repeated while they are far off, tell what the quick ones are worth; the rest follows in two waves, each with
/// a corrected value; in the end single segments are encoded once more until
/// the whole is within half a percent. It works alike for every encoder, and
/// each stage depends on the results of the earlier ones alone.
struct RateController {
    /// One encode that is to be made.
    struct Encode: Equatable {
        /// The segment.
        var segment: Int
        /// Which encode of the segment it is, from 0.
        var round: Int
        /// Its quality value.
        var crf: Double
    }

    /// How far the whole may be from the wish, as a share.
    static let tolerance = 0.005
    /// How often the first few segments are encoded, at most, to find out what the quick encodes are worth.
    static let probings = 4
    /// How far from the wish the whole may seem after them, as a share.
    static let probingTolerance = 0.1
    /// How often single segments are encoded once more.
    static let corrections = 5

    private let profile: EncoderProfile
    private let bounds: ClosedRange<Double>
    private let slope: Double
    private let target: Double
    private let quickCRF: Double

    /// Makes a controller.
    ///
    /// - Parameters:
    ///   - profile: the encoder.
    ///   - target: the wanted bytes of the whole picture stream.
    ///   - pixels: the pixels of all frames together.
    init(profile: EncoderProfile, target: Double, pixels: Double) {
        self.profile = profile
        self.target = max(target, 1)
        // At 0, x264 changes to its lossless profile, which fits no other segment.
        let scale = profile.crfRange ?? 0...51
        bounds = max(scale.lowerBound, 1)...scale.upperBound
        slope = Self.slope(of: profile)
        // At the default quality, ordinary films take about 0.06 bits a pixel.
        let wanted = self.target * 8 / max(pixels, 1)
        let usual = profile.defaultCRF ?? bounds.lowerBound
        let steps = Exponential.logarithm(0.06 / wanted) / slope
        let reach = (bounds.upperBound - bounds.lowerBound) / 3
        quickCRF = min(
            max((usual + min(max(steps, -reach), reach)).rounded(), bounds.lowerBound), bounds.upperBound)
    }

    /// The quality value of the quick encodes.
    var analysisCRF: Double { quickCRF }

    /// The preset of the quick encodes: the fastest of sense, or the user's where that is faster still.
    func analysisPreset(wanted: String?) -> String? {
        let quick: String? =
            switch profile.family {
            case .x264: "veryfast"
            case .x265: "superfast"
            case .svtav1: "11"
            case .aom: "8"
            case .vpx: "5"
            case .ffv1, .nvenc, .qsv, .vaapi, .amf, .videotoolbox: nil
            }
        guard let quick, let wanted = wanted ?? profile.defaultPreset,
            let quickPlace = profile.presets.firstIndex(of: quick),
            let wantedPlace = profile.presets.firstIndex(of: wanted)
        else { return wanted }
        let runsFromFast = profile.family == .x264 || profile.family == .x265
        return (runsFromFast ? wantedPlace < quickPlace : wantedPlace > quickPlace) ? wanted : quick
    }

    /// The encodes of all stages so far and of the next one.
    ///
    /// - Parameters:
    ///   - quick: bytes of each segment's quick encode.
    ///   - bytes: the size of an encode; `nil` when it is not made yet.
    /// - Returns: the encodes of the first stage that is not complete, empty
    ///   when all is done; and the encode of each segment that counts, so far.
    func next(quick: [Double], bytes: (Encode) -> Double?) -> (stage: [Encode], chosen: [Encode]) {
        var model = RateModel(quick: quick.map { .init(crf: quickCRF, bytes: $0) }, slope: slope)
        var latest: [Int: Encode] = [:]
        func chosen(_ encodes: [Int: Encode]) -> [Encode] { encodes.values.sorted { $0.segment < $1.segment } }
        /// Takes a stage's results into the model; whether all were there.
        func take(_ encodes: [Encode]) -> Bool {
            var isComplete = true
            for encode in encodes {
                latest[encode.segment] = encode
                guard let size = bytes(encode) else {
                    isComplete = false
                    continue
                }
                model.add(.init(crf: encode.crf, bytes: size), segment: encode.segment)
            }
            return isComplete
        }

        for (wave, segments) in Self.waves(quick.count).enumerated() {
            for _ in 0..<(wave == 0 ? Self.probings : 1) {
                let laws = model.laws()
                let value = laws.commonValue(target: target, within: bounds)
                let encodes = spread(value, over: segments, laws, latest)
                if encodes.isEmpty { break }
                guard take(encodes) else { return (encodes, chosen(latest)) }
                if abs(model.laws().total(at: value) / target - 1) <= Self.probingTolerance { break }
            }
        }
        var best = (miss: abs(model.total / target - 1), encodes: latest)
        for _ in 0..<Self.corrections {
            guard best.miss > Self.tolerance else { break }
            let encodes = correction(model, latest)
            if encodes.isEmpty { break }
            guard take(encodes) else { return (encodes, chosen(latest)) }
            let miss = abs(model.total / target - 1)
            if miss < best.miss { best = (miss, latest) }
        }
        return ([], chosen(best.encodes))
    }

    /// Which segments are encoded together: a few spread over the film, half of
    /// the others, the rest.
    static func waves(_ count: Int) -> [[Int]] {
        guard count > 1 else { return count == 1 ? [[0]] : [] }
        let probes = min(8, (count + 5) / 6)
        let first = (0..<probes).map { ($0 * 2 + 1) * count / (probes * 2) }
        let rest = (0..<count).filter { !first.contains($0) }
        if rest.count < 6 { return [first, rest] }
        let halves = [true, false].map { isEven in
            rest.enumerated().filter { $0.offset.isMultiple(of: 2) == isEven }.map(\.element)
        }
        return [first] + halves
    }

    /// The values of some segments when the whole film is to have `value`.
    ///
    /// Encoders that take whole numbers only get the two neighbours, mixed so
    /// that the bytes come out as if the value were possible.
    private func spread(
        _ value: Double, over segments: [Int], _ laws: RateModel.Laws, _ latest: [Int: Encode]
    ) -> [Encode] {
        if profile.hasFractionalCRF { return segments.compactMap { again($0, latest, value) } }
        let (lower, upper) = (value.rounded(.down), min(value.rounded(.up), bounds.upperBound))
        var debt = 0.0
        return segments.compactMap { segment in
            let ideal = debt + laws.bytes(of: segment, at: value)
            let asLower = ideal - laws.bytes(of: segment, at: lower)
            let asUpper = ideal - laws.bytes(of: segment, at: upper)
            let takesLower = abs(asLower) <= abs(asUpper)
            debt = takesLower ? asLower : asUpper
            return again(segment, latest, takesLower ? lower : upper)
        }
    }

    /// Segments to encode once more, and at which value, so that the whole fits.
    ///
    /// Those farthest from the common value go first; that makes the film more
    /// even while it makes it fit.
    private func correction(_ model: RateModel, _ latest: [Int: Encode]) -> [Encode] {
        let laws = model.laws()
        let value = laws.commonValue(target: target, within: bounds)
        let now = model.points.map { $0.last?.bytes ?? 0 }
        let order = latest.values.sorted {
            let (left, right) = (abs($0.crf - value), abs($1.crf - value))
            return left == right ? $0.segment < $1.segment : left > right
        }
        if profile.hasFractionalCRF {
            // The smallest group takes all that is missing, if that leaves it close to the others.
            let reach = max(bounds.lowerBound, value - 0.6)...min(bounds.upperBound, value + 0.6)
            var (others, upper, lower) = (model.total, 0.0, 0.0)
            var group: [Int] = []
            for encode in order {
                group.append(encode.segment)
                others -= now[encode.segment]
                upper += laws.bytes(of: encode.segment, at: reach.lowerBound)
                lower += laws.bytes(of: encode.segment, at: reach.upperBound)
                if max(upper, lower) + others >= target, min(upper, lower) + others <= target { break }
            }
            let shared = laws.commonValue(target: target - others, of: group, within: reach)
            return group.compactMap { again($0, latest, shared) }
        }
        var gap = target - model.total
        var encodes: [Encode] = []
        let direction = (gap > 0) == (slope > 0) ? -1.0 : 1.0
        // Where one step is too much for every segment, the smallest miss wins.
        for encode in order where abs(gap) > Self.tolerance / 2 * target {
            let crf = encode.crf + direction
            let change = laws.bytes(of: encode.segment, at: crf) - now[encode.segment]
            guard abs(gap - change) < abs(gap), !model.points[encode.segment].contains(where: { $0.crf == crf }),
                let again = again(encode.segment, latest, crf)
            else { continue }
            gap -= change
            encodes.append(again)
        }
        return encodes
    }

    /// The next encode of a segment; `nil` when its value would be the one it has.
    private func again(_ segment: Int, _ latest: [Int: Encode], _ crf: Double) -> Encode? {
        let value = Self.hundredths(min(max(crf, bounds.lowerBound), bounds.upperBound))
        guard latest[segment]?.crf != value else { return nil }
        return Encode(segment: segment, round: (latest[segment]?.round ?? -1) + 1, crf: value)
    }

    private static func hundredths(_ value: Double) -> Double { (value * 100).rounded() / 100 }

    /// The usual fall of `ln(bytes)` for each step of an encoder's quality value.
    static func slope(of profile: EncoderProfile) -> Double {
        switch profile.family {
        case .x264, .x265: 0.12
        case .svtav1: 0.06
        case .aom, .vpx: 0.05
        case .videotoolbox: -0.04
        case .ffv1, .nvenc, .qsv, .vaapi, .amf: (profile.crfRange?.upperBound ?? 51) > 100 ? 0.02 : 0.11
        }
    }
}
