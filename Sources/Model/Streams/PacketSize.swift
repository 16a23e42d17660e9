// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

/// How many samples the packets of a sound stream have, when all have the same number.
struct PacketSize {
    /// The number; `nil` when the packets do not say it clearly.
    let samples: Int?

    /// The sizes that codecs have.
    private static let usual = [
        120, 240, 256, 480, 512, 576, 960, 1024, 1152, 1536, 1920, 2048, 2304, 2880, 4096, 4608,
    ]

    /// Finds it out.
    ///
    /// - Parameters:
    ///   - places: the samples that packets begin with, in order of time, at least one.
    ///   - blur: by how many samples each may be wrong.
    ///   - frameSize: what the codec's header says; `nil` when it says nothing.
    init(places: [Int64], blur: Double, frameSize: Int?) {
        let stated = frameSize.flatMap { $0 > 1 ? $0 : nil }
        guard places.count > 1 else {
            samples = stated
            return
        }
        let distances = zip(places.dropFirst(), places).map { $0 - $1 }.sorted()
        let median = Double(distances[distances.count / 2])
        let mean = Double(places[places.count - 1] - places[0]) / Double(places.count - 1)
        func fits(_ size: Int) -> Bool { abs(median - Double(size)) <= 2 * blur + 1 }
        let nearest = Self.usual.min {
            abs($0.distance(to: Int(mean.rounded()))) < abs($1.distance(to: Int(mean.rounded())))
        }
        if let stated, fits(stated) {
            samples = stated
        } else if let nearest, abs(Double(nearest) - mean) < 1, fits(nearest) {
            samples = nearest
        } else if abs(mean - mean.rounded()) < 0.02, mean >= 1, fits(Int(mean.rounded())) {
            samples = Int(mean.rounded())
        } else {
            samples = Self.usual.filter(fits).min { abs(Double($0) - median) < abs(Double($1) - median) }
        }
    }
}
