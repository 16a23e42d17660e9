// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import MartletModel

/// The choice of a film's sound and subtitle tracks, and what is said of those that are left out.
struct StreamTracks {
    /// The sound, encoded first and then as the film has it.
    private(set) var audio: [AudioRendition] = []
    /// The text subtitles.
    private(set) var subtitles: [SubtitleRendition] = []
    /// What is not carried and why, a sentence each.
    private(set) var notCarried: [String] = []

    private let film: StreamFilm
    private let timeline: StreamTimeline
    private let options: StreamOptions

    /// Chooses.
    init(film: StreamFilm, timeline: StreamTimeline, options: StreamOptions) {
        self.film = film
        self.timeline = timeline
        self.options = options
        var encoded: [AudioRendition] = []
        var copied: [AudioRendition] = []
        for stream in film.source.streams(of: .audio) {
            guard let runs = film.sounds.first(where: { $0.streamIndex == stream.index }), !runs.runs.isEmpty,
                let rate = stream.audio?.sampleRate, rate > 0
            else {
                notCarried.append("Sound track \(stream.index) (\(stream.codec)) is empty.")
                continue
            }
            if let one = copy(of: stream, runs: runs, titles: copied.map(\.title)) { copied.append(one) }
            if stream.isDecodable {
                encoded.append(encode(stream, runs: runs, titles: encoded.map(\.title)))
            } else {
                notCarried.append("Sound track \(stream.index) (\(stream.codec)) has no decoder here.")
            }
        }
        audio = encoded + copied
        for stream in film.source.streams(of: .subtitle) { addSubtitle(stream) }
    }

    private func encode(_ stream: StreamDescription, runs: AudioRuns, titles: [String]) -> AudioRendition {
        let rate = AudioCellsCommand.sampleRate(of: options.sound, source: stream.audio?.sampleRate ?? 48_000)
        let channels = stream.audio?.channels == 1 ? 1 : 2
        let grid = AudioGrid(
            timeline: timeline, sampleRate: rate, cellSamples: AudioCellsCommand.cellSamples(of: options.sound))
        let command = AudioCellsCommand(
            stream: stream, runs: runs, grid: grid, codec: options.sound, channels: channels,
            originMicroseconds: timeline.originMicroseconds,
            sourceStartMicroseconds: film.source.startTimeMicroseconds)
        return AudioRendition(
            name: "a\(stream.index)", stream: stream.index, title: Self.title(stream, taken: titles),
            language: LanguageTag.tag(stream.tag("language")), isDefault: stream.index == firstChoice,
            channels: channels, characteristics: Self.characteristics(stream),
            codecName: options.sound == .opus ? "opus" : "mp4a.40.2",
            rate: BitRate(channels == 1 ? 120_000 : 200_000), making: .encoded(command))
    }

    /// The film's own packets, when players know the codec and the packets lie evenly.
    private func copy(of stream: StreamDescription, runs: AudioRuns, titles: [String]) -> AudioRendition? {
        let known = options.container == .mp4 ? ["aac", "mp3", "ac3", "eac3", "flac", "opus"] : ["aac", "ac3", "eac3"]
        guard known.contains(stream.codec), let audio = stream.audio,
            let codecName = CodecName.audio(stream.codec, profile: stream.profile, sampleRate: audio.sampleRate),
            let command = SoundCopyCommand(
                stream: stream, runs: runs, timeline: timeline,
                sourceStartMicroseconds: film.source.startTimeMicroseconds)
        else { return nil }
        let usual: Int64 = stream.codec == "flac" ? 700_000 : 96_000
        return AudioRendition(
            name: "a\(stream.index)-copy", stream: stream.index, title: Self.title(stream, taken: titles),
            language: LanguageTag.tag(stream.tag("language")), isDefault: stream.index == firstChoice,
            channels: audio.channels, characteristics: Self.characteristics(stream), codecName: codecName,
            rate: stream.bitRate ?? BitRate(usual * Int64(max(1, audio.channels))), making: .copied(command))
    }

    /// The sound stream that is played when nobody chooses: the first default one, else the first.
    private var firstChoice: Int? {
        let streams = film.source.streams(of: .audio).filter(\.isDecodable)
        return (streams.first { $0.disposition.contains(.default) } ?? streams.first)?.index
    }

    private mutating func addSubtitle(_ stream: StreamDescription) {
        let language = LanguageTag.tag(stream.tag("language"))
        let name = "Subtitle track \(stream.index)" + (language.map { ", \($0)" } ?? "") + " (\(stream.codec))"
        if Self.imageSubtitles.contains(stream.codec) {
            notCarried.append("\(name) is made of images.")
        } else if !stream.isDecodable || !Self.textSubtitles.contains(stream.codec) {
            notCarried.append("\(name) cannot be written as WebVTT.")
        } else {
            subtitles.append(
                SubtitleRendition(
                    name: "s\(stream.index)", stream: stream, title: Self.title(stream, taken: subtitles.map(\.title)),
                    language: language, isDefault: stream.disposition.contains(.default),
                    isForced: stream.disposition.contains(.forced), characteristics: Self.characteristics(stream)))
        }
    }

    private static let imageSubtitles: Set<String> = ["hdmv_pgs_subtitle", "dvd_subtitle", "dvb_subtitle", "xsub"]
    private static let textSubtitles: Set<String> = [
        "subrip", "srt", "ass", "ssa", "webvtt", "mov_text", "text", "microdvd", "subviewer", "subviewer1", "sami",
        "realtext", "stl", "jacosub", "mpl2", "pjs", "vplayer",
    ]

    /// The track's own title, else its language's, else its number.
    private static func title(_ stream: StreamDescription, taken: [String]) -> String {
        let language = LanguageTag.tag(stream.tag("language"))
        let own = stream.tag("title").map { $0.filter { !$0.isNewline && $0 != "\"" } }
        let base =
            own.flatMap { $0.isEmpty ? nil : $0 } ?? LanguageTag.name(language) ?? language ?? "Track \(stream.index)"
        return taken.contains(base) ? "\(base) (\(stream.index))" : base
    }

    private static func characteristics(_ stream: StreamDescription) -> [String] {
        var roles: [String] = []
        if !stream.disposition.isDisjoint(with: [.visualImpaired, .descriptions]) {
            roles.append("public.accessibility.describes-video")
        }
        if !stream.disposition.isDisjoint(with: [.hearingImpaired, .captions]) {
            roles += [
                "public.accessibility.transcribes-spoken-dialog", "public.accessibility.describes-music-and-sound",
            ]
        }
        return roles
    }
}
