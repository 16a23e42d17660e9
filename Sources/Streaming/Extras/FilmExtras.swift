// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import MartletModel
internal import MartletPlanning
package import MartletPorts
internal import MartletWire

/// What viewers see besides the streams: the page, pictures of films, and films that are not encoded anew.
///
/// Of a film there are `film.json`, `poster.jpg`, `thumbnails.vtt` with `sprite-<n>.jpg`, `direct` (the file),
/// `remux.m3u8` with `copy.m3u8`, `copy-init.mp4` and `copy-<n>.m4s` (its packets in segments), `trick.m3u8`
/// with `trick-init.mp4` and `trick-<n>.m4s` (single pictures for players that run through it), and `play`, which leads to
/// what is best for the player that asks.
package struct FilmExtras: StreamExtras {
    private let page = PlayerPage()
    private let making: ExtraFiles
    private let reader: any MediaProber
    private let files: any FileStore

    /// The rendition that pictures are kept under.
    private static let pictures = "pictures"
    /// The poster of a film that changed may be seen for so long: lists of films name no editions.
    private static let aWhile = "private, max-age=3600"

    /// Composes it.
    package init(making: ExtraFiles, reader: any MediaProber, files: any FileStore) {
        self.making = making
        self.reader = reader
        self.files = files
    }

    package func page(at path: [String], for request: HTTPRequest) async throws -> HTTPResponse? {
        page.response(at: path, for: request)
    }

    /// The poster; a list of films shows many, and most of those films are never played.
    package func answer(
        _ name: String, ofFileAt path: String, for request: HTTPRequest
    ) async throws -> HTTPResponse? {
        guard name == "poster.jpg" else { return nil }
        let content = String(try await files.fingerprint(of: path).digest.prefix(32))
        let file = CacheName(film: content, rendition: Self.pictures, file: name)
        let part = StreamPart(film: content, rendition: Self.pictures, number: -1)
        guard let poster = PosterCommand(source: try await reader.describe(path: path)) else {
            throw StreamingError(.notFound, "The film has no picture.")
        }
        let picture = try await making.picture(file, of: part, by: poster.command, at: path)
        return try Self.response(picture, to: request, caching: Self.aWhile)
    }

    package func answer(
        _ name: String, of film: OpenFilm, for request: HTTPRequest
    ) async throws -> HTTPResponse? {
        let query = FilmEdition.links(to: film, from: request)
        switch name {
        case "film.json": return try .json(FilmMessage(film, ways: ways(of: film).direct, query: query))
        case "thumbnails.vtt":
            guard let plan = ThumbnailPlan(film: film.film) else { return nil }
            let text = plan.webVTT { "sprite-\($0).jpg?\(query)" }
            return HTTPResponse(
                status: 200, headers: ["Content-Type": MediaType.webVTT, "Cache-Control": "no-cache"],
                body: .bytes(Array(text.utf8)))
        case "direct": return try await file(film, for: request)
        case "remux.m3u8", "copy.m3u8": return playlist(name, of: film, query: query)
        case "trick.m3u8":
            let (suffix, container) = ("?" + query, film.plan.options.container.suffix)
            return TrickPlay(plan: film.plan).map { pictures in
                .playlist(
                    pictures.playlist(
                        address: { "trick-\($0).\(container)" + suffix },
                        map: "trick-\(CacheName.initialization)" + suffix))
            }
        case "play": return redirect(film, for: request, query: query)
        default:
            if let number = Self.number(name, "sprite-", ".jpg") {
                return try await sprite(number, of: film, for: request)
            }
            if let picture = try await trickPicture(name, of: film, for: request) { return picture }
            let isStart = name == "copy-" + CacheName.initialization
            guard let number = isStart ? 0 : Self.number(name, "copy-", ".m4s") else { return nil }
            return try await copied(number, isStart: isStart, of: film, for: request)
        }
    }

    private func ways(of film: OpenFilm) -> (copy: PictureCopy?, direct: DirectPlay) {
        let copy = film.plan.options.container == .mp4 ? PictureCopy(film: film.film) : nil
        let sounds = Set(film.plan.soundsOfCopy.map(\.codecName)).sorted()
        return (copy, DirectPlay(film: film.film, copy: copy, sounds: sounds))
    }

    // MARK: Pictures

    private func sprite(_ number: Int, of film: OpenFilm, for request: HTTPRequest) async throws -> HTTPResponse? {
        guard let command = ThumbnailPlan(film: film.film)?.command(sheet: number) else { return nil }
        let name = CacheName(film: film.plan.id, rendition: Self.pictures, file: "sprite-\(number).jpg")
        let part = StreamPart(film: film.plan.id, rendition: Self.pictures, number: number)
        return try Self.response(
            try await making.picture(name, of: part, by: command, at: film.path), to: request)
    }

    private func trickPicture(
        _ name: String, of film: OpenFilm, for request: HTTPRequest
    ) async throws -> HTTPResponse? {
        let (plan, container) = (film.plan, film.plan.options.container)
        let isStart = container == .mp4 && name == "trick-" + CacheName.initialization
        guard let number = isStart ? 0 : Self.number(name, "trick-", "." + container.suffix),
            let pictures = TrickPlay(plan: plan), let part = pictures.part(of: number),
            let recipe = pictures.recipe(for: part)
        else { return nil }
        let file =
            isStart
            ? CacheName(film: plan.id, rendition: TrickPlay.name, file: CacheName.initialization)
            : CacheName(film: plan.id, rendition: TrickPlay.name, segment: number, container: container)
        return try Self.response(try await making.segment(file, of: part, by: recipe, at: film.path), to: request)
    }

    // MARK: Not encoded anew

    private func file(_ film: OpenFilm, for request: HTTPRequest) async throws -> HTTPResponse? {
        guard let type = ways(of: film).direct.file?.split(separator: ";").first else { return nil }
        return try FileAnswer(
            path: film.path, fingerprint: try await files.fingerprint(of: film.path), mediaType: String(type)
        ).response(to: request)
    }

    private func playlist(_ name: String, of film: OpenFilm, query: String) -> HTTPResponse? {
        let (copy, direct) = ways(of: film)
        guard let copy, let codec = direct.pictureCodec else { return nil }
        let suffix = "?" + query
        let text =
            name == "copy.m3u8"
            ? copy.playlist(
                address: { "copy-\($0).m4s" + suffix }, map: "copy-\(CacheName.initialization)" + suffix)
            : film.plan.master(of: copy, codec: codec, uri: "copy.m3u8" + suffix, query: query)
        return .playlist(text)
    }

    private func copied(
        _ number: Int, isStart: Bool, of film: OpenFilm, for request: HTTPRequest
    ) async throws -> HTTPResponse? {
        guard let recipe = ways(of: film).copy?.recipe(segment: number) else { return nil }
        let file = isStart ? CacheName.initialization : "\(number).m4s"
        let name = CacheName(film: film.plan.id, rendition: PictureCopy.name, file: file)
        let part = StreamPart(film: film.plan.id, rendition: PictureCopy.name, number: number)
        return try Self.response(try await making.segment(name, of: part, by: recipe, at: film.path), to: request)
    }

    /// Leads a player to what it can play best: `play?containers=mp4,webm&codecs=avc1.640028,mp4a.40.2`.
    private func redirect(_ film: OpenFilm, for request: HTTPRequest, query: String) -> HTTPResponse {
        let ability = PlayerAbility(
            containers: request.query("containers") ?? "", codecs: request.query("codecs") ?? "")
        let name =
            switch ways(of: film).direct.way(for: ability) {
            case .file: "direct"
            case .packets: "remux.m3u8"
            case .stream: "master.m3u8"
            }
        // From the root on: some clients do not get relative ones right.
        let address = String(request.path.dropLast("play".count)) + name + "?" + query
        return HTTPResponse(status: 302, headers: ["Location": address, "Cache-Control": "no-store"])
    }

    // MARK: Answers

    /// The number between two texts; `nil` when there is none, or it is written oddly.
    private static func number(_ name: String, _ prefix: String, _ suffix: String) -> Int? {
        guard name.hasPrefix(prefix), name.hasSuffix(suffix) else { return nil }
        let text = name.dropFirst(prefix.count).dropLast(suffix.count)
        return Int(text).flatMap { "\($0)" == text ? $0 : nil }
    }

    private static func response(
        _ file: CachedFile, to request: HTTPRequest, caching: String? = nil
    ) throws -> HTTPResponse {
        try FileAnswer(file, caching: caching ?? FilmEdition.caching(of: request)).response(to: request)
    }
}
