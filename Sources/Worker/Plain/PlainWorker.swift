// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletModel
package import MartletPorts
import MartletWire

/// A worker of the plain JSON protocol: one stream at a time, which it serves itself while it encodes.
///
/// It is the handler of the worker's own HTTP port: `POST /jobs`, `DELETE
/// /jobs/{id}`, `GET /hls/{name}/{file}` and `GET /healthz`.
package actor PlainWorker: HTTPHandler {
    /// What the user decides.
    package struct Configuration: Sendable {
        /// Where the coordinator is.
        package var coordinator: CoordinatorAddress
        /// The worker's name.
        package var id: WorkerID
        /// The address that others reach this machine at.
        package var address: String
        /// The port of the worker's HTTP server.
        package var port: Int
        /// Which hardware is tried, and told of when it works; streams are encoded in software.
        package var hardware = HardwareChoice.auto
        /// The media roots that this machine has: names and paths.
        package var mediaRoots: [String: String] = [:]
        /// Where streams lie; no other process uses it.
        package var directory: String
        /// How often the worker says that it is there. Default 15 s.
        package var heartbeatInterval: Duration = .seconds(15)
        /// Called when the coordinator has heard for the first time where this worker listens.
        package var joined: @Sendable () -> Void = {}
        /// Added to the niceness of every run, 0 to 19.
        package var niceness = 0

        /// Makes a configuration with the defaults.
        package init(
            coordinator: CoordinatorAddress, id: WorkerID, address: String, port: Int, directory: String
        ) {
            self.coordinator = coordinator
            self.id = id
            self.address = address
            self.port = port
            self.directory = directory
        }
    }

    /// A stream that is there, or comes to be.
    private struct Stream {
        let job: JobID
        let name: String
        let directory: String
        /// What it is made in; `nil` when it is done.
        var encoding: Task<Void, Never>?
    }

    /// How many streams that are done are still served.
    private static let kept = 4
    /// How often the coordinator hears how far a stream is.
    private static let reportInterval: Duration = .seconds(2)

    private let configuration: Configuration
    private let surroundings: RemoteWorker.Surroundings
    private let calls: PlainCalls
    private let roots: SharedRoots
    /// The oldest first.
    private var streams: [Stream] = []
    private var proxy: SourceProxy?
    private var hardwareKinds: [String] = []
    private var waiters: [CheckedContinuation<Void, Never>] = []
    private var openedFilms = 0
    private var hasJoined = false

    /// Makes a worker that is not at work yet.
    package init(configuration: Configuration, surroundings: RemoteWorker.Surroundings) {
        self.configuration = configuration
        self.surroundings = surroundings
        calls = PlainCalls(
            coordinator: configuration.coordinator, caller: surroundings.caller, time: surroundings.time)
        roots = SharedRoots(roots: configuration.mediaRoots, files: surroundings.files)
    }

    /// Says that the worker is there, until the calling task is cancelled; then what runs is ended.
    ///
    /// - Throws: the coordinator's code when it refuses the worker; a `CodedError` when the directory cannot be used.
    package func run() async throws {
        try surroundings.files.remove("\(configuration.directory)/hls")
        try surroundings.files.makeDirectory("\(configuration.directory)/hls")
        hardwareKinds = await Abilities(catalog: surroundings.catalog, hardware: configuration.hardware)
            .hardwareKinds(of: try await surroundings.catalog.build())
        let cache = try SourceCache(
            directory: "\(configuration.directory)/sources", files: surroundings.files,
            coordinator: configuration.coordinator, caller: surroundings.caller, time: surroundings.time)
        let proxy = SourceProxy(cache: cache)
        let service = try await surroundings.serve(proxy)
        proxy.isServed(onPort: service.port)
        self.proxy = proxy
        let result: Result<Void, any Error>
        do {
            while !Task.isCancelled {
                try await beat()
                try await surroundings.time.sleep(until: surroundings.time.now() + configuration.heartbeatInterval)
            }
            result = .success(())
        } catch is CancellationError {
            result = .success(())
        } catch {
            result = .failure(error)
        }
        for encoding in streams.compactMap(\.encoding) {
            encoding.cancel()
            await encoding.value
        }
        await service.stop()
        await cache.close()
        // A task of its own, since this one may be over.
        await Task { [calls, configuration] in await calls.leave(configuration.id) }.value
        try result.get()
    }

    package func respond(to request: HTTPRequest) async -> HTTPResponse {
        let parts = request.path.split(separator: "/")
        switch (request.method, parts.first, parts.count) {
        case ("POST", "jobs", 1): return await take(request)
        case ("DELETE", "jobs", 2): return await cancel(PercentEncoding.decoded(parts[1]) ?? "")
        case ("GET", "healthz", 1), ("HEAD", "healthz", 1): return Self.json(200, ["status": "ok"])
        case ("GET", "hls", 3), ("HEAD", "hls", 3):
            return await file(PercentEncoding.decoded(parts[2]) ?? "", of: PercentEncoding.decoded(parts[1]) ?? "")
        case (_, "jobs", 1): return HTTPResponse(status: 405, headers: ["Allow": "POST"])
        case (_, "jobs", 2): return HTTPResponse(status: 405, headers: ["Allow": "DELETE"])
        default: return HTTPResponse(status: 404)
        }
    }

    private func beat() async throws {
        let isBusy = streams.contains { $0.encoding != nil }
        let load = surroundings.meter.measure()
        let isHeard = try await calls.beat(
            PlainHeartbeat(
                workerID: configuration.id, ipAddress: configuration.address, port: configuration.port, os: "linux",
                hwAccel: hardwareKinds, status: isBusy ? "processing" : "idle",
                cpuUsage: (load.processors * 100).rounded()))
        guard isHeard, !hasJoined else { return }
        hasJoined = true
        configuration.joined()
    }
}

/// The worker's HTTP port.
extension PlainWorker {
    private func take(_ request: HTTPRequest) async -> HTTPResponse {
        guard let body = try? await request.body.collected(upTo: 64 << 10),
            let assignment = try? MessageText.decode(PlainAssignment.self, from: body),
            !assignment.jobID.text.isEmpty, let command = StreamCommand(assignment)
        else {
            return Self.answer(400, "this is no job: job_id and source_path are wanted, and values that make sense")
        }
        if let known = streams.first(where: { $0.job == assignment.jobID && $0.encoding != nil }) {
            // Asked again because the answer was lost.
            return Self.answer(202, url(of: known))
        }
        guard !streams.contains(where: { $0.encoding != nil }), proxy != nil else {
            return Self.answer(409, "this worker is busy")
        }
        var name = StreamFiles.name(of: assignment.sourcePath)
        while streams.contains(where: { $0.name == name }) { name += "-\(streams.count)" }
        let directory = "\(configuration.directory)/hls/\(name)"
        do { try surroundings.files.makeDirectory(directory) } catch { return Self.answer(507, "\(error)") }
        var stream = Stream(job: assignment.jobID, name: name, directory: directory)
        stream.encoding = Task { await self.encode(command, assignment, name: name) }
        streams.append(stream)
        for old in streams.dropLast(Self.kept + 1) { remove(old.name) }
        Task { try? await self.beat() }
        return Self.answer(202, url(of: stream))
    }

    private func cancel(_ job: String) async -> HTTPResponse {
        guard let stream = streams.last(where: { $0.job.text == job }) else { return HTTPResponse(status: 404) }
        stream.encoding?.cancel()
        await stream.encoding?.value
        remove(stream.name)
        return HTTPResponse(status: 204)
    }

    private func file(_ file: String, of name: String) async -> HTTPResponse {
        guard let stream = streams.first(where: { $0.name == name }) else { return HTTPResponse(status: 404) }
        let path = "\(stream.directory)/\(StreamCommand.playlist)"
        // Players ask as soon as they know the address; every report of the run is a reason to look again.
        let deadline = Task { [time = surroundings.time] in
            if (try? await time.sleep(until: time.now() + .seconds(20))) != nil { self.wake() }
        }
        defer { deadline.cancel() }
        let end = surroundings.time.now() + .seconds(20)
        while file == StreamCommand.playlist, !surroundings.files.exists(path), surroundings.time.now() < end,
            !Task.isCancelled, streams.contains(where: { $0.name == name && $0.encoding != nil })
        {
            await withCheckedContinuation { waiters.append($0) }
        }
        return StreamFiles.response(file, in: stream.directory, files: surroundings.files)
    }

    private static func answer(_ status: Int, _ text: String) -> HTTPResponse {
        json(status, status < 300 ? ["status": "accepted", "stream_url": text] : ["status": "refused", "error": text])
    }

    private static func json(_ status: Int, _ fields: [String: String]) -> HTTPResponse {
        let body = (try? MessageText.encode(fields)) ?? "{}"
        return HTTPResponse(
            status: status, headers: ["Content-Type": MediaType.json], body: .bytes(Array(body.utf8)))
    }

    private func url(of stream: Stream) -> String {
        let authority = Authority(configuration.address, port: configuration.port)
        return "http://\(authority)/hls/\(PercentEncoding.encoded(stream.name))/\(StreamCommand.playlist)"
    }
}

/// The encode.
extension PlainWorker {
    private func encode(_ command: StreamCommand, _ assignment: PlainAssignment, name: String) async {
        guard let stream = streams.first(where: { $0.name == name }) else { return }
        let lease = LeaseToken(
            job: assignment.jobID, task: TaskID.stream, epoch: Epoch(1), worker: configuration.id)
        var status = PlainStatus(jobID: assignment.jobID, state: "processing", progress: 0, streamURL: url(of: stream))
        do {
            let source = try await openSource(assignment, lease)
            if let length = source.length, length > 0, command.start >= length {
                let (end, begin) = ((length * 10).rounded() / 10, (command.start * 10).rounded() / 10)
                throw WorkerError(
                    .badOrder, "\(assignment.sourcePath) ends at \(end) s, and the stream would begin at \(begin) s",
                    advice: "Begin the stream earlier.")
            }
            status = try await run(
                EncoderRun(
                    arguments: command.arguments(source: source.input, directory: stream.directory),
                    niceness: configuration.niceness),
                of: name, length: source.length.map { $0 - command.start }, status)
            let use = await proxy?.close(lease)
            if let failure = use?.failure { throw failure }
            status.state = "completed"
            status.progress = 100
        } catch {
            _ = await proxy?.close(lease)
            status.state = "failed"
            status.error = AttemptFailure(error).message
            if Task.isCancelled || error is CancellationError {
                settle(name)
                remove(name)
                return
            }
        }
        settle(name)
        // With the new state first, so that the coordinator does not think it busy.
        try? await beat()
        await calls.conclude(status)
        if status.state == "failed" { remove(name) }
    }

    /// Encodes, and says how far it is.
    private func run(
        _ run: EncoderRun, of name: String, length: Double?, _ start: PlainStatus
    ) async throws -> PlainStatus {
        var status = start
        let (reports, sink) = AsyncStream.makeStream(of: RunProgress.self, bufferingPolicy: .bufferingNewest(1))
        let encoder = surroundings.encoder
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                defer { sink.finish() }
                _ = try await encoder.run(run) { sink.yield($0) }
            }
            var last = surroundings.time.now()
            guard await calls.report(status) else { throw CancellationError() }
            for await report in reports {
                wake()
                status.fps = report.framesPerSecond ?? status.fps
                if let length, length > 0, let done = report.outputMicroseconds {
                    // Ffmpeg's last report comes before the last segment is written.
                    status.progress = min(99.9, (Double(max(done, 0)) / 1e4 / length * 10).rounded() / 10)
                }
                let now = surroundings.time.now()
                guard now - last >= Self.reportInterval else { continue }
                last = now
                guard await calls.report(status) else { throw CancellationError() }
            }
            try await group.waitForAll()
            return status
        }
    }

    /// The source as ffmpeg can read it, and its length in seconds; `nil` when that is not known.
    ///
    /// What lies in a media root of this machine is read there, unless the coordinator has another film of that name.
    private func openSource(
        _ assignment: PlainAssignment, _ lease: LeaseToken
    ) async throws -> (input: String, length: Double?) {
        let path = roots.place(of: assignment.sourcePath)
        let known: PlainCalls.KnownSource?
        if path == nil {
            known = try await calls.source(of: lease.job)
        } else {
            known = try? await calls.source(of: lease.job)
        }
        if let path, try await isSame(path, known?.content) { return (path, try await length(of: path)) }
        guard let proxy, let known else {
            throw WorkerError(
                .transferFailed,
                "\(assignment.sourcePath) is in no media root of this worker, and the coordinator does not give it out",
                advice: "Add --media-root to the worker, or check that the film is still there.")
        }
        return (try await proxy.open(lease, known.content, name: assignment.sourcePath), known.length)
    }

    /// What a worker must know to make parts of a stream, as the coordinator says it.
    ///
    /// - Throws: `WorkerError`, the caller's error.
    package func meshOrder(of job: JobID) async throws -> [UInt8] { try await calls.meshOrder(of: job) }

    /// A film as ffmpeg can read it for a while.
    package struct OpenFilm: Sendable {
        /// Its path here, or the address of this machine's proxy.
        package var input: String
        /// What it holds, where it is read by the proxy.
        package var content: Fingerprint?
        /// Ends the reading; throws why the film could not be read, where it could not.
        package var close: @Sendable () async throws -> Void
    }

    /// Opens the film of a job that the coordinator knows.
    ///
    /// - Parameter sourcePath: where it lies below all media roots.
    /// - Throws: `WorkerError`, the caller's error.
    package func openFilm(of job: JobID, sourcePath: String) async throws -> OpenFilm {
        openedFilms += 1
        let lease = LeaseToken(
            job: job, task: TaskID("part-\(openedFilms)"), epoch: Epoch(1), worker: configuration.id)
        guard let known = try await calls.source(of: job), let proxy else {
            throw WorkerError(
                .transferFailed, "the coordinator does not give out the source of \(job)",
                advice: "Check that the film is still there.")
        }
        if let path = roots.place(of: sourcePath), try await isSame(path, known.content) {
            return OpenFilm(input: path, content: nil, close: {})
        }
        let input = try await proxy.open(lease, known.content, name: sourcePath)
        return OpenFilm(input: input, content: known.content) {
            if let failure = await proxy.close(lease).failure { throw failure }
        }
    }

    private func isSame(_ path: String, _ content: Fingerprint?) async throws -> Bool {
        guard let content else { return true }
        let own = try await surroundings.files.fingerprint(of: path)
        return own.size == content.size && own.digest == content.digest
    }

    /// The source's length in seconds; `nil` when it does not say.
    private func length(of path: String) async throws -> Double? {
        try await surroundings.prober.describe(path: path).durationMicroseconds.map { Double($0) / 1e6 }
    }

    private func settle(_ name: String) {
        for index in streams.indices where streams[index].name == name { streams[index].encoding = nil }
        wake()
    }

    private func remove(_ name: String) {
        guard let stream = streams.first(where: { $0.name == name }), stream.encoding == nil else { return }
        try? surroundings.files.remove(stream.directory)
        streams.removeAll { $0.name == name }
    }

    private func wake() {
        let woken = waiters
        waiters = []
        for waiter in woken { waiter.resume() }
    }
}
