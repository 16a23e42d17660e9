// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import CFFmpeg
internal import MartletModel

/// Describes a file: container, streams and chapters.
struct SourceReading {
    /// The file to read.
    let path: String
    /// Which content it holds.
    let fingerprint: Fingerprint

    /// Reads the container's headers and the first frames.
    ///
    /// - Throws: `MediaError` with `unreadable`, `notMedia` or `nothingToEncode`.
    func describe() throws(MediaError) -> SourceDescription {
        try Acceptance.checkFormat(path)
        let file: InputFile
        do { file = try InputFile(path: path) } catch { throw Acceptance.openFailed(path, error) }
        let context = file.context.pointee
        var streams: [StreamDescription] = []
        for index in 0..<file.streamCount { streams.append(StreamReading(stream: file.stream(index)).describe()) }
        guard streams.contains(where: { $0.isFilm }) else {
            if streams.contains(where: { $0.kind == .video }) { throw Acceptance.refusal(path, "a picture") }
            if streams.isEmpty { throw Acceptance.notMedia(path) }
            throw MediaError(
                .nothingToEncode, "\(path) has neither picture nor sound.",
                advice: "Name a file with a video or audio stream.")
        }
        try checkStrength(file, streams)
        if Self.animations.contains(file.formatName), Self.isStill(file) { throw Acceptance.refusal(path, "a picture") }
        let described = SourceDescription(
            path: path, fingerprint: fingerprint, formatName: file.formatName,
            hasArbitraryOrigin: (context.iformat?.pointee.flags ?? 0) & AVFMT_TS_DISCONT != 0,
            startTimeMicroseconds: context.start_time == MARTLET_NOPTS ? 0 : context.start_time,
            durationMicroseconds: context.duration > 0 ? context.duration : nil,
            bitRate: context.bit_rate > 0 ? BitRate(context.bit_rate) : nil, tags: StreamReading.tags(context.metadata),
            streams: streams, chapters: chapters(context))
        return FirstFrames(path: path).completing(described)
    }

    /// Formats that hold single pictures more often than moving ones.
    private static let animations: Set<String> = ["gif", "apng", "jpeg_pipe"]

    private static func isStill(_ file: InputFile) -> Bool {
        let packet = Packet()
        var count = 0
        while count < 2, (try? file.read(into: packet)) == true { count += 1 }
        return count < 2
    }

    /// Arbitrary bytes look like raw sound to a tolerant demuxer: a weak guess must come with a decodable stream.
    private func checkStrength(_ file: InputFile, _ streams: [StreamDescription]) throws(MediaError) {
        let isWeak = file.context.pointee.probe_score <= AVPROBE_SCORE_MAX / 4
        let isPlausible = streams.contains { stream in
            if let audio = stream.audio { return audio.sampleRate > 0 && audio.channels > 0 }
            return (stream.video?.width ?? 0) > 0
        }
        if isWeak || !isPlausible { throw Acceptance.notMedia(path) }
    }

    private func chapters(_ context: AVFormatContext) -> [Chapter] {
        (0..<Int(context.nb_chapters)).compactMap { position in
            guard let chapter = context.chapters[position]?.pointee else { return nil }
            return Chapter(
                id: chapter.id, start: chapter.start, end: chapter.end,
                timeBase: Rational(chapter.time_base.num, chapter.time_base.den),
                tags: StreamReading.tags(chapter.metadata))
        }
    }
}

extension StreamDescription {
    /// Whether it is sound or moving pictures; a cover is neither.
    fileprivate var isFilm: Bool { kind == .audio || kind == .video && !disposition.contains(.attachedPicture) }
}
