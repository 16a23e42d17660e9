// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletModel

/// Puts what ffmpeg encoded into segments that players take.
package protocol StreamPackager: Sendable {
    /// Makes segments of one encoded file, each with the exact times of what it shows.
    ///
    /// The bytes depend on the part alone, and not on where or when it is packaged.
    ///
    /// - Throws: a `CodedError` when the file is not what was asked for: another number of packets, or frames in an
    ///   order that was not planned.
    func package(_ part: EncodedPart) async throws -> PackagedPart
}

/// Segments as players take them.
package struct PackagedPart: Sendable, Equatable {
    /// What stands before every segment of the rendition; empty for containers without it.
    package var initialization: [UInt8]
    /// The segments by their numbers.
    package var segments: [(number: Int, bytes: [UInt8])]
    /// The codec's name as the initialization has it, RFC 6381; `nil` where the codec is not known.
    package var codecName: String?

    /// Makes a part from its parts.
    package init(initialization: [UInt8], segments: [(number: Int, bytes: [UInt8])], codecName: String?) {
        self.initialization = initialization
        self.segments = segments
        self.codecName = codecName
    }

    package static func == (left: PackagedPart, right: PackagedPart) -> Bool {
        left.initialization == right.initialization && left.codecName == right.codecName
            && left.segments.elementsEqual(right.segments) { $0.number == $1.number && $0.bytes == $1.bytes }
    }
}
