// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import MartletModel
internal import MartletPorts
internal import MartletWire

/// What jobs have made so far, as streams for players.
package struct PreviewRoutes: Sendable {
    private let service: ClusterService
    private let previews: Previews
    private let files: any FileStore
    private let time: any TimeSource

    /// How long a player is kept waiting for the first segment.
    private static let patience = Duration.seconds(60)

    /// Makes the routes.
    package init(service: ClusterService, previews: Previews) {
        self.service = service
        self.previews = previews
        files = service.surroundings.files
        time = service.surroundings.time
    }

    /// The routes.
    package var routes: [Route] {
        let base = "/api/v1/jobs/{id}/preview"
        let playlist = Operation.Answer(200, "The playlist.", .bytes(MediaType.playlist))
        let range = Operation.Field("Range", .text, "Part of it, such as `bytes=0-999`.", isHeader: true)
        let segment = [
            Operation.Answer(200, "The file.", .bytes(MediaType.mp4)),
            Operation.Answer(206, "Part of the file.", .bytes(MediaType.mp4)),
            Operation.Answer(304, "It is what `If-None-Match` says."),
        ]
        return [
            Route(
                "GET", base + "/master.m3u8", access: .tokenOrQuery,
                Operation(
                    "getPreview", "What a job has made so far, for players: picture, and the sound that is done.",
                    answers: [playlist]), answer: master),
            Route(
                "GET", base + "/index.m3u8", access: .tokenOrQuery,
                Operation(
                    "getPreviewPicture", "The picture of a job's first segments, which grows.", answers: [playlist]),
                answer: { try await self.playlist($0, track: nil) }),
            Route(
                "GET", base + "/{track}/index.m3u8", access: .tokenOrQuery,
                Operation(
                    "getPreviewSound", "A sound track of a job, as far as its picture goes.", answers: [playlist]),
                answer: { try await self.playlist($0, track: $0.parameter("track")) }),
            Route(
                "GET", base + "/{file}", access: .tokenOrQuery,
                Operation("getPreviewSegment", "A segment of a job's picture.", fields: [range], answers: segment),
                answer: { try await self.segment($0, track: nil) }),
            Route(
                "GET", base + "/{track}/{file}", access: .tokenOrQuery,
                Operation("getPreviewSoundSegment", "A segment of a job's sound.", fields: [range], answers: segment),
                answer: { try await self.segment($0, track: $0.parameter("track")) }),
        ]
    }

    // MARK: Answers

    private func master(_ request: RoutedRequest) async throws -> HTTPResponse {
        let job = JobID(request.parameter("id"))
        let film = try await begun(job)
        return .playlist(film.master(codec: try await previews.codec(of: job), query: Self.query(of: request)))
    }

    private func playlist(_ request: RoutedRequest, track: String?) async throws -> HTTPResponse {
        let job = JobID(request.parameter("id"))
        let film = try await begun(job)
        if let track, !film.sounds.contains(where: { $0.name == track && film.artifact(of: $0) != nil }) {
            throw APIError(.notFound, "The job \(job) has no sound \(track) by now.")
        }
        return .playlist(film.playlist(query: Self.query(of: request), isOver: await previews.isOver(job)))
    }

    private func segment(_ request: RoutedRequest, track: String?) async throws -> HTTPResponse {
        let job = JobID(request.parameter("id"))
        let name = request.parameter("file")
        _ = try await film(of: job)
        let path: String?
        if let track {
            path = try await previews.soundFile(name, track: track, of: job)
        } else {
            path = try await previews.pictureFile(name, of: job)
        }
        guard let path, files.exists(path) else {
            throw APIError(.notFound, "The preview of the job \(job) has no \(name) by now.")
        }
        var response = try FileAnswer(
            path: path, fingerprint: try await files.fingerprint(of: path), mediaType: MediaType.of(name)
        ).response(to: request.request)
        response.headers["Cache-Control"] = "max-age=3600"
        response.headers["Access-Control-Allow-Origin"] = "*"
        return response
    }

    /// What players, who know nothing of tokens, put behind each address.
    private static func query(of request: RoutedRequest) -> String {
        let query = request.request.carried("access_token")
        return query.isEmpty ? "" : "?" + query
    }

    // MARK: Films

    /// What can be watched of a job; `nil` when it is not planned yet.
    ///
    /// - Throws: `CoordinatorError` `unknownJob`, and `wrongState` when nothing can be, or not any more.
    private func film(of job: JobID) async throws -> PreviewFilm? {
        let view = try await service.job(job)
        if !view.state.isFinal {
            guard let results = await service.engine?.coordinator.watched(job) else { return nil }
            return try await previews.film(of: job, results)
        }
        if let film = await previews.film(ofEnded: job) { return film }
        throw CoordinatorError(
            .wrongState, "job \(job) is \(view.state.rawValue), and is not watched any more",
            advice: view.state == .completed ? "Fetch its output." : nil)
    }

    /// What can be watched of a job, at least its first segment, which is waited for.
    private func begun(_ job: JobID) async throws -> PreviewFilm {
        let events = await service.events()
        if let film = try await film(of: job), film.finishedPieces > 0 { return film }
        let deadline = time.now() + Self.patience
        let found = try await withThrowingTaskGroup(of: PreviewFilm?.self) { group in
            group.addTask {
                for await event in events where Self.isNews(event, of: job) {
                    if let film = try await film(of: job), film.finishedPieces > 0 { return film }
                }
                return nil
            }
            group.addTask { [time] in
                try await time.sleep(until: deadline)
                return nil
            }
            defer { group.cancelAll() }
            return try await group.next() ?? nil
        }
        if let found { return found }
        throw APIError(
            .notReady, "The first segment of the job \(job) is not encoded yet.",
            advice: "Ask again in a little while.",
            headers: ["Retry-After": "5"])
    }

    private static func isNews(_ event: Event, of job: JobID) -> Bool {
        switch event {
        case .taskCompleted(let other, _, _, _), .jobStateChanged(let other, _): other == job
        default: false
        }
    }
}
