// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import CFFmpeg
internal import MartletModel

/// What a look through the packets of an encoded file tells: where the wanted ones begin, and when each is decoded and
/// shown.
///
/// Packet n is decoded when frame n - depth is shown, so that decode times grow strictly, never pass the time of
/// showing, and go on in the next segment as if it were one film.
struct PartSurvey {
    /// How many packets come before the first wanted one.
    let skipped: Int
    /// When each wanted packet is shown.
    let presentationTimes: [Int64]
    /// When each wanted packet is decoded, and when the first one of the next segment is.
    let decodeTimes: [Int64]
    private let isComplete: Bool

    /// Looks.
    ///
    /// - Throws: `MediaError` with `mismatch` when the file does not hold what was planned.
    init(_ part: EncodedPart, _ stop: StopFlag) throws {
        let packets = try PacketNotes(part.path, stop)
        let planned = part.pieces.reduce(0) { $0 + $1.packets }
        let skipped = try Self.skipped(part, packets)
        let there = packets.times.count - skipped
        // An encoder of sound makes a packet or two more than it was asked for; one of pictures must not. What is found
        // by its time has others around it.
        let isEncoded = packets.isPicture && part.start == .afterPackets(skipped)
        let isShort = there < planned && there > 0 && part.clockLead != nil && part.pieces.count == 1
        guard there >= planned || isShort, !isEncoded || there <= planned,
            part.times.count == part.depth + planned + 1
        else {
            throw MediaError(
                .mismatch, "\(part.path) has \(packets.times.count) packets, but \(skipped + planned) were planned.")
        }
        self.skipped = skipped
        isComplete = !isShort
        let kept = Array(packets.times[skipped..<skipped + min(there, planned)])
        let ranks = try Self.ranks(kept, part)
        let frames = isShort ? try Self.frames(of: kept, in: part, packets.timeBase) : Array(0..<planned)
        let shown = part.times[..<part.depth] + frames.map { part.times[part.depth + $0] }
        presentationTimes = ranks.map { shown[part.depth + $0] }
        decodeTimes = shown.prefix(kept.count) + [part.times[planned]]
        try Self.checkStarts(part, packets, skipped: skipped, ranks: ranks)
        try Self.checkPlaces(part, kept, ranks, packets.timeBase)
    }

    /// How many packets of the file a piece has.
    func packets(of piece: EncodedPart.Piece) -> Int { isComplete ? piece.packets : presentationTimes.count }

    /// For each packet the number of its frame, counted from the first wanted one.
    private static func ranks(_ kept: [Int64], _ part: EncodedPart) throws -> [Int] {
        var ranks = [Int](repeating: 0, count: kept.count)
        for (rank, position) in kept.indices.sorted(by: { (kept[$0], $0) < (kept[$1], $1) }).enumerated() {
            guard position - rank <= part.depth else {
                throw MediaError(
                    .mismatch,
                    "\(part.path) decodes \(position - rank) frames ahead, but \(part.depth) were planned.")
            }
            ranks[position] = rank
        }
        return ranks
    }

    /// Which of the planned frames are there, when not all are: the nearest in time. The first always is, so that the
    /// segment begins when it must.
    private static func frames(of kept: [Int64], in part: EncodedPart, _ timeBase: TimeBase) throws -> [Int] {
        let planned = part.times[part.depth...].dropLast().map {
            MediaTime(ticks: $0, timeBase: part.timeBase).microseconds + (part.clockLead ?? 0)
        }
        var frames: [Int] = []
        for (rank, time) in kept.sorted().enumerated() {
            let microseconds = MediaTime(ticks: time, timeBase: timeBase).microseconds
            var frame = (frames.last ?? -1) + 1
            // As many must be left as there are packets left.
            let last = planned.count - (kept.count - rank)
            while frame < last, abs(planned[frame + 1] - microseconds) < abs(planned[frame] - microseconds) {
                frame += 1
            }
            frames.append(frame)
        }
        if !frames.isEmpty { frames[0] = 0 }
        return frames
    }

    private static func skipped(_ part: EncodedPart, _ packets: PacketNotes) throws -> Int {
        switch part.start {
        case .afterPackets(let count): return count
        case .at(let microseconds, let tolerance):
            let found = packets.times.firstIndex { time in
                abs(MediaTime(ticks: time, timeBase: packets.timeBase).microseconds - microseconds) <= tolerance
            }
            guard let found else {
                throw MediaError(.mismatch, "\(part.path) has no packet at \(microseconds) us.")
            }
            return found
        }
    }

    /// Every segment of a picture must be playable by itself.
    private static func checkStarts(
        _ part: EncodedPart, _ packets: PacketNotes, skipped: Int, ranks: [Int]
    ) throws {
        guard packets.isPicture else { return }
        var position = 0
        for piece in part.pieces {
            guard packets.keys.contains(skipped + position), ranks[position] == position else {
                throw MediaError(.mismatch, "Segment \(piece.segment) of \(part.path) begins with no key frame.")
            }
            position += piece.packets
        }
    }

    /// Packets that were found by their time must follow one another as planned.
    private static func checkPlaces(
        _ part: EncodedPart, _ kept: [Int64], _ ranks: [Int], _ timeBase: TimeBase
    ) throws {
        guard case .at(let microseconds, let tolerance) = part.start else { return }
        for (position, time) in kept.enumerated() {
            let place = part.times[part.depth + ranks[position]] - part.times[part.depth]
            let planned = MediaTime(ticks: place, timeBase: part.timeBase).microseconds
            let stated = MediaTime(ticks: time, timeBase: timeBase).microseconds - microseconds
            guard abs(stated - planned) <= 2 * tolerance else {
                throw MediaError(.mismatch, "\(part.path) has a hole after \(position) packets.")
            }
        }
    }
}

/// The packets of an encoded file in the order of the file.
private struct PacketNotes {
    let isPicture: Bool
    let timeBase: TimeBase
    private(set) var times: [Int64] = []
    private(set) var keys: Set<Int> = []

    init(_ path: String, _ stop: StopFlag) throws {
        let file = try SegmentFile(path: path)
        isPicture = file.stream.pointee.codecpar.pointee.codec_type == AVMEDIA_TYPE_VIDEO
        timeBase = file.timeBase
        let packet = Packet()
        while try file.input.read(into: packet) {
            try stop.check()
            let stated = packet.pointer.pointee.pts
            if packet.pointer.pointee.flags & AV_PKT_FLAG_KEY != 0 { keys.insert(times.count) }
            times.append(stated != MARTLET_NOPTS ? stated : packet.pointer.pointee.dts)
        }
    }
}
