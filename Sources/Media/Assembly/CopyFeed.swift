// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import CFFmpeg
internal import MartletModel

/// Streams that are taken over packet by packet from one file: the source, or
/// the result of a sound or subtitle task. The file is read once, in its order.
final class CopyFeed: PacketFeed {
    private(set) var packet = Packet()
    private(set) var nextTime: Int64?
    private(set) var timeBase = nanoseconds
    private(set) var isMainPicture = false

    private let file: InputFile
    private let path: String
    private let stop: StopFlag
    private var tracks: [Int: CopiedTrack] = [:]
    private var ahead: [Packet] = []

    /// Opens the file and reads far enough to know where each stream starts.
    ///
    /// - Parameters:
    ///   - file: the file, opened and probed.
    ///   - streams: numbers of its streams, each with its number in the joined file.
    ///   - mainPicture: which of its streams is the film's picture.
    ///   - start: where its content starts, for the result of a task; `nil` when only the file knows.
    ///   - shift: by how many seconds all times of the file are later than the film's.
    init(
        path: String, file: InputFile, streams: [Int: Int], mainPicture: Int? = nil, start: MediaTime? = nil,
        shift: Int64 = 0, stop: StopFlag
    ) throws {
        self.path = path
        self.file = file
        self.stop = stop
        for (input, output) in streams {
            tracks[input] = CopiedTrack(
                file.stream(input), output: output, isMainPicture: input == mainPicture, start: start,
                shift: shift)
        }
        file.keepOnly(Set(streams.keys))
        try readStarts()
    }

    /// The track that becomes stream `output`; `nil` when it comes from elsewhere.
    func track(output: Int) -> CopiedTrack? { tracks.values.first { $0.output == output } }

    /// Where the earliest sound or picture starts, in microseconds; `nil` without packets.
    ///
    /// Encoder delay may lie before zero where `container` marks it. Elsewhere
    /// it may not: players of Matroska need not know times below zero.
    func startMicroseconds(in container: ContainerFormat) -> Int64? {
        tracks.values.compactMap { track in
            container.isMatroska && !track.hasDelayInMatroska
                ? track.packetStartMicroseconds : track.contentStartMicroseconds
        }.min()
    }

    /// Fixes the time line and prepares the first packet.
    ///
    /// - Parameters:
    ///   - originMicroseconds: subtracted from every time.
    ///   - container: what the packets go into.
    func begin(originMicroseconds: Int64, container: ContainerFormat) throws {
        for track in tracks.values {
            track.begin(origin: originMicroseconds, container: container)
        }
        try advance()
    }

    func advance() throws {
        try stop.check()
        while try readNext() {
            guard let track = tracks[Int(packet.pointer.pointee.stream_index)], !track.isAttachedPicture,
                let time = try track.place(packet.pointer)
            else { continue }
            nextTime = time
            timeBase = track.timeBase
            isMainPicture = track.isMainPicture
            return
        }
        nextTime = nil
    }

    private func readNext() throws -> Bool {
        if !ahead.isEmpty {
            packet = ahead.removeFirst()
            return true
        }
        return try read(into: packet)
    }

    private func read(into packet: Packet) throws(MediaError) -> Bool {
        do { return try file.readOn(into: packet) } catch {
            throw MediaError(.unreadable, "Reading \(path) failed (\(error)).")
        }
    }

    // Sound that an edit list hides is left out, but for the one packet that a
    // decoder needs before the first that is heard: not every container can hide it again.
    private func dropHidden(_ input: Int, _ track: CopiedTrack) {
        let own = ahead.indices.filter { Int(ahead[$0].pointer.pointee.stream_index) == input }
        let hidden = own.prefix { ahead[$0].pointer.pointee.flags & AV_PKT_FLAG_DISCARD != 0 }
        guard hidden.count > 1, hidden.count < own.count else { return }
        for index in hidden.dropLast().reversed() { ahead.remove(at: index) }
        track.forgetStart()
        for packet in ahead where Int(packet.pointer.pointee.stream_index) == input { track.noteStart(packet.pointer) }
    }

    // A stream whose first packet comes very late has no bearing on where the
    // film starts; the limits keep a strange file from filling the memory.
    private func readStarts() throws {
        var bytes: Int64 = 0
        while tracks.values.contains(where: \.lacksStart), ahead.count < 4_096, bytes < 8 << 20 {
            try stop.check()
            let packet = Packet()
            guard try read(into: packet) else { break }
            bytes += Int64(packet.pointer.pointee.size)
            tracks[Int(packet.pointer.pointee.stream_index)]?.noteStart(packet.pointer)
            ahead.append(packet)
        }
        for (input, track) in tracks where track.isSound { dropHidden(input, track) }
    }
}
