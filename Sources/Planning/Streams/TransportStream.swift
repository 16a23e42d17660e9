// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import MartletModel

/// What MPEG-TS adds to a stream.
///
/// Source: ISO/IEC 13818-1, 2.4.3: packets of 188 bytes, 184 of which carry something.
enum TransportStream {
    /// The tables that say what is in it, ten times a second, and clock references, in bits a second.
    private static let tables: Int64 = 34_000
    /// What stands before each frame, in bytes.
    private static let head = 14.0

    /// The bits a second of a sound track: each frame has packets of its own, the last of them filled up.
    static func rate(of sound: AudioRendition) -> Int64 {
        let pace = Double(sound.grid.sampleRate) / Double(max(sound.grid.cellSamples, 1))
        let bytes = Double(sound.rate.bitsPerSecond) / 8 / pace + head
        return Int64(((bytes / 184).rounded(.up) * 188 * 8 * pace).rounded()) + tables
    }

    /// The bits a second of a picture that takes `rate` by itself.
    static func rate(ofPicture rate: BitRate) -> Int64 { rate.bitsPerSecond * 188 / 184 + tables }
}
