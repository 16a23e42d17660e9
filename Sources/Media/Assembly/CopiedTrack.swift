// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import CFFmpeg
internal import MartletModel

/// One stream that is taken over, and the state of its clock.
final class CopiedTrack {
    /// The demuxer's stream.
    let stream: UnsafeMutablePointer<AVStream>
    /// Its number in the joined file.
    let output: Int
    /// Whether it is the film's picture.
    let isMainPicture: Bool
    /// The clock of the packets that it hands out.
    let timeBase: TimeBase
    /// Samples at the start that the decoder drops (encoder delay), 0 for other kinds.
    private(set) var padding: Int64 = 0

    /// Samples by which its packets are placed late, to be put right in the edit list.
    private(set) var delayToMark: Int64 = 0

    private let input: TimeBase
    private let kind: AVMediaType
    private let codec: AVCodecID
    private let sampleRate: Int32
    private let knownStart: MediaTime?
    private let shift: Int64
    private var firstTime: Int64?
    private var contentStart: Int64?
    private var origin: Int64 = 0
    private var samples: SampleClock?
    private var lastDecode: Int64?
    private var lastCount: Int64 = 0
    private var marksEnd = false
    private var mayRepeatTimes = false

    /// Takes a stream of an open, probed file.
    ///
    /// - Parameters:
    ///   - start: where the content starts, when that is known better
    ///     than this file tells: a sound task's result may be rounded, its source is not.
    ///   - shift: by how many seconds the file's times are later than the film's.
    init(
        _ stream: UnsafeMutablePointer<AVStream>, output: Int, isMainPicture: Bool, start: MediaTime? = nil,
        shift: Int64 = 0
    ) {
        self.stream = stream
        self.output = output
        self.isMainPicture = isMainPicture
        knownStart = start
        let parameters = stream.pointee.codecpar.pointee
        input = Rational(stream.pointee.time_base.num, stream.pointee.time_base.den)
        kind = parameters.codec_type
        codec = parameters.codec_id
        sampleRate = kind == AVMEDIA_TYPE_AUDIO ? parameters.sample_rate : 0
        timeBase = sampleRate > 0 ? Rational(1, sampleRate) : input
        self.shift = MediaTime(ticks: shift, timeBase: Rational(1, 1)).rescaled(to: timeBase)
    }

    /// Whether it is a picture shown in lists, not a film.
    var isAttachedPicture: Bool { stream.pointee.disposition & AV_DISPOSITION_ATTACHED_PIC != 0 }

    /// Whether its first packet is still to come, and matters for where the film starts.
    var lacksStart: Bool {
        contentStart == nil && !isAttachedPicture && (kind == AVMEDIA_TYPE_AUDIO || kind == AVMEDIA_TYPE_VIDEO)
    }

    /// Where sound or picture starts, in microseconds, encoder delay left out; `nil` for other kinds.
    var contentStartMicroseconds: Int64? {
        guard let contentStart, !isAttachedPicture else { return nil }
        return MediaTime(ticks: contentStart - shift, timeBase: timeBase).microseconds
    }

    /// Where the first packet starts, in microseconds, encoder delay included; `nil` for other kinds.
    var packetStartMicroseconds: Int64? {
        guard let contentStart, !isAttachedPicture else { return nil }
        return MediaTime(ticks: contentStart - padding - shift, timeBase: timeBase).microseconds
    }

    /// Whether Matroska can say how long the encoder's delay is; libavformat 59
    /// writes it for Opus alone.
    var hasDelayInMatroska: Bool { codec == AV_CODEC_ID_OPUS }

    /// Whether it is sound.
    var isSound: Bool { kind == AVMEDIA_TYPE_AUDIO }

    /// Forgets what the first packets told.
    func forgetStart() {
        firstTime = nil
        contentStart = nil
        padding = 0
    }

    /// Looks at a packet from the start of the stream.
    func noteStart(_ packet: UnsafePointer<AVPacket>) {
        guard lacksStart else { return }
        let time = packet.pointee.pts != MARTLET_NOPTS ? packet.pointee.pts : packet.pointee.dts
        guard time != MARTLET_NOPTS else { return }
        let place = MediaTime(ticks: time, timeBase: input).rescaled(to: timeBase)
        firstTime = min(firstTime ?? place, place)
        guard packet.pointee.flags & AV_PKT_FLAG_DISCARD == 0 else { return }
        contentStart = place
        guard sampleRate > 0 else { return }
        let first = firstTime ?? place
        let trimmed = Int64(trimmedSamples(packet).start)
        var start = place + (trimmed == 0 && place == first ? preSkip : trimmed)
        padding = max(0, start - first)
        if let known = knownStart.map({ $0.rescaled(to: timeBase) + shift }) {
            // An MP4 of ffmpeg's own keeps the encoder delay only when the sound
            // starts at zero; later starts are also rounded to a millisecond.
            if padding == 0, abs(first + usualPadding - known) <= coarseTick {
                padding = usualPadding
                start = first + padding
            }
            if abs(start - known) <= coarseTick { start = known } else { start = onGrid(start) }
        } else {
            start = onGrid(start)
        }
        contentStart = start
    }

    // The delay of ffmpeg's encoders: AAC's is written nowhere in an MP4.
    private var usualPadding: Int64 {
        codec == AV_CODEC_ID_AAC ? 1_024 : Int64(stream.pointee.codecpar.pointee.initial_padding)
    }

    // Opus decoders drop what the header says, whether the container repeats it or not.
    // Source: RFC 7845, section 5.1.
    private var preSkip: Int64 {
        let parameters = stream.pointee.codecpar.pointee
        guard codec == AV_CODEC_ID_OPUS, parameters.extradata_size >= 12, let header = parameters.extradata else {
            return 0
        }
        return Int64(header[10]) | Int64(header[11]) << 8
    }

    // What a start may be off by: a tick of the file's clock, and a millisecond
    // for MP4's edit lists.
    private var coarseTick: Int64 {
        max(MediaTime(ticks: 1, timeBase: input).rescaled(to: timeBase), Int64(sampleRate) / 1_000) + 1
    }

    /// Fixes the time line.
    ///
    /// - Parameters:
    ///   - origin: subtracted from every time, in microseconds.
    ///   - container: what the packets go into. MP4 and MOV keep encoder delay
    ///     in edit lists, but the muxer writes it only when sound starts at zero,
    ///     so that it is marked afterwards. Matroska's players subtract the delay
    ///     from every time, and its muxer does not add it.
    func begin(origin: Int64, container: ContainerFormat) {
        self.origin = MediaTime(ticks: origin, timeBase: Rational(1, 1_000_000)).rescaled(to: timeBase) + shift
        // Hidden pictures share a time with those that are shown; MP4 has no room for that.
        mayRepeatTimes = kind == AVMEDIA_TYPE_VIDEO && container.isMatroska
        guard sampleRate > 0, let contentStart, let firstTime else { return }
        let clock = SampleClock(rate: sampleRate, input: input, start: contentStart - padding)
        if clock.isExact { self.origin += firstTime - (contentStart - padding) }
        samples = clock
        marksEnd = hasDelayInMatroska && container.isMatroska
        switch container {
        case .mp4, .mov:
            guard padding > 0, contentStart - self.origin > 0 else { break }
            delayToMark = padding
            self.origin -= padding
        case .mkv, .webm:
            if hasDelayInMatroska { self.origin -= padding }
        }
    }

    /// Gives a packet its place; returns its decode time in nanoseconds, or
    /// `nil` when it is to be left out.
    ///
    /// - Throws: `AVFailure` when there is no memory.
    func place(_ packet: UnsafeMutablePointer<AVPacket>) throws(AVFailure) -> Int64? {
        // The MP4 muxer fills the gaps between subtitles by itself.
        if codec == AV_CODEC_ID_MOV_TEXT, packet.pointee.size <= 2 { return nil }
        let (pts, dts) = (packet.pointee.pts, packet.pointee.dts)
        guard let known = [pts, dts].first(where: { $0 != MARTLET_NOPTS }) ?? guess else { return nil }
        if var clock = samples {
            let count = sampleCount(packet)
            packet.pointee.pts = clock.place(time: known, samples: count) - origin
            packet.pointee.dts = packet.pointee.pts
            packet.pointee.duration = count
            samples = clock
            if marksEnd { try markEnd(of: packet, samples: count, time: known) }
        } else {
            packet.pointee.pts = known - origin
            packet.pointee.dts = dts != MARTLET_NOPTS ? dts - origin : guessedDecode(packet)
        }
        if let last = lastDecode {
            let least = mayRepeatTimes || kind == AVMEDIA_TYPE_SUBTITLE || kind == AVMEDIA_TYPE_DATA ? last : last + 1
            packet.pointee.dts = max(packet.pointee.dts, least)
        }
        packet.pointee.pts = max(packet.pointee.pts, packet.pointee.dts)
        packet.pointee.stream_index = Int32(output)
        packet.pointee.pos = -1
        lastDecode = packet.pointee.dts
        return MediaTime(ticks: packet.pointee.dts, timeBase: timeBase).rescaled(to: nanoseconds)
    }

    // MP4 says by its length that the last packet is not heard to its end; Matroska says how much to
    // drop. Packets before it are short or long only because a clock was rounded.
    private func markEnd(
        of packet: UnsafeMutablePointer<AVPacket>, samples: Int64, time: Int64
    ) throws(AVFailure) {
        let whole = wholeCount(packet)
        let trimmed = trimmedSamples(packet)
        guard samples < whole, trimmed.end == 0, let rest = restOfStream(from: time), rest <= whole else { return }
        guard let data = av_packet_new_side_data(packet, AV_PKT_DATA_SKIP_SAMPLES, 10) else {
            throw AVFailure(code: martlet_averror(ENOMEM), operation: "mark the end of the sound")
        }
        let bytes = UnsafeMutableRawPointer(data)
        bytes.storeBytes(of: trimmed.start.littleEndian, as: UInt32.self)
        bytes.storeBytes(of: UInt32(clamping: whole - samples).littleEndian, toByteOffset: 4, as: UInt32.self)
        bytes.storeBytes(of: 0, toByteOffset: 8, as: UInt16.self)
    }

    // Matroska knows starts to a millisecond only; encoder delay in samples on
    // top of that would leave the start a fraction of a millisecond off.
    private func onGrid(_ start: Int64) -> Int64 {
        MediaTime(
            ticks: MediaTime(ticks: start, timeBase: timeBase).rescaled(to: input), timeBase: input
        ).rescaled(to: timeBase)
    }

    private var guess: Int64? { kind == AVMEDIA_TYPE_AUDIO ? nil : lastDecode.map { $0 + origin + 1 } }

    private func guessedDecode(_ packet: UnsafePointer<AVPacket>) -> Int64 {
        if let lastDecode { return min(packet.pointee.pts, lastDecode + max(1, packet.pointee.duration)) }
        return packet.pointee.pts
            - Int64(stream.pointee.codecpar.pointee.video_delay) * max(1, packet.pointee.duration)
    }

    // How many samples the stream has from a packet on, as its length tells; without the encoder's
    // delay where the edit list leaves that out. `nil` when the length is unknown.
    private func restOfStream(from time: Int64) -> Int64? {
        let duration = stream.pointee.duration
        guard duration > 0, time != MARTLET_NOPTS, let firstTime else { return nil }
        let (start, length) = (
            MediaTime(ticks: time, timeBase: input).rescaled(to: timeBase),
            MediaTime(ticks: duration, timeBase: input).rescaled(to: timeBase)
        )
        return length &- (start &- firstTime)
    }

    // What the packet itself says; 0 when it does not.
    private func wholeCount(_ packet: UnsafePointer<AVPacket>) -> Int64 {
        guard codec == AV_CODEC_ID_OPUS else {
            return Int64(av_get_audio_frame_duration2(stream.pointee.codecpar, packet.pointee.size))
        }
        return OpusPacket.samples(
            in: UnsafeBufferPointer(start: packet.pointee.data, count: Int(packet.pointee.size)))
    }

    // The last packet of a result can lack its length.
    private func sampleCount(_ packet: UnsafePointer<AVPacket>) -> Int64 {
        var stated = MediaTime(ticks: packet.pointee.duration, timeBase: input).rescaled(to: timeBase)
        let counted = wholeCount(packet)
        // An MP4 whose sound starts late gives its last packet no length, but tells that of the whole.
        if stated == 0, samples?.isExact == true, let rest = restOfStream(from: packet.pointee.pts),
            rest > 0, rest <= counted
        {
            stated = rest
        }
        let count = samples?.isExact == true && stated > 0 || counted <= 0 ? stated : counted
        defer { lastCount = count > 0 ? count : lastCount }
        return count > 0 ? count : lastCount
    }
}

/// How many samples a decoder drops at the start and at the end of a packet.
///
/// Source: `AV_PKT_DATA_SKIP_SAMPLES`, <https://ffmpeg.org/doxygen/trunk/group__lavc__packet.html>
func trimmedSamples(_ packet: UnsafePointer<AVPacket>) -> (start: UInt32, end: UInt32) {
    var size = 0
    guard let data = av_packet_get_side_data(packet, AV_PKT_DATA_SKIP_SAMPLES, &size), size >= 10 else { return (0, 0) }
    let bytes = UnsafeRawPointer(data)
    return (
        UInt32(littleEndian: bytes.loadUnaligned(as: UInt32.self)),
        UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: 4, as: UInt32.self))
    )
}
