// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import CFFmpeg
internal import MartletModel

/// Makes the list of displayed frames of one stream.
///
/// The packets are a hypothesis: for sound files they tell every frame. Where
/// they cannot, the lister decodes: the first pictures only, when the start is
/// doubtful; everything, when times are missing or the stream's coding hides
/// what is shown.
struct FrameLister {
    /// The file to read.
    let path: String
    /// The stream's number in the file.
    let stream: Int

    /// How many frames must agree before a decoded start is joined to the packets' list.
    private static let agreement = 16
    /// How many packets are decoded to find that agreement.
    private static let startLimit = 750

    /// Lists the frames, from packets where they suffice or by decoding everything.
    func list(method: FrameIndex.Method) throws -> FrameIndex {
        var packets = try open()
        let table = try PacketTable.read(&packets)
        guard table.count > 0 else { throw noFrames }
        if method == .decode { return try decoded(table, reasons: []) }
        let reading = PacketReading(table: table, codec: packets.source.pointee.codecpar.pointee.codec_id)
        guard reading.reasonsToDecode.isEmpty else { return try decoded(table, reasons: reading.reasonsToDecode) }
        var (times, oddities) = (reading.times, reading.oddities)
        if let breakOff = packets.breakOff { oddities.append("reading breaks off: \(breakOff)") }
        if let reason = reading.reasonToDecodeStart {
            guard let joined = try joinedWithDecodedStart(times) else { return try decoded(table, reasons: [reason]) }
            if joined.count != times.count { oddities.append(reason) }
            times = joined
        }
        return try index(times: times, table: table, method: .packets, lastDuration: table.lastDuration, oddities)
    }

    private func open() throws -> StreamPackets {
        guard let packets = try StreamPackets(path: path, stream: stream) else { throw noFrames }
        return packets
    }

    private func clock(for source: UnsafeMutablePointer<AVStream>) throws -> DisplayClock {
        if let clock = try DisplayClock(stream: source) { return clock }
        let codec = String(cString: avcodec_get_name(source.pointee.codecpar.pointee.codec_id))
        throw MediaError(
            .noDecoder, "\(path): stream \(stream) is coded as \(codec), which this FFmpeg cannot decode.",
            advice: "Install an FFmpeg with a decoder for \(codec), or convert the file first.")
    }

    private func decoded(_ table: PacketTable, reasons: [String]) throws -> FrameIndex {
        var packets = try open()
        let clock = try clock(for: packets.source)
        while try packets.next() { clock.decode(packets.packet.pointer) }
        clock.drain()
        var oddities = reasons
        var times = clock.times
        let unnamed = times.count { $0 == MARTLET_NOPTS }
        if unnamed > 0 {
            times.removeAll { $0 == MARTLET_NOPTS }
            oddities.append("\(unnamed) frames have no time and are left out")
        }
        if let breakOff = packets.breakOff { oddities.append("reading breaks off: \(breakOff)") }
        if clock.refusedPackets > 0 { oddities.append("\(clock.refusedPackets) packets cannot be decoded") }
        // ffmpeg writes a time that goes back as the one before it.
        var isOrdered = true
        for position in times.indices.dropFirst() where times[position] < times[position - 1] {
            times[position] = times[position - 1]
            isOrdered = false
        }
        if !isOrdered { oddities.append("timestamps go back in time") }
        var made = try index(
            times: times, table: table, method: .decode, lastDuration: clock.lastDuration, oddities)
        if !isOrdered { made.isSeekable = false }
        return made
    }

    /// Decodes the start until it agrees with `times` for a while; `nil` when it never does.
    private func joinedWithDecodedStart(_ times: [Int64]) throws -> [Int64]? {
        var packets = try open()
        let clock = try clock(for: packets.source)
        var count = 0
        while count < Self.startLimit, try packets.next() {
            count += 1
            clock.decode(packets.packet.pointer)
            if let joined = join(clock.times, times) { return joined }
        }
        guard count < Self.startLimit else { return nil }
        clock.drain()
        return clock.times
    }

    private func join(_ shown: [Int64], _ times: [Int64]) -> [Int64]? {
        guard shown.count >= Self.agreement, let last = shown.last else { return nil }
        let next = times.partitioningIndex { $0 > last }
        guard next >= Self.agreement, times[next - Self.agreement..<next].elementsEqual(shown.suffix(Self.agreement))
        else { return nil }
        return shown + times[next...]
    }

    private func index(
        times: [Int64], table: PacketTable, method: FrameIndex.Method, lastDuration: Int64, _ oddities: [String]
    ) throws -> FrameIndex {
        guard !times.isEmpty else { throw noFrames }
        let packets = try open()
        let source = packets.source.pointee
        var last = lastDuration > 0 ? lastDuration : table.lastDuration
        if last <= 0, times.count > 1 { last = times[times.count - 1] - times[times.count - 2] }
        if last <= 0, source.avg_frame_rate.num > 0 {
            last = av_rescale_q(
                1, AVRational(num: source.avg_frame_rate.den, den: source.avg_frame_rate.num), source.time_base)
        }
        var oddities = oddities
        let repeated = zip(times, times.dropFirst()).count { $0 == $1 }
        if repeated > 0 { oddities.append("\(repeated) frames share a time with the one before") }
        let seeking = Seeking(file: packets.file)
        return FrameIndex(
            streamIndex: stream, timeBase: Rational(source.time_base.num, source.time_base.den),
            presentationTimes: times, lastFrameDuration: max(1, last),
            keyframes: keyframes(table, times, isIndexed: seeking == .exact), method: method,
            isSeekable: seeking != .none && table.allHaveTimes || method == .packets && seeking != .none,
            oddities: oddities)
    }

    private func keyframes(_ table: PacketTable, _ times: [Int64], isIndexed: Bool) -> [Keyframe] {
        var found: [Keyframe] = []
        for position in 0..<table.count where table.traits[position].contains(.key) {
            let time = table.times[position]
            guard time != MARTLET_NOPTS, table.traits[position].isDisjoint(with: [.hidden, .secondField]) else {
                continue
            }
            let frame = times.partitioningIndex { $0 >= time }
            guard frame < times.count, times[frame] == time else { continue }
            let isExact = isIndexed && table.traits[position].contains(.randomAccess)
            found.append(Keyframe(time: time, frame: frame, isRandomAccessPoint: isExact))
        }
        found.sort { $0.time < $1.time }
        return found
    }

    private var noFrames: MediaError {
        MediaError(.nothingToEncode, "\(path): stream \(stream) shows no frame.", advice: "Check that the file plays.")
    }
}

extension [Int64] {
    /// The first position whose element satisfies `predicate`, in a list where all that do come last.
    func partitioningIndex(_ predicate: (Int64) -> Bool) -> Int {
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            if predicate(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
