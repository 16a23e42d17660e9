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
    /// Raised when nobody waits for the list any more.
    let stop: StopFlag

    /// How many frames must agree before a decoded start is joined to the packets' list.
    private static let agreement = 16
    /// How many packets are decoded to find that agreement.
    private static let startLimit = 750

    /// Lists the frames, from packets where they suffice or by decoding everything.
    func list(method: FrameIndex.Method) throws -> FrameIndex {
        let (facts, table) = try read()
        guard table.count > 0 else { throw noFrames }
        if method == .decode { return try decoded(table, facts, reasons: []) }
        let reading = PacketReading(table: table, codec: facts.codec)
        // No way of reading makes a time line of these times.
        if table.clockJumps > 0 {
            return try index(
                times: reading.times, table: table, facts, method: .packets, lastDuration: table.lastDuration, [])
        }
        guard reading.reasonsToDecode.isEmpty else {
            return try decoded(table, facts, reasons: reading.reasonsToDecode)
        }
        var (times, oddities) = (reading.times, reading.oddities)
        if let breakOff = facts.breakOff { oddities.append("reading breaks off: \(breakOff)") }
        if let reason = reading.reasonToDecodeStart {
            guard let joined = try joinedWithDecodedStart(times) else {
                return try decoded(table, facts, reasons: [reason])
            }
            if joined.count != times.count { oddities.append(reason) }
            times = joined
        }
        return try index(
            times: times, table: table, facts, method: .packets, lastDuration: table.lastDuration, oddities)
    }

    /// What is kept of an open stream: a demuxer's own index can take more memory than all of this.
    private struct Facts {
        let codec: AVCodecID
        let timeBase: TimeBase
        /// The duration of a frame at the average rate, in ticks; `0` when unknown.
        let usualDuration: Int64
        let seeking: Seeking
        let breakOff: String?
    }

    private func read() throws -> (Facts, PacketTable) {
        let packets = try open()
        let table = try PacketTable.read(packets)
        let source = packets.source.pointee
        let rate = source.avg_frame_rate
        let usual = rate.num > 0 ? av_rescale_q(1, AVRational(num: rate.den, den: rate.num), source.time_base) : 0
        let facts = Facts(
            codec: source.codecpar.pointee.codec_id, timeBase: Rational(source.time_base.num, source.time_base.den),
            usualDuration: usual, seeking: Seeking(file: packets.file), breakOff: packets.breakOff)
        return (facts, table)
    }

    private func open() throws -> StreamPackets {
        guard let packets = try StreamPackets(path: path, stream: stream, stop: stop) else { throw noFrames }
        return packets
    }

    private func clock(for source: UnsafeMutablePointer<AVStream>) throws -> DisplayClock {
        if let clock = try DisplayClock(stream: source) { return clock }
        let codec = String(cString: avcodec_get_name(source.pointee.codecpar.pointee.codec_id))
        throw MediaError(
            .noDecoder, "\(path): stream \(stream) is coded as \(codec), which this FFmpeg cannot decode.",
            advice: "Install an FFmpeg with a decoder for \(codec), or convert the file first.")
    }

    private func decoded(_ table: PacketTable, _ facts: Facts, reasons: [String]) throws -> FrameIndex {
        let packets = try open()
        let clock = try clock(for: packets.source)
        while try packets.next() { clock.decode(packets.packet.pointer) }
        clock.drain()
        var oddities = reasons
        if let breakOff = packets.breakOff { oddities.append("reading breaks off: \(breakOff)") }
        if clock.refusedPackets > 0 { oddities.append("\(clock.refusedPackets) packets cannot be decoded") }
        var times: [Int64] = []
        var keyTimes: [Int64] = []
        var (unnamed, late, key) = (0, 0, 0)
        for (position, shown) in clock.times.enumerated() {
            let isKey = key < clock.keyPositions.count && clock.keyPositions[key] == position
            if isKey { key += 1 }
            guard shown != MARTLET_NOPTS else {
                unnamed += 1
                continue
            }
            // ffmpeg writes a time that goes back as the one before it.
            if let last = times.last, shown < last { late += 1 }
            let time = max(shown, times.last ?? shown)
            if isKey { keyTimes.append(time) }
            times.append(time)
        }
        if unnamed > 0 { oddities.append("\(unnamed) frames have no time and are left out") }
        if late > 0 { oddities.append("\(late) frames go back in time") }
        var made = try index(
            times: times, table: table, facts, method: .decode, lastDuration: clock.lastDuration, oddities)
        if !table.allHaveTimes {
            made.keyframes = keyTimes.map { time in
                Keyframe(time: time, frame: times.partitioningIndex { $0 >= time }, isRandomAccessPoint: false)
            }
        }
        if late > 0 || unnamed > 0 { made.isSeekable = false }
        return made
    }

    /// Decodes the start until it agrees with `times` for a while; `nil` when it never does.
    private func joinedWithDecodedStart(_ times: [Int64]) throws -> [Int64]? {
        let packets = try open()
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
        times: [Int64], table: PacketTable, _ facts: Facts, method: FrameIndex.Method, lastDuration: Int64,
        _ oddities: [String]
    ) throws -> FrameIndex {
        guard !times.isEmpty else { throw noFrames }
        var last = lastDuration > 0 ? lastDuration : table.lastDuration
        if last <= 0, times.count > 1 { last = times[times.count - 1] - times[times.count - 2] }
        if last <= 0 { last = facts.usualDuration }
        // Some writers give every packet one tick; the distance of the frames is a better guess then.
        let usual = times.count > 1 ? (times[times.count - 1] - times[0]) / Int64(times.count - 1) : 0
        if last <= 1, usual > 1 { last = usual }
        var oddities = oddities
        let repeated = zip(times, times.dropFirst()).count { $0 == $1 }
        if table.clockJumps > 0 {
            let times = table.clockJumps == 1 ? "once" : "\(table.clockJumps) times"
            oddities.append("a clock that is set anew \(times)")
        } else if repeated > 0 {
            oddities.append("\(repeated) frames share a time with the one before")
        }
        return FrameIndex(
            streamIndex: stream, timeBase: facts.timeBase,
            presentationTimes: times, lastFrameDuration: max(1, last),
            keyframes: keyframes(table, times, isIndexed: facts.seeking == .exact), method: method,
            isSeekable: facts.seeking != .none && !hasGap(times, facts) && table.clockJumps == 0,
            oddities: oddities,
            clockJumps: table.clockJumps, hidden: hidden(table, times))
    }

    private func hidden(_ table: PacketTable, _ times: [Int64]) -> FrameIndex.HiddenPictures {
        let before = table.concealed.count { $0 < times[0] }
        return FrameIndex.HiddenPictures(before: before, later: table.concealed.count - before)
    }

    /// Whether a clock that can be set anew jumps: a place cannot be found by its time then.
    private func hasGap(_ times: [Int64], _ facts: Facts) -> Bool {
        guard facts.seeking == .near else { return false }
        let limit = av_rescale_q(
            ClockTracker.longestStep, AVRational(num: 1, den: 1_000_000),
            AVRational(num: facts.timeBase.num, den: facts.timeBase.den))
        return zip(times, times.dropFirst()).contains { $1 - $0 > limit }
    }

    private func keyframes(_ table: PacketTable, _ times: [Int64], isIndexed: Bool) -> [Keyframe] {
        var found: [Keyframe] = []
        var offsets = table.keyOffsets.makeIterator()
        for position in 0..<table.count where table.traits[position].contains(.key) {
            let offset = offsets.next().flatMap { $0 < 0 ? nil : $0 }
            let time = table.times[position]
            guard time != MARTLET_NOPTS, table.traits[position].isDisjoint(with: [.hidden, .secondField]) else {
                continue
            }
            let frame = times.partitioningIndex { $0 >= time }
            guard frame < times.count, times[frame] == time else { continue }
            let isExact = isIndexed && table.traits[position].contains(.randomAccess)
            found.append(Keyframe(time: time, frame: frame, isRandomAccessPoint: isExact, offset: offset))
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
