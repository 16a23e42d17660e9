// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

/// How a sound track fits to the one that it was made of, sample by sample.
package struct SoundMatch: Sendable {
    /// How many samples later the same is heard, at several places of the track.
    package var lags: [Int] = []
    /// How loud the difference is at the loudest of these places, as a share of the sound at the same volume.
    package var difference = 0.0
    /// The places, in samples.
    package var places: [Int] = []
    /// How many samples the track has.
    package var sampleCount = 0

    private static let window = 2048
    private static let reach = 160

    /// Compares a rendition with its film.
    ///
    /// - Parameters:
    ///   - path: the rendition, which begins with the stream's zero.
    ///   - source: the film.
    ///   - track: which of the film's sound tracks.
    ///   - zero: the stream's zero, in samples of `rate` on the film's clock.
    ///   - rate: samples a second of the rendition.
    ///   - places: where to look, in samples.
    /// - Throws: ``FrameTruth/CannotDecode``.
    package init(
        of path: String, with source: String, track: Int = 0, zero: Int64, rate: Int, places: [Int]
    ) async throws {
        let made = try await Self.samples(path, track: 0, filter: "anull", rate: rate)
        let filter = "aresample=\(rate):async=1:min_hard_comp=0.1:first_pts=\(zero)"
        let original = try await Self.samples(source, track: track, filter: filter, rate: rate)
        sampleCount = made.count
        for place in places {
            guard place >= Self.reach, place + Self.window + Self.reach < min(made.count, original.count) else {
                continue
            }
            let (lag, difference) = Self.lag(made, original, place)
            lags.append(lag)
            self.places.append(place)
            self.difference = max(self.difference, difference)
        }
    }

    private static func lag(_ made: [Float], _ original: [Float], _ place: Int) -> (Int, Double) {
        made.withUnsafeBufferPointer { made in
            original.withUnsafeBufferPointer { original in
                var best = (lag: 0, error: Float.infinity)
                for lag in -reach...reach {
                    var error: Float = 0
                    var index = place
                    while index < place + window {
                        error -= made[index + lag] * original[index]
                        index += 1
                    }
                    if error < best.error { best = (lag, error) }
                }
                // Fewer channels may be quieter: what is left when the volume is the same is the difference.
                var (energy, own, common): (Double, Double, Double) = (0, 0, 0)
                for index in place..<place + window {
                    let (left, right) = (Double(original[index]), Double(made[index + best.lag]))
                    energy += left * left
                    own += right * right
                    common += left * right
                }
                guard energy > 0, own > 0 else { return (best.lag, 0) }
                return (best.lag, max(0, 1 - common * common / (energy * own)).squareRoot())
            }
        }
    }

    private static func samples(_ path: String, track: Int, filter: String, rate: Int) async throws -> [Float] {
        try await SoundTruth.samples(
            of: path, track: track, rate: rate, reading: ["-copyts"], options: ["-af", filter])
    }
}
