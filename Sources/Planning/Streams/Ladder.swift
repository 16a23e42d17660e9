// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletModel

/// A quality of a stream: one size of the picture, with everything that an encoder needs to make it.
package struct StreamQuality: Sendable, Hashable, Codable {
    /// Its name in addresses, such as `720p`; `original` for the source's own size.
    package var name: String
    /// What it is encoded in.
    package var codec: VideoCodec
    /// The size of the picture; `nil` for the source's own.
    package var resolution: Resolution?
    /// The most that the picture takes, a second.
    package var peak: BitRate

    /// Makes a quality.
    package init(name: String, codec: VideoCodec, resolution: Resolution?, peak: BitRate) {
        self.name = name
        self.codec = codec
        self.resolution = resolution
        self.peak = peak
    }

    /// What the encoder may take on average over a second; segments may take a little more.
    package var bound: BitRate { BitRate(peak.bitsPerSecond * 4 / 5) }

    /// What the picture usually takes: encodes aim at a quality and seldom reach their bound.
    package var average: BitRate { BitRate(peak.bitsPerSecond * 3 / 5) }
}

/// The qualities that a film is offered in.
package struct Ladder: Sendable, Equatable {
    /// From the dearest down; not empty.
    package var qualities: [StreamQuality]

    /// Lines, and the bits a second that H.264 needs there at 30 pictures a second, 16:9.
    private static let steps: [(lines: Int, peak: Int64)] = [
        (2160, 24_000_000), (1440, 13_000_000), (1080, 7_500_000), (720, 4_200_000), (480, 2_000_000),
        (360, 1_100_000), (240, 600_000),
    ]

    /// Longer than the longer side of any picture.
    private static let mostLines = 16_384

    /// The qualities of a source: its own size, and every step of 240 lines and more below it. Lines lie along the
    /// longer side, so a picture that stands upright has the same steps as one that lies.
    ///
    /// - Parameter codec: what they are encoded in.
    package init(source: VideoProperties, codec: VideoCodec) {
        let turned = source.displayMatrix?.swapsSides == true
        let (width, height) = turned ? (source.height, source.width) : (source.width, source.height)
        let isUpright = width < height
        let lines = max(min(width, height), 1)
        let rate = source.averageFrameRate.isPositive ? source.averageFrameRate.value : 30
        func scaled(_ peak: Int64) -> BitRate {
            // Twice the pictures need half as much again, since they differ less.
            let pace = max(1, min(2, 0.5 + rate / 60))
            let thrift = codec == .hevc ? 0.65 : codec == .av1 ? 0.55 : 1
            return BitRate(Int64((Double(peak) * pace * thrift / 1000).rounded()) * 1000)
        }
        let pixels = Double(width * height)
        qualities = [
            StreamQuality(name: "original", codec: codec, resolution: nil, peak: scaled(Self.peak(ofPixels: pixels)))
        ]
        for step in Self.steps where step.lines < lines {
            let share = Double(step.lines) / Double(lines)
            qualities.append(
                StreamQuality(
                    name: "\(step.lines)p", codec: codec,
                    resolution: isUpright ? .box(width: step.lines, height: Self.mostLines) : .height(step.lines),
                    peak: scaled(Self.peak(ofPixels: pixels * share * share))))
        }
    }

    /// The quality of a name; `nil` when the film has none such.
    package subscript(name: String) -> StreamQuality? { qualities.first { $0.name == name } }

    /// The bits for a picture between the steps, by its pixels; never under 400 kb/s.
    private static func peak(ofPixels pixels: Double) -> Int64 {
        let points = steps.map { (pixels: Double($0.lines * $0.lines) * 16 / 9, peak: Double($0.peak)) }.reversed()
        var below = (pixels: 0.0, peak: 400_000.0)
        for point in points {
            if pixels <= point.pixels {
                let share = (pixels - below.pixels) / (point.pixels - below.pixels)
                return Int64(below.peak + share * (point.peak - below.peak))
            }
            below = point
        }
        return Int64(below.peak * pixels / below.pixels)
    }
}
