// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

/// What one packet means for the list of displayed frames.
struct PacketTraits: OptionSet, Sendable {
    let rawValue: UInt16

    /// The container marks it as a key frame.
    static let key = PacketTraits(rawValue: 1 << 0)
    /// Decoding that starts here is exact from its time on.
    static let randomAccess = PacketTraits(rawValue: 1 << 1)
    /// It shows nothing: an invisible reference, a frame that is not coded, an
    /// empty packet, or one that an edit list cuts away.
    static let hidden = PacketTraits(rawValue: 1 << 2)
    /// The second field of the frame that the packet before began.
    static let secondField = PacketTraits(rawValue: 1 << 3)
    /// It refers to frames before the key frame it follows, and is dropped when
    /// decoding starts at that key frame (HEVC RASL pictures).
    static let skippedLeading = PacketTraits(rawValue: 1 << 4)
    /// It comes before its key frame in time, yet needs nothing before it (HEVC RADL pictures).
    static let decodableLeading = PacketTraits(rawValue: 1 << 5)
    /// No picture refers to it, and it is shown as soon as it is decoded.
    static let bidirectional = PacketTraits(rawValue: 1 << 6)
    /// The coded sequence ends after it.
    static let endsSequence = PacketTraits(rawValue: 1 << 7)
    /// Looking at the packet does not tell what a decoder shows.
    static let undecidable = PacketTraits(rawValue: 1 << 8)
    /// A key frame that begins a coded sequence of its own in the middle (HEVC BLA pictures).
    static let startsSequence = PacketTraits(rawValue: 1 << 10)
    /// The demuxer knows that bytes are missing or wrong.
    static let damaged = PacketTraits(rawValue: 1 << 9)
}
