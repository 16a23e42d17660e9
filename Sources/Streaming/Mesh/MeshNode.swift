// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletModel
internal import MartletPlanning
package import MartletPorts
internal import MartletWire

/// A worker's share of streams that several workers make: it makes the parts that the coordinator asks for, and serves
/// them.
///
/// `HEAD /mesh/{job}/{edition}/{rendition}/{file}` makes what is not there, and is for the coordinator alone; `GET` serves
/// what is.
package actor MeshNode: HTTPHandler {
    /// What a node works with.
    package struct Surroundings: Sendable {
        /// Makes parts with these files.
        package var maker: @Sendable (any FileStore) -> StreamMaker
        /// The digest of the ffmpeg that it makes them with.
        package var build: @Sendable () async throws -> String
        /// What the coordinator says of a stream: `MeshOrder` as JSON; throws when it knows none such.
        package var order: @Sendable (JobID) async throws -> [UInt8]
        /// Opens a job's film by its path below all media roots.
        package var open: @Sendable (JobID, _ sourcePath: String) async throws -> MeshSource
        /// Keeps files.
        package var files: any FileStore
        /// Where parts lie; of no use to the next life.
        package var directory: String

        /// Makes surroundings.
        package init(
            maker: @escaping @Sendable (any FileStore) -> StreamMaker,
            build: @escaping @Sendable () async throws -> String,
            order: @escaping @Sendable (JobID) async throws -> [UInt8],
            open: @escaping @Sendable (JobID, _ sourcePath: String) async throws -> MeshSource, files: any FileStore,
            directory: String
        ) {
            self.maker = maker
            self.build = build
            self.order = order
            self.open = open
            self.files = files
            self.directory = directory
        }
    }

    private struct Film {
        var plan: StreamPlan
        var sourcePath: String
    }

    /// How many bytes of parts are kept.
    private static let limit: Int64 = 2 << 30

    private let surroundings: Surroundings
    private let turns: Turns
    /// Two parts that come at one time both bring what stands before all segments.
    private let keeping = Turns(count: 1)
    private var films: [JobID: Task<Film, any Error>] = [:]
    private var making: [String: Task<Void, any Error>] = [:]
    /// Files with their sizes, the oldest first.
    private var kept: [(path: String, size: Int64)] = []
    private var keptBytes: Int64 = 0

    /// Makes a node; what an earlier life left behind is removed.
    ///
    /// - Parameter slots: how many parts are made at once.
    /// - Throws: a `CodedError` when that cannot be done.
    package init(slots: Int, with surroundings: Surroundings) throws {
        turns = Turns(count: slots)
        self.surroundings = surroundings
        try surroundings.files.remove(surroundings.directory)
        try surroundings.files.makeDirectory(surroundings.directory)
    }

    package func respond(to request: HTTPRequest) async -> HTTPResponse {
        let names = request.path.split(separator: "/").map(String.init)
        guard names.count == 5, names[0] == "mesh" else { return HTTPResponse(status: 404) }
        let (job, edition, rendition, file) = (JobID(names[1]), names[2], names[3], names[4])
        do {
            switch request.method {
            case "HEAD": return try answer(try await made(file, rendition: rendition, edition, job), to: request)
            case "GET": return try answer(try await known(file, rendition: rendition, edition, job), to: request)
            default: return HTTPResponse(status: 405, headers: ["Allow": "GET, HEAD"])
            }
        } catch let error as StreamingError where error.code == .badRange {
            return HTTPResponse(status: 416, headers: error.headers)
        } catch {
            return refusal(error)
        }
    }

    /// The code is in the header, since answers to `HEAD` have no body: 404 for what is none of the stream's, 500 for
    /// what would fail again, 503 for what may be had in a moment.
    private func refusal(_ error: any Error) -> HTTPResponse {
        guard let error = error as? any CodedError else { return HTTPResponse(status: 503) }
        let isUnknown = error.exitStatus == .usage
        return HTTPResponse(
            status: error.isRetryable ? 503 : isUnknown ? 404 : 500,
            headers: [DataPlane.problemCode: error.codeName])
    }

    /// The path of a file that is there; `nil` when it is not.
    private func known(
        _ file: String, rendition: String, _ edition: String, _ job: JobID
    ) async throws -> String? {
        // Nothing is asked of the coordinator for a stranger.
        guard let plan = try await films[job]?.value.plan, plan.edition == edition else { return nil }
        return path(of: file, rendition: rendition, plan)
    }

    private func path(of file: String, rendition: String, _ plan: StreamPlan) -> String? {
        let isText = plan.isText(file, rendition: rendition)
        guard isText || plan.segment(ofFile: file, rendition: rendition) != nil else { return nil }
        return "\(surroundings.directory)/\(plan.id)/\(rendition)/\(file)"
    }

    /// The path of a file that is there by now; `nil` when there is none such.
    private func made(
        _ file: String, rendition: String, _ edition: String, _ job: JobID
    ) async throws -> String? {
        guard let film = try await film(of: job, edition), let path = path(of: file, rendition: rendition, film.plan)
        else {
            return nil
        }
        guard !surroundings.files.exists(path) else { return path }
        let segment = film.plan.segment(ofFile: file, rendition: rendition)
        let part = segment.flatMap { film.plan.part(of: rendition, segment: $0) }
        let key = part?.description ?? path
        let task =
            making[key]
            ?? Task { [turns] in
                try await turns.pass { try await self.make(part, rendition: rendition, film, job) }
            }
        making[key] = task
        defer { if making[key] == task { making[key] = nil } }
        try await task.value
        return path
    }

    private func make(_ part: StreamPart?, rendition: String, _ film: Film, _ job: JobID) async throws {
        let source = try await surroundings.open(job, film.sourcePath)
        let files: any FileStore =
            source.content.map {
                FilesWithSource(files: surroundings.files, input: source.input, content: $0)
            } ?? surroundings.files
        let maker = surroundings.maker(files)
        let directory = "\(surroundings.directory)/\(film.plan.id)/\(rendition)"
        let result = await Result {
            guard let part else {
                let text = try await maker.subtitles(rendition, of: film.plan, at: source.input)
                return [(StreamPlan.textFile, Array(text.webVTT.utf8))]
            }
            let made = try await maker.make(part, of: film.plan, at: source.input)
            let suffix = film.plan.options.container.suffix
            return made.segments.map { ("\($0.number).\(suffix)", $0.bytes) }
                + (made.initialization.isEmpty ? [] : [("init.mp4", made.initialization)])
        }
        // Why the film could not be read says more than what ffmpeg made of it.
        try await source.close()
        let pieces = try result.get()
        try await keeping.pass { try await self.keep(pieces, in: directory) }
    }

    private func keep(_ pieces: [(name: String, bytes: [UInt8])], in directory: String) async throws {
        let files = surroundings.files
        try files.makeDirectory(directory)
        for (name, bytes) in pieces {
            let path = "\(directory)/\(name)"
            guard !files.exists(path) else { continue }
            try files.remove("\(path).new")
            try await files.write(bytes, to: "\(path).new", at: 0)
            try await files.publish("\(path).new", as: path)
            kept.append((path, Int64(bytes.count)))
            keptBytes += Int64(bytes.count)
        }
        while keptBytes > Self.limit, kept.count > 1 {
            let oldest = kept.removeFirst()
            keptBytes -= oldest.size
            try files.remove(oldest.path)
        }
    }

    /// A job's film; `nil` when it is not the one that is meant.
    private func film(of job: JobID, _ edition: String) async throws -> Film? {
        let surroundings = surroundings
        if let known = films[job], let film = try? await known.value, film.plan.edition == edition { return film }
        let task = Task {
            let order = try JSONText.value(MeshOrder.self, from: try await surroundings.order(job))
            guard try await surroundings.build() == order.options.build else {
                throw StreamingError(.noSuchPart, "The stream \(job) is made with another ffmpeg.")
            }
            return Film(
                plan: try StreamPlan(film: order.film, options: order.options), sourcePath: order.sourcePath)
        }
        films[job] = task
        let film = try await task.value
        return film.plan.edition == edition ? film : nil
    }

    /// What is at a path below the node's directory, which names its content.
    private func answer(_ path: String?, to request: HTTPRequest) throws -> HTTPResponse {
        guard let path, let size = try? surroundings.files.size(of: path) else { return HTTPResponse(status: 404) }
        let answer = FileAnswer(
            path: path, size: size, mediaType: MediaType.of(path),
            tag: "\"\(path.dropFirst(surroundings.directory.count + 1))\"", caching: "max-age=3600")
        var response = try answer.response(to: request)
        response.headers["Access-Control-Allow-Origin"] = "*"
        return response
    }
}

extension Result where Failure == any Error, Success: Sendable {
    /// What came of some work.
    fileprivate init(_ work: () async throws -> Success) async {
        do { self = .success(try await work()) } catch { self = .failure(error) }
    }
}
