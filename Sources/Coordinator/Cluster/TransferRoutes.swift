// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletModel
internal import MartletPorts
import MartletWire

/// Carries media between the coordinator's disk and workers that do not share it.
///
/// Sources go out in the parts that are asked for; results come in in parts, each with its digest, and can go on after
/// a broken connection where they stopped.
package struct TransferRoutes: Sendable {
    /// One figure about what is carried.
    package enum Figure: Sendable {
        /// So many bytes went out.
        case sent(Int64)
        /// So many came in.
        case received(Int64)
        /// A part of a result was refused: `damaged` on its way, or of a lease that does not hold (`stale_lease`).
        case refused(String)
    }

    private let service: ClusterService
    private let streams: PlainWorkers?
    private let meshes: Meshes?
    private let files: any FileStore & FileParts
    private let meter: @Sendable (Figure) -> Void

    /// Makes the routes of a service.
    ///
    /// - Parameter streams: whose sources are given out, too.
    package init(
        service: ClusterService, streams: PlainWorkers? = nil, meshes: Meshes? = nil,
        meter: @escaping @Sendable (Figure) -> Void = { _ in }
    ) {
        self.service = service
        self.streams = streams
        self.meshes = meshes
        self.files = service.surroundings.files
        self.meter = meter
    }

    /// What workers ask of it.
    package var routes: [Route] {
        let offset = Operation.Answer(204, "How far it is: `Upload-Offset`.")
        let lease = [
            Operation.Field("task", .text, "The task.", isRequired: true),
            Operation.Field("epoch", .integer(1...Int64(Int32.max)), "The lease's epoch.", isRequired: true),
            Operation.Field("worker", .text, "The lease's worker.", isRequired: true),
        ]
        let part = [
            Operation.Field("offset", .integer(0...Int64.max), "Where the part begins.", isRequired: true),
            Operation.Field("size", .integer(1...Int64.max), "The size of the whole result.", isRequired: true),
        ]
        return [
            Route(
                "GET", WorkerProtocol.path, access: .tokenOrQuery,
                Operation("connectWorker", "Becomes a worker's WebSocket.", answers: [.init(101, "A WebSocket.")])
            ) { _ in
                let service = self.service
                return HTTPResponse(status: 101, body: .heardWebSocket { service.listener(to: $0) })
            },
            Route(
                "GET", "/api/v1/jobs/{id}/source",
                Operation(
                    "getJobSource", "The file that a job's tasks or its stream read.",
                    fields: [.init("Range", .text, "Part of it, such as `bytes=0-999`.", isHeader: true)],
                    answers: [
                        .init(200, "The file.", .bytes(MediaType.bytes)),
                        .init(206, "Part of the file.", .bytes(MediaType.bytes)),
                    ])
            ) { try await self.source($0) },
            Route(
                "GET", "/api/v1/jobs/{id}/results/{file}",
                Operation(
                    "getResult", "What a task of a job made.",
                    answers: [.init(200, "The file, or a part of it.", .bytes(MediaType.bytes))])
            ) { try await self.result($0) },
            Route(
                "PUT", "/api/v1/jobs/{id}/results/{file}",
                Operation(
                    "putResult", "Takes a part of what a task made, from the holder of its lease.",
                    fields: lease + part, body: .bytes(MediaType.bytes), answers: [offset])
            ) { try await self.take($0) },
            Route(
                "HEAD", "/api/v1/jobs/{id}/results/{file}",
                Operation("getUploadOffset", "How far an upload is.", fields: lease, answers: [offset])
            ) { try await self.offset($0) },
        ]
    }

    // MARK: Out

    private func source(_ routed: RoutedRequest) async throws -> HTTPResponse {
        let job = JobID(routed.parameter("id"))
        let source = try await wanted(by: job)
        let content = try? await files.fingerprint(of: source.path)
        guard let content, source.content == nil || content == source.content else {
            throw CoordinatorError(.sourceChanged, "the source of job \(job) changed after it was planned")
        }
        let tag = DataPlane.entityTag(of: content)
        if let wanted = routed.request.headers["If-Match"], wanted != tag {
            throw CoordinatorError(.sourceChanged, "the source of job \(job) is not the one that is asked for")
        }
        var response = try await file(
            FileAnswer(path: source.path, fingerprint: content, mediaType: MediaType.bytes, tag: tag), routed)
        if let length = source.length { response.headers[DataPlane.contentDuration] = "\(length.inSeconds)" }
        return response
    }

    /// What a job reads, on this machine.
    private struct Wanted {
        var path: String
        /// What it must hold; `nil` for whatever is there.
        var content: Fingerprint?
        /// Its length; `nil` when it is not known, or not asked for.
        var length: Duration?
    }

    private func wanted(by job: JobID) async throws -> Wanted {
        if let source = await service.engine?.coordinator.source(of: job) {
            return Wanted(path: source.path, content: source.content)
        }
        if let address = await meshes?.source(of: job) {
            return Wanted(path: try service.configuration.roots.place(of: address.description, files: files).path)
        }
        guard let stream = await streams?.source(of: job) else {
            _ = try await coordinator(of: job)
            throw CoordinatorError(.unknownJob, "no job \(job) is at work")
        }
        let place = try service.configuration.roots.place(of: stream.address.description, files: files)
        return Wanted(path: place.path, length: stream.length)
    }

    private func result(_ routed: RoutedRequest) async throws -> HTTPResponse {
        let path = try await path(of: routed)
        guard let content = try? await files.fingerprint(of: path) else {
            throw APIError(.notFound, "There is no such result.")
        }
        return try await file(FileAnswer(path: path, fingerprint: content, mediaType: MediaType.bytes), routed)
    }

    private func file(_ answer: FileAnswer, _ routed: RoutedRequest) async throws -> HTTPResponse {
        var response = try answer.response(to: routed.request)
        guard case .file(let path, let bytes) = response.body, routed.request.method == "GET" else { return response }
        if routed.request.headers[DataPlane.wantedDigest.field]?.contains("sha-256") == true {
            let digest = try await files.digest(of: path, bytes: bytes)
            response.headers[DataPlane.contentDigest] = DataPlane.digestField(digest)
        }
        meter(.sent(Int64(bytes.count)))
        return response
    }

    // MARK: In

    private func take(_ routed: RoutedRequest) async throws -> HTTPResponse {
        let (final, partial) = try await places(routed)
        let offset = try Self.number("offset", routed)
        let size = try Self.number("size", routed)
        if files.exists(final) { return Self.progress(size, status: 204) }
        let present = (try? files.size(of: partial).bytes) ?? 0
        guard offset <= present else { return Self.progress(present, status: 409) }
        guard try files.freeSpace(at: partial) >= service.configuration.spaceReserve else {
            throw CoordinatorError(.noSpace, "the coordinator's disk is full", isRetryable: true)
        }
        guard let bytes = try await routed.request.body.collected(upTo: max(service.configuration.chunkSize, 1 << 20))
        else { throw APIError(.tooLarge, "A part has at most \(service.configuration.chunkSize) bytes.") }
        guard offset + Int64(bytes.count) <= size else {
            throw APIError.badField("size", "the part goes beyond the whole")
        }
        try check(bytes, against: routed.request.headers[DataPlane.contentDigest])
        try await files.write(bytes, to: partial, at: offset)
        meter(.received(Int64(bytes.count)))
        let reached = max(present, offset + Int64(bytes.count))
        if reached == size { try await files.publish(partial, as: final) }
        return Self.progress(reached, status: 204)
    }

    private func offset(_ routed: RoutedRequest) async throws -> HTTPResponse {
        let (final, partial) = try await places(routed)
        if let size = try? files.size(of: final) { return Self.progress(size.bytes, status: 204) }
        return Self.progress((try? files.size(of: partial).bytes) ?? 0, status: 204)
    }

    /// Where the result of a lease that holds goes, and where it grows.
    private func places(_ routed: RoutedRequest) async throws -> (final: String, partial: String) {
        let query = routed.request
        guard let task = query.query("task"), let worker = query.query("worker") else {
            throw APIError.badField("task", "task, epoch and worker say whose result it is")
        }
        let epoch = try Self.number("epoch", routed)
        let lease = LeaseToken(
            job: JobID(routed.parameter("id")), task: TaskID(task), epoch: Epoch(Int(clamping: epoch)),
            worker: WorkerID(worker))
        guard try await coordinator(of: lease.job).holds(lease) else {
            meter(.refused("stale_lease"))
            throw CoordinatorError(.staleLease, "worker \(worker) does not hold task \(task) in epoch \(epoch)")
        }
        let name = routed.parameter("file")
        guard name.hasPrefix("\(task).\(epoch).") else {
            throw APIError.badField("file", "\(name) is not the result of task \(task) in epoch \(epoch)")
        }
        let final = try await path(of: routed)
        let directory = final.dropLast(name.count + 1)
        return (final, "\(directory)/.\(name).upload")
    }

    private func path(of routed: RoutedRequest) async throws -> String {
        let job = JobID(routed.parameter("id"))
        let coordinator = try await coordinator(of: job)
        guard await coordinator.source(of: job) != nil else {
            throw CoordinatorError(.unknownJob, "no job \(job) is at work")
        }
        let name = routed.parameter("file")
        guard !name.hasPrefix(".") else { throw APIError(.notFound, "There is no such result.") }
        return "\(await coordinator.directory(of: job))/\(name)"
    }

    /// Who conducts a job.
    ///
    /// - Throws: `APIError.notReady` while that is not known, since the coordinator began a moment ago: what a worker
    ///   still does for the job counts, and it asks again.
    private func coordinator(of job: JobID) async throws -> Coordinator {
        let engine = try await service.working()
        guard await !service.isReturning(job) else {
            throw APIError(.notReady, "job \(job) is being taken up again.", advice: "Try again a little later.")
        }
        return engine.coordinator
    }

    /// Compares a part with its digest.
    ///
    /// Source: <https://www.rfc-editor.org/rfc/rfc9530>
    private func check(_ bytes: [UInt8], against field: String?) throws {
        guard let expected = field.flatMap({ DataPlane.digest(inField: $0) }) else {
            throw APIError.badField(DataPlane.contentDigest, "each part needs its SHA-256, as sha-256=:BASE64:")
        }
        guard files.digest(of: bytes) == expected else {
            meter(.refused("damaged"))
            throw APIError(.digestMismatch, "The part was damaged on its way.", advice: "Send it again.")
        }
    }

    private static func number(_ name: String, _ routed: RoutedRequest) throws -> Int64 {
        guard let value = routed.request.query(name).flatMap({ Int64($0) }), value >= 0 else {
            throw APIError.badField(name, "a whole number is wanted")
        }
        return value
    }

    private static func progress(_ offset: Int64, status: Int) -> HTTPResponse {
        HTTPResponse(status: status, headers: [DataPlane.uploadOffset: "\(offset)", "Cache-Control": "no-store"])
    }
}
