// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletModel

/// How a part of a stream is made: a run of ffmpeg, and what its result must be.
package struct StreamRecipe: Sendable {
    /// What is run.
    package var command: FFmpegCommand
    /// The result as it is packaged; its path is empty until `encoded(at:)` names it.
    package var part: EncodedPart
    /// The codec's name that the result must have, RFC 6381.
    package var codecName: String
    /// Whether the run encodes a picture, so that frames come steadily.
    package var isPicture: Bool

    /// Makes a recipe from its parts.
    package init(command: FFmpegCommand, part: EncodedPart, codecName: String, isPicture: Bool) {
        self.command = command
        self.part = part
        self.codecName = codecName
        self.isPicture = isPicture
    }

    /// The result of a run that wrote to `path`.
    package func encoded(at path: String) -> EncodedPart {
        var part = part
        part.path = path
        return part
    }
}
