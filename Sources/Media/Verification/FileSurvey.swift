// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import CFFmpeg
internal import MartletModel

/// What one reading of all packets of a file tells about its streams.
struct FileSurvey {
    /// One stream.
    struct Track {
        /// Its number in the file.
        var index: Int
        /// What it carries; cover pictures count as attachments.
        var kind: StreamKind
        /// FFmpeg's name of the codec.
        var codec: String
        /// Its clock.
        var timeBase: TimeBase
        /// Samples a second of sound; 0 for other kinds.
        var sampleRate: Int
        /// Its role flags.
        var disposition: Disposition
        /// The value of its tag `language`; `nil` when absent.
        var language: String?
        /// Packets that are shown or heard.
        var count = 0
        /// Their times in ascending order, for pictures only.
        var times: [Int64] = []
        /// When the first of them starts, encoder delay left out, in ticks; `nil` without packets.
        var start: Int64?
        /// When the last of them ends, encoder padding left out, in ticks; `nil` without packets.
        var end: Int64?

        /// The start in seconds; `nil` without packets.
        var startSeconds: Double? { start.map { MediaTime(ticks: $0, timeBase: timeBase).seconds } }
        /// The end in seconds; `nil` without packets.
        var endSeconds: Double? { end.map { MediaTime(ticks: $0, timeBase: timeBase).seconds } }
    }

    /// The streams, in file order.
    private(set) var tracks: [Track] = []
    /// The number of chapters.
    let chapterCount: Int

    /// Reads the whole file; a damaged end counts as the end.
    ///
    /// - Throws: `MediaError`; `AVFailure` when the disk cannot be read; `CancellationError`.
    init(path: String, stop: StopFlag) throws {
        let file = try openInput(path)
        chapterCount = Int(file.context.pointee.nb_chapters)
        tracks = (0..<file.streamCount).map { Self.track(file.stream($0), number: $0) }
        let packet = Packet()
        while try file.readOn(into: packet) {
            try stop.check()
            let number = Int(packet.pointer.pointee.stream_index)
            if tracks.indices.contains(number) { note(packet.pointer, on: number, file.stream(number)) }
        }
        for number in tracks.indices where tracks[number].kind == .video {
            tracks[number].times.sort()
            // Matroska leaves the length of a frame open; the last one is taken as long as the one before.
            let times = tracks[number].times
            if let last = times.last, tracks[number].end == last, times.count > 1 {
                tracks[number].end = last + last - times[times.count - 2]
            }
        }
    }

    /// Puts the frames that are shown in the place of a track's packets.
    mutating func show(_ index: FrameIndex, on number: Int) {
        tracks[number].times = index.presentationTimes
        tracks[number].count = index.frameCount
        tracks[number].start = index.presentationTimes.first
        tracks[number].end = index.presentationTimes.last.map { $0 + index.lastFrameDuration }
    }

    /// Puts what is known better in the place of what packets tell of a track's start and end, in ticks of its clock.
    mutating func replaceSpan(of number: Int, with span: Range<Int64>) {
        tracks[number].start = span.lowerBound
        tracks[number].end = span.upperBound
    }

    private static func track(_ stream: UnsafeMutablePointer<AVStream>, number: Int) -> Track {
        let parameters = stream.pointee.codecpar.pointee
        let isPicture = stream.pointee.disposition & AV_DISPOSITION_ATTACHED_PIC != 0
        let language = av_dict_get(stream.pointee.metadata, "language", nil, 0).map {
            String(cString: $0.pointee.value)
        }
        return Track(
            index: number, kind: isPicture ? .attachment : parameters.codec_type.kind ?? .data,
            codec: String(cString: avcodec_get_name(parameters.codec_id)),
            timeBase: Rational(stream.pointee.time_base.num, stream.pointee.time_base.den),
            sampleRate: Int(parameters.sample_rate), disposition: Disposition(rawValue: stream.pointee.disposition),
            language: language)
    }

    private mutating func note(
        _ packet: UnsafePointer<AVPacket>, on number: Int, _ stream: UnsafeMutablePointer<AVStream>
    ) {
        guard packet.pointee.flags & AV_PKT_FLAG_DISCARD == 0 else { return }
        // Nothing is heard of an empty packet, and muxers leave it out; of pictures it repeats the one before.
        guard packet.pointee.size > 0 || tracks[number].kind != .audio else { return }
        tracks[number].count += 1
        // Sound packets without a time follow each other.
        let stated = packet.pointee.pts != MARTLET_NOPTS ? packet.pointee.pts : packet.pointee.dts
        guard let time = stated != MARTLET_NOPTS ? stated : tracks[number].end else { return }
        if tracks[number].kind == .video, packet.pointee.pts != MARTLET_NOPTS { tracks[number].times.append(time) }
        let (skipped, padded) = trimmed(packet, stream)
        tracks[number].start = min(tracks[number].start ?? .max, time + skipped)
        tracks[number].end = max(tracks[number].end ?? .min, time + packet.pointee.duration - padded)
    }

    // Samples that a decoder drops at the start and the end of a packet, in ticks.
    private func trimmed(_ packet: UnsafePointer<AVPacket>, _ stream: UnsafeMutablePointer<AVStream>) -> (Int64, Int64)
    {
        let rate = stream.pointee.codecpar.pointee.sample_rate
        guard rate > 0 else { return (0, 0) }
        let (start, end) = trimmedSamples(packet)
        let base = Rational(stream.pointee.time_base.num, stream.pointee.time_base.den)
        let samples = Rational(1, rate)
        return (
            MediaTime(ticks: Int64(start), timeBase: samples).rescaled(to: base),
            MediaTime(ticks: Int64(end), timeBase: samples).rescaled(to: base)
        )
    }
}
