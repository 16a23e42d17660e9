// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import CFFmpeg

/// The packets of one stream in file order: columns, so that a film of two hours takes a few megabytes.
struct PacketTable {
    /// Presentation times; `MARTLET_NOPTS` where the container has none.
    private(set) var times: [Int64] = []
    /// What each packet means.
    private(set) var traits: [PacketTraits] = []
    /// The duration of the packet that is shown last, in ticks; `0` when unknown.
    private(set) var lastDuration: Int64 = 0
    /// How often the clock is set anew, in formats whose clock may be.
    private(set) var clockJumps = 0
    /// The times of the pictures that the container itself hides.
    private(set) var concealed: [Int64] = []
    /// The bytes of the file that the packets of key frames begin at, in order; negative where the container does not say.
    private(set) var keyOffsets: [Int64] = []
    private var lastShown = Int64.min

    /// The number of packets.
    var count: Int { times.count }

    /// Makes an empty table with room for `capacity` packets.
    init(capacity: Int) {
        times.reserveCapacity(capacity)
        traits.reserveCapacity(capacity)
    }

    /// Adds the next packet.
    mutating func append(time: Int64, duration: Int64, traits: PacketTraits) {
        times.append(time)
        self.traits.append(traits)
        if time != MARTLET_NOPTS, time >= lastShown, traits.isDisjoint(with: [.hidden, .secondField]) {
            lastShown = time
            lastDuration = duration
        }
    }

    /// Reads all packets that are left.
    static func read(_ packets: StreamPackets) throws -> PacketTable {
        let look = makeLook(for: packets.source.pointee.codecpar)
        var table = PacketTable(capacity: Int(max(0, min(packets.source.pointee.nb_frames, 1 << 20))))
        var tracker = ClockTracker()
        let mayJump = (packets.file.context.pointee.iformat?.pointee.flags ?? 0) & AVFMT_TS_DISCONT != 0
        let (base, microseconds) = (packets.source.pointee.time_base, AVRational(num: 1, den: 1_000_000))
        while try packets.next() {
            let packet = packets.packet.pointer.pointee
            if mayJump, packet.dts != MARTLET_NOPTS {
                _ = tracker.clock(
                    of: 0, isSteady: true, time: av_rescale_q(packet.dts, base, microseconds),
                    duration: av_rescale_q(packet.duration, base, microseconds))
            }
            table.append(packets.packet.pointer, look)
        }
        table.clockJumps = max(0, tracker.count - 1)
        return table
    }

    @inline(__always)
    private mutating func append(_ packet: UnsafeMutablePointer<AVPacket>, _ look: any BitstreamLook) {
        let flags = packet.pointee.flags
        var traits: PacketTraits = []
        if flags & AV_PKT_FLAG_KEY != 0 { traits.insert(.key) }
        if flags & AV_PKT_FLAG_CORRUPT != 0 { traits.insert(.damaged) }
        if packet.pointee.size > 0 {
            traits.formUnion(
                look.look(
                    at: UnsafeBufferPointer(start: packet.pointee.data, count: Int(packet.pointee.size)), traits: traits
                ))
        } else {
            traits.insert(.hidden)
        }
        if flags & AV_PKT_FLAG_DISCARD != 0 {
            traits.insert(.hidden)
            concealed.append(packet.pointee.pts)
        }
        if traits.contains(.key) { keyOffsets.append(packet.pointee.pos) }
        append(time: packet.pointee.pts, duration: packet.pointee.duration, traits: traits)
    }
}
