// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import MartletModel
internal import MartletPlanning

/// What `film.json` says of a film. Addresses are relative to it.
struct FilmMessage: Encodable {
    /// A way to play it without encoding it anew, for players that play all of these media types (RFC 6381).
    struct Way: Encodable {
        var url: String
        var types: [String]
    }

    /// A named part of the film.
    struct Chapter: Encodable {
        /// Seconds from the film's begin.
        var startS: Double
        var title: String?

        enum CodingKeys: String, CodingKey {
            case startS = "start_s"
            case title
        }
    }

    var durationS: Double
    var width: Int
    var height: Int
    var poster: String
    /// WebVTT that says where the small picture of each time is.
    var thumbnails: String?
    /// The file itself.
    var direct: Way?
    /// Its packets in segments.
    var remux: Way?
    var chapters: [Chapter]
    /// What the streams do not carry and why, a sentence each.
    var notCarried: [String]

    enum CodingKeys: String, CodingKey {
        case durationS = "duration_s"
        case notCarried = "not_carried"
        case width, height, poster, thumbnails, direct, remux, chapters
    }

    /// Describes a film.
    ///
    /// - Parameter query: added to every address after `?`; empty for none.
    init(_ film: OpenFilm, ways: DirectPlay, query: String) {
        let query = query.isEmpty ? "" : "?" + query
        let timeline = film.plan.timeline
        durationS = Double(timeline.durationMicroseconds) / 1e6
        let best = film.plan.video.first
        (width, height) = (best?.size.width ?? 0, best?.size.height ?? 0)
        poster = "poster.jpg" + query
        thumbnails = ThumbnailPlan(film: film.film).map { _ in "thumbnails.vtt" + query }
        direct = ways.file.map { Way(url: "direct" + query, types: [$0]) }
        remux = ways.packets.map { Way(url: "remux.m3u8" + query, types: $0) }
        chapters = film.film.source.chapters.map { chapter in
            let start = MediaTime(ticks: chapter.start, timeBase: chapter.timeBase).microseconds
            return Chapter(
                startS: max(0, Double(start - timeline.originMicroseconds) / 1e6),
                title: chapter.tags.first { $0.key.lowercased() == "title" }?.value)
        }
        notCarried = film.plan.notCarried
    }
}
