// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import CFFmpeg
internal import MartletModel
internal import MartletPorts

/// The packaging of one encoded file.
struct Packaging {
    private let part: EncodedPart
    private let stop: StopFlag
    private let input: SegmentFile
    /// For each wanted packet the number of its frame, counted from the first wanted one.
    private let ranks: [Int]

    /// Opens the file and looks through it.
    init(part: EncodedPart, stop: StopFlag) throws {
        self.part = part
        self.stop = stop
        input = try SegmentFile(path: part.path)
        ranks = try Self.ranks(part, stop)
    }

    /// Makes the segments.
    func run() throws -> PackagedPart {
        let muxer = try MemoryMuxer(source: input.stream, container: part.container, timeBase: part.timeBase)
        let head = muxer.take()
        var made = PackagedPart(initialization: head, segments: [], codecName: nil)
        let packet = Packet()
        var position = -part.droppedPackets
        for piece in part.pieces {
            muxer.begin(segment: piece.segment)
            var left = piece.packets
            while left > 0 {
                try stop.check()
                guard try input.input.read(into: packet) else {
                    throw MediaError(.mismatch, "\(part.path) changed while it was packaged.")
                }
                defer { position += 1 }
                guard position >= 0 else { continue }
                stamp(packet, position)
                try muxer.write(packet, timeBase: part.timeBase)
                left -= 1
            }
            try muxer.flush()
            made.segments.append((piece.segment, muxer.take()))
        }
        return made
    }

    /// Frame `number` of the wanted ones is shown at `times[depth + number]`; packet n is decoded when frame
    /// n - depth is shown.
    private func stamp(_ packet: Packet, _ position: Int) {
        let frame = part.depth + ranks[position]
        packet.pointer.pointee.pts = part.times[frame]
        packet.pointer.pointee.dts = part.times[position]
        packet.pointer.pointee.duration = part.times[position + 1] - part.times[position]
        packet.pointer.pointee.stream_index = 0
        packet.pointer.pointee.pos = -1
    }

    private static func ranks(_ part: EncodedPart, _ stop: StopFlag) throws -> [Int] {
        let file = try SegmentFile(path: part.path)
        let packet = Packet()
        var times: [Int64] = []
        while try file.input.read(into: packet) {
            try stop.check()
            let stated = packet.pointer.pointee.pts
            times.append(stated != MARTLET_NOPTS ? stated : packet.pointer.pointee.dts)
        }
        let wanted = part.pieces.reduce(0) { $0 + $1.packets }
        let hasAll = part.depth > 0 || part.droppedPackets == 0
        guard times.count >= part.droppedPackets + wanted, hasAll || times.count > 0,
            part.times.count == part.depth + wanted + 1
        else {
            throw MediaError(
                .mismatch, "\(part.path) has \(times.count) packets, but \(part.droppedPackets + wanted) were planned.")
        }
        let kept = Array(times[part.droppedPackets..<part.droppedPackets + wanted])
        var ranks = [Int](repeating: 0, count: wanted)
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
}
