// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletModel

/// The picture of a stream in one quality.
package struct VideoRendition: Sendable {
    /// Its name in addresses: that of the quality.
    package var name: String { command.quality.name }
    /// How its segments are encoded.
    package let command: StreamVideoCommand
    /// The picture as it is shown, with square pixels.
    package let size: (width: Int, height: Int)
    /// The most bits a second of a segment.
    package let peak: BitRate
    /// The usual bits a second.
    package var average: BitRate { command.quality.average }
    /// The codec's name, RFC 6381.
    package var codecName: String { command.codecName }

    /// Describes a quality.
    init(command: StreamVideoCommand) {
        self.command = command
        let picture = command.picture
        let ratio = picture.sampleAspectRatio.isPositive ? picture.sampleAspectRatio.value : 1
        size = (Int((Double(picture.width) * ratio).rounded()), picture.height)
        // A full buffer at a segment's begin, and the container.
        peak = BitRate(command.quality.bound.bitsPerSecond * 3 / 2)
    }
}
