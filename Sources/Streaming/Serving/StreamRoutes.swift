// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import MartletModel
internal import MartletPlanning
package import MartletPorts
internal import MartletWire
internal import Synchronization

/// Answers the requests of players, and of other nodes.
package struct StreamRoutes: HTTPHandler {
    /// How it behaves.
    package struct Configuration: Sendable {
        /// Who is let in, by the token that is shown; `nil` lets everyone in.
        package var accepts: (@Sendable (String) -> Bool)?
        /// How many requests a second one address may make in the long run; 0 sets no limit.
        package var requestsPerSecond = 200

        /// Makes the default configuration.
        package init() {}
    }

    /// What it works with.
    package struct Surroundings: Sendable {
        /// Streams films.
        package var controller: HLSController
        /// What is served.
        package var library: FilmLibrary
        /// What is offered besides.
        package var extras: (any StreamExtras)?
        /// Who answers when nothing can be kept here.
        package var relief: (any StreamRelief)?
        /// Whether streams can be served now.
        package var readiness: @Sendable () async -> Readiness
        /// Makes the names of sessions, which nobody can guess.
        package var newName: @Sendable () -> String
        /// Tells the time.
        package var time: any TimeSource
        /// Counts what happens.
        package var metrics: StreamMetrics

        /// Makes surroundings.
        package init(
            controller: HLSController, library: FilmLibrary, extras: (any StreamExtras)? = nil,
            relief: (any StreamRelief)? = nil, readiness: @escaping @Sendable () async -> Readiness = { .ready },
            newName: @escaping @Sendable () -> String, time: any TimeSource, metrics: StreamMetrics
        ) {
            self.controller = controller
            self.library = library
            self.extras = extras
            self.relief = relief
            self.readiness = readiness
            self.newName = newName
            self.time = time
            self.metrics = metrics
        }
    }

    private let configuration: Configuration
    private let surroundings: Surroundings
    private let limit: LockedLimit

    private final class LockedLimit: Sendable {
        private let limit: Mutex<RequestLimit>
        init(_ requestsPerSecond: Int) { limit = Mutex(RequestLimit(requestsPerSecond: requestsPerSecond)) }
        func admit(_ client: String, now: Moment) -> Duration? { limit.withLock { $0.admit(client, now: now) } }
    }

    /// What a request may carry from one address to the next.
    static let sessionField = "session"
    static let tokenField = "access_token"

    /// Makes routes.
    package init(_ configuration: Configuration = Configuration(), with surroundings: Surroundings) {
        self.configuration = configuration
        self.surroundings = surroundings
        limit = LockedLimit(configuration.requestsPerSecond)
    }

    package func respond(to request: HTTPRequest) async -> HTTPResponse {
        let start = surroundings.time.now()
        var kind = "page"
        var response: HTTPResponse
        do {
            guard let path = PathSegments.split(request.path) else {
                try check(request)
                throw StreamingError(.badPath, "The path \(request.path) is not one that is served.")
            }
            let address = StreamAddress(path)
            kind = address.kind
            response = try await answer(request, for: address)
        } catch {
            response = problem(error, at: request.path)
        }
        // Players in web pages come from elsewhere.
        response.headers["Access-Control-Allow-Origin"] = "*"
        response.headers["Access-Control-Expose-Headers"] = "Content-Length, Content-Range, ETag, Retry-After"
        surroundings.metrics.answered(kind, status: response.status, after: surroundings.time.now() - start)
        return response
    }

    private func problem(_ error: any Error, at path: String) -> HTTPResponse {
        // What is no error of the house may name anything, so its own words are kept from strangers.
        let known = error as? any CodedError ?? StreamingError(.failed, "The server could not do that.")
        surroundings.metrics.refused(known.codeName)
        let headers = (error as? StreamingError)?.headers ?? HTTPHeaders()
        return .problem(
            known, status: StreamingError.status(of: error), instance: path, headers: headers,
            wording: surroundings.library.publicWording)
    }

    // MARK: Who asks

    private func check(_ request: HTTPRequest) throws {
        guard let accepts = configuration.accepts else { return }
        guard let token = Self.token(of: request) else {
            throw StreamingError(
                .unauthorized, "This needs a token.",
                advice: "Send `Authorization: Bearer TOKEN`, or add `?access_token=TOKEN` to the address.",
                headers: ["WWW-Authenticate": "Bearer realm=\"martlet\""])
        }
        guard accepts(token) else {
            throw StreamingError(
                .unauthorized, "The token is not known here, or has expired.",
                headers: ["WWW-Authenticate": "Bearer realm=\"martlet\", error=\"invalid_token\""])
        }
    }

    private static func token(of request: HTTPRequest) -> String? {
        guard let field = request.headers["Authorization"] else { return request.query(tokenField) }
        let parts = field.split(separator: " ", maxSplits: 1)
        guard parts.count == 2, parts[0].lowercased() == "bearer" else { return nil }
        return String(parts[1].drop { $0 == " " })
    }

    /// The session that a request names, or else who sends it.
    private static func viewer(of request: HTTPRequest) -> HLSController.Viewer {
        if let name = request.query(sessionField), !name.isEmpty, name.utf8.count <= 64 {
            return HLSController.Viewer("session " + name)
        }
        return HLSController.Viewer("address " + request.peer)
    }

    // MARK: What is asked for

    private func answer(_ request: HTTPRequest, for address: StreamAddress) async throws -> HTTPResponse {
        if request.method == "OPTIONS" {
            return HTTPResponse(
                status: 204,
                headers: [
                    "Allow": "GET, HEAD, OPTIONS", "Access-Control-Allow-Methods": "GET, HEAD, OPTIONS",
                    "Access-Control-Allow-Headers": "Authorization, Range", "Access-Control-Max-Age": "86400",
                ])
        }
        if !address.isOpen { try check(request) }
        guard request.method == "GET" || request.method == "HEAD" else {
            throw StreamingError(
                .methodNotAllowed, "\(request.method) cannot be done here.", advice: "Use GET, HEAD, OPTIONS.",
                headers: ["Allow": "GET, HEAD, OPTIONS"])
        }
        if !address.isOpen, let wait = limit.admit(request.peer, now: surroundings.time.now()) {
            let seconds = max(1, Int(wait.inSeconds.rounded(.up)))
            throw StreamingError(
                .tooManyRequests, "Too many requests come from \(request.peer).", isRetryable: true,
                headers: ["Retry-After": "\(seconds)"])
        }
        let controller = surroundings.controller
        switch address {
        case .master(let film):
            let open = try await open(film)
            return .playlist(
                open.plan.master(
                    query: FilmEdition.links(to: open, from: request, newSession: surroundings.newName()),
                    pictures: surroundings.extras == nil ? nil : TrickPlay(plan: open.plan)))
        case .playlist(let film, let rendition):
            let open = try await open(film, for: request)
            let query = FilmEdition.links(to: open, from: request)
            guard let text = open.plan.playlist(of: rendition, query: query)
            else { throw StreamingError(.notFound, "\(open.name) has no rendition \(rendition).") }
            return .playlist(text)
        case .initialization(let film, let rendition):
            let open = try await open(film, for: request)
            return try await relieved(request) {
                let file = try await controller.initialization(of: rendition, in: open, for: Self.viewer(of: request))
                return try Self.file(file, to: request)
            }
        case .segment(let film, let rendition, let number, let suffix):
            let open = try await open(film, for: request)
            guard suffix == open.plan.options.container.suffix else {
                throw StreamingError(.notFound, "The segments of \(open.name) do not end in .\(suffix).")
            }
            return try await relieved(request) {
                let file = try await controller.segment(
                    number, of: rendition, in: open, for: Self.viewer(of: request))
                return try Self.file(file, to: request)
            }
        case .subtitles(let film, let rendition):
            let open = try await open(film, for: request)
            return try Self.file(try await controller.subtitles(rendition, in: open), to: request)
        case .extra(let film, let name):
            if let path = await surroundings.library.path(of: film),
                let answer = try await surroundings.extras?.answer(name, ofFileAt: path, for: request)
            {
                return answer
            }
            let open = try await open(film, for: request)
            guard let answer = try await surroundings.extras?.answer(name, of: open, for: request) else {
                throw StreamingError(.notFound, "\(open.name) has no \(name).")
            }
            return answer
        case .cached(let name):
            guard let file = await controller.cached(name) else {
                throw StreamingError(.notFound, "\(name) is not in the cache.")
            }
            return try Self.file(file, to: request)
        case .library: return try await library(request)
        case .metrics:
            await controller.measure()
            return HTTPResponse(
                status: 200, headers: ["Content-Type": Metrics.mediaType, "Cache-Control": "no-store"],
                body: .bytes(Array(surroundings.metrics.text.utf8)))
        case .health: return try .json(["status": "ok"])
        case .readiness:
            switch await surroundings.readiness() {
            case .ready: return try .json(["status": "ok"])
            case .alone:
                return try .json([
                    "status": "ok",
                    "warning": "The store of claims is not reached, so this node works without knowing of the others.",
                ])
            case .notReady(let reason): throw StreamingError(.notReady, reason, isRetryable: true)
            }
        case .page(let path):
            guard let answer = try await surroundings.extras?.page(at: path, for: request) else {
                throw StreamingError(.notFound, "There is nothing at \(request.path).")
            }
            return answer
        }
    }

    /// An answer of this node, or of another one where no disk here takes what is asked for.
    private func relieved(
        _ request: HTTPRequest, _ body: () async throws -> HTTPResponse
    ) async throws -> HTTPResponse {
        do {
            return try await body()
        } catch let error as any CodedError where error.exitStatus == .writeFailed {
            guard let answer = await surroundings.relief?.answer(to: request) else { throw error }
            return answer
        }
    }

    /// Opens the film that a request means.
    private func open(_ parts: [String], for request: HTTPRequest) async throws -> OpenFilm {
        let film = try await open(parts)
        try FilmEdition.check(request, means: film)
        return film
    }

    /// Opens the film at a path, decoded, below what is served.
    private func open(_ parts: [String]) async throws -> OpenFilm {
        let name = parts.joined(separator: "/")
        guard let path = await surroundings.library.path(of: parts) else {
            throw StreamingError(.notFound, "There is no film \(name).", advice: "/library.json lists the films.")
        }
        return try await surroundings.controller.open(name, at: path)
    }

    private func library(_ request: HTTPRequest) async throws -> HTTPResponse {
        guard let directory = request.query("directory") else {
            let films = await surroundings.library.films().map { LibraryMessage.Film($0) }
            return try .json(LibraryMessage(films: films))
        }
        let parts = directory.split(separator: "/").map(String.init)
        guard let listing = await surroundings.library.listing(of: parts) else {
            throw StreamingError(.notFound, "There is no directory \(directory).")
        }
        return try .json(
            LibraryMessage(
                directory: parts.joined(separator: "/"),
                directories: listing.directories.map { LibraryMessage.Directory($0) },
                films: listing.films.map { LibraryMessage.Film($0) }))
    }

    private static func file(_ file: CachedFile, to request: HTTPRequest) throws -> HTTPResponse {
        try FileAnswer(file, caching: FilmEdition.caching(of: request)).response(to: request)
    }
}
