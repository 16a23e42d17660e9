// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletModel

/// A film as a stream: its segments, qualities, tracks and playlists, and how each part is made.
///
/// A pure function of film and options, known before anything is encoded.
package struct StreamPlan: Sendable {
    /// Names everything that is made by this plan: equal names, equal bytes. 32 hexadecimal digits.
    package let id: String
    /// The film.
    package let film: StreamFilm
    /// What was asked for.
    package let options: StreamOptions
    /// Where segments begin and end.
    package let timeline: StreamTimeline
    /// The qualities of the picture, from the dearest down; not empty.
    package let video: [VideoRendition]
    /// The sound tracks: encoded ones first.
    package let audio: [AudioRendition]
    /// The subtitle tracks.
    package let subtitles: [SubtitleRendition]
    /// What is not carried and why, a sentence each.
    package let notCarried: [String]

    /// Enough of the name to tell this film, encoded in this way, from what else is at the same address in time.
    package var edition: String { String(id.prefix(12)) }

    /// The field of links that names the edition.
    package static let editionField = "v"

    /// The edition as links carry it.
    package var editionQuery: String { "\(Self.editionField)=\(edition)" }

    /// Whether who asks for an edition, or with `nil` for whichever there is, means this one.
    package func isMeant(by edition: String?) -> Bool { edition == nil || edition == self.edition }

    /// Changes when the same film and options make other bytes than before.
    private static let edition = "3"
    /// Sound segments in the first part, which are short ones, and in every other.
    private static let (firstRun, run) = (3, 4)
    /// The longest film without places to enter it that is made in one piece, in microseconds.
    private static let longestWhole: Int64 = 120_000_000

    /// Plans the stream of a film.
    ///
    /// - Throws: `PlanningError` with `nothingToEncode`, `noDecoder` or `notStreamable` for the film, others for the
    ///   options.
    package init(film: StreamFilm, options: StreamOptions) throws(PlanningError) {
        try options.check()
        let path = film.source.path
        guard let picture = film.picture, picture.video != nil, film.index.frameCount > 0 else {
            throw PlanningError(.nothingToEncode, "\(path) shows no picture, so there is nothing to stream.")
        }
        guard picture.isDecodable else {
            throw PlanningError(
                .noDecoder, "This ffmpeg cannot decode the picture of \(path) (\(picture.codec)).",
                advice: "Install an ffmpeg with a decoder for it.")
        }
        guard picture.video?.dolbyVision?.hasOwnColors != true else {
            throw PlanningError(
                .notStreamable,
                "\(path) cannot be streamed: only players for Dolby Vision can tell the colours of its profile.",
                advice: "Give the file itself to such a player.")
        }
        guard film.index.clockJumps == 0 else {
            throw PlanningError(
                .notStreamable, "\(path) cannot be streamed as it is: its clock is set anew on the way.",
                advice: "Transcode it first; the result can be streamed.")
        }
        let timeline = StreamTimeline(
            index: film.index, source: film.source, durationMilliseconds: options.segmentMilliseconds,
            heldUntil: film.heldUntil)
        guard film.index.isSeekable || timeline.durationMicroseconds <= Self.longestWhole else {
            throw PlanningError(
                .notStreamable, "\(path) cannot be streamed as it is: it can only be read from its begin on.",
                advice: "Transcode it first; the result can be streamed.")
        }
        self.film = film
        self.options = options
        self.timeline = timeline
        video = try Self.qualities(of: film, picture, options, timeline)
        let tracks = StreamTracks(film: film, timeline: timeline, options: options)
        (audio, subtitles, notCarried) = (tracks.audio, tracks.subtitles, tracks.notCarried)
        id = Self.name(film, options)
    }

    private static func qualities(
        of film: StreamFilm, _ picture: StreamDescription, _ options: StreamOptions, _ timeline: StreamTimeline
    ) throws(PlanningError) -> [VideoRendition] {
        guard let profile = EncoderProfile.named(options.encoder), let source = picture.video else {
            throw PlanningError(.unknownEncoder, "There is no encoder \"\(options.encoder)\" that Martlet can use.")
        }
        var made: [VideoRendition] = []
        var refusal: PlanningError?
        let first = timeline.segment(0)
        for quality in Ladder(source: source, codec: options.codec).qualities {
            do {
                let command = try StreamVideoCommand(
                    stream: picture, quality: quality, profile: profile,
                    milliframesPerSecond: timeline.milliframesPerSecond, codecMajorVersion: options.codecMajorVersion)
                _ = try command.command(segment: first, index: film.index)
                made.append(VideoRendition(command: command))
            } catch {
                // Some encoders cannot make the smallest pictures.
                refusal = refusal ?? error
            }
        }
        if made.isEmpty, let refusal { throw refusal }
        return made
    }

    private static func name(_ film: StreamFilm, _ options: StreamOptions) -> String {
        var text = ""
        for salt in ["a", "b"] {
            var hash = StableHash()
            for part in [
                salt, edition, film.digest, options.codec.rawValue, options.sound.rawValue, options.container.rawValue,
                "\(options.segmentMilliseconds)", options.encoder, options.build, "\(options.codecMajorVersion)",
            ] { hash.combine(part) }
            text += Hexadecimal.text((0..<8).map { UInt8(truncatingIfNeeded: hash.value >> (56 - 8 * $0)) })
        }
        return text
    }

    /// The picture of a name; `nil` when there is none.
    package func video(named name: String) -> VideoRendition? { video.first { $0.name == name } }

    /// The sound of a name; `nil` when there is none.
    package func audio(named name: String) -> AudioRendition? { audio.first { $0.name == name } }

    /// The subtitles of a name; `nil` when there are none.
    package func subtitles(named name: String) -> SubtitleRendition? { subtitles.first { $0.name == name } }

    // MARK: Parts

    /// The part that a segment of a rendition is made with; `nil` for renditions and segments that are not there, and
    /// for subtitles.
    package func part(of rendition: String, segment: Int) -> StreamPart? {
        guard (0..<timeline.count).contains(segment) else { return nil }
        if video(named: rendition) != nil { return StreamPart(film: id, rendition: rendition, number: segment) }
        guard audio(named: rendition) != nil else { return nil }
        let number = segment < Self.firstRun ? 0 : 1 + (segment - Self.firstRun) / Self.run
        return StreamPart(film: id, rendition: rendition, number: number)
    }

    /// The segments that a part makes; empty for parts that are not of this plan.
    package func segments(of part: StreamPart) -> Range<Int> {
        guard part.film == id, part.number >= 0 else { return 0..<0 }
        let range: Range<Int>
        if video(named: part.rendition) != nil {
            range = part.number..<part.number + 1
        } else if audio(named: part.rendition) != nil {
            let first = part.number == 0 ? 0 : Self.firstRun + (part.number - 1) * Self.run
            range = first..<first + (part.number == 0 ? Self.firstRun : Self.run)
        } else {
            return 0..<0
        }
        return range.clamped(to: 0..<timeline.count)
    }

    /// How a part is made; `nil` for parts that are not of this plan.
    package func recipe(for part: StreamPart) -> StreamRecipe? {
        let segments = segments(of: part)
        guard !segments.isEmpty else { return nil }
        if let video = video(named: part.rendition) { return recipe(for: video, segment: segments.lowerBound) }
        return audio(named: part.rendition).map { recipe(for: $0, segments: segments) }
    }

    private func recipe(for video: VideoRendition, segment number: Int) -> StreamRecipe? {
        let segment = timeline.segment(number)
        guard let command = try? video.command.command(segment: segment, index: film.index) else { return nil }
        let depth = video.command.depth
        let part = EncodedPart(
            path: "", start: .afterPackets(0),
            pieces: [EncodedPart.Piece(segment: number, packets: segment.frameCount)], timeBase: timeline.clock,
            times: timeline.packagedTimes(of: number, depth: depth), depth: depth, container: options.container,
            clockLead: timeline.originMicroseconds - Int64(StreamTimeline.offsetSeconds) * 1_000_000)
        return StreamRecipe(command: command, part: part, codecName: video.codecName, isPicture: true)
    }

    private func recipe(for audio: AudioRendition, segments: Range<Int>) -> StreamRecipe {
        let grid = audio.grid
        let cells = grid.edges[segments.lowerBound]..<grid.edges[segments.upperBound]
        let pieces = segments.map { EncodedPart.Piece(segment: $0, packets: grid.cells(of: $0).count) }
        let command: FFmpegCommand
        let start: EncodedPart.Start
        switch audio.making {
        case .encoded(let cellsCommand):
            let run = cellsCommand.run(cells: cells)
            (command, start) = (run.command, .afterPackets(run.droppedPackets))
        case .copied(let copy):
            let run = copy.run(cells: cells)
            let tolerance = Int64(grid.cellSamples) * 500_000 / Int64(grid.sampleRate)
            (command, start) = (run.command, .at(microseconds: run.time, tolerance: tolerance))
        }
        let part = EncodedPart(
            path: "", start: start, pieces: pieces, timeBase: TimeBase(1, Int32(grid.sampleRate)),
            times: grid.packagedTimes(of: cells), depth: 0, container: options.container)
        return StreamRecipe(command: command, part: part, codecName: audio.codecName, isPicture: false)
    }
}
