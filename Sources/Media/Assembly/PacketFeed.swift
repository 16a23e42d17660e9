// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import CFFmpeg
internal import MartletModel

/// One input of the join: hands out packets in order, ready for the muxer
/// except for the clock.
protocol PacketFeed: AnyObject {
    /// The decode time of the packet at hand on the joined film's time line, in
    /// nanoseconds; `nil` when there is none left.
    var nextTime: Int64? { get }
    /// The packet at hand; meaningful while `nextTime` is not `nil`. Its stream
    /// number is the output's.
    var packet: Packet { get }
    /// The clock of the packet at hand.
    var timeBase: TimeBase { get }
    /// Whether the packet at hand is a frame of the main picture.
    var isMainPicture: Bool { get }
    /// Reads on to the next packet.
    func advance() throws
}

/// The clock that packets of different inputs are compared on.
let nanoseconds = Rational(1, 1_000_000_000)
