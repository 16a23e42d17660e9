// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

/// What the path of a request asks for.
enum StreamAddress: Equatable {
    /// The qualities of a film.
    case master(film: [String])
    /// The segments of a rendition.
    case playlist(film: [String], rendition: String)
    /// What stands before the segments of a rendition.
    case initialization(film: [String], rendition: String)
    /// A segment of a rendition.
    case segment(film: [String], rendition: String, number: Int, suffix: String)
    /// The subtitles of a rendition, as one file.
    case subtitles(film: [String], rendition: String)
    /// Something else of a film.
    case extra(film: [String], name: String)
    /// A file of the cache, for other nodes.
    case cached(CacheName)
    case library, metrics, health, readiness
    /// Anything else.
    case page([String])

    /// Reads a path, taken apart and decoded.
    init(_ path: [String]) {
        switch path.first {
        case "library.json" where path.count == 1: self = .library
        case "metrics" where path.count == 1: self = .metrics
        case "healthz" where path.count == 1: self = .health
        case "readyz" where path.count == 1: self = .readiness
        case "parts":
            self = CacheName(path: path.dropFirst().joined(separator: "/")).map { .cached($0) } ?? .page(path)
        case "hls" where path.count >= 3: self = Self.ofFilm(Array(path.dropFirst()))
        default: self = .page(path)
        }
    }

    private static func ofFilm(_ path: [String]) -> StreamAddress {
        let (film, name) = (Array(path.dropLast()), path[path.count - 1])
        if name == "master.m3u8" { return .master(film: film) }
        if film.count >= 2 {
            let (outer, rendition) = (Array(film.dropLast()), film[film.count - 1])
            switch name {
            case "index.m3u8": return .playlist(film: outer, rendition: rendition)
            case CacheName.initialization: return .initialization(film: outer, rendition: rendition)
            case CacheName.subtitles: return .subtitles(film: outer, rendition: rendition)
            default:
                let parts = name.split(separator: ".", omittingEmptySubsequences: false)
                if parts.count == 2, ["m4s", "ts"].contains(parts[1]), let number = Int(parts[0]),
                    number >= 0, "\(number)" == parts[0]
                {
                    return .segment(film: outer, rendition: rendition, number: number, suffix: String(parts[1]))
                }
            }
        }
        return .extra(film: film, name: name)
    }

    /// Whether everyone may ask, whatever tokens there are: the pages hold nothing that is secret, and ask for the token.
    var isOpen: Bool {
        switch self {
        case .health, .readiness, .page: true
        case .master, .playlist, .initialization, .segment, .subtitles, .extra, .cached, .library, .metrics: false
        }
    }

    /// A word for it, one of a few.
    var kind: String {
        switch self {
        case .master: "master"
        case .playlist: "playlist"
        case .initialization: "initialization"
        case .segment: "segment"
        case .subtitles: "subtitles"
        case .extra: "extra"
        case .cached: "part"
        case .library: "library"
        case .metrics: "metrics"
        case .health, .readiness: "health"
        case .page: "page"
        }
    }
}
