// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import FoundationEssentials
import MartletAssembly
import MartletCoordinator
import MartletFFmpeg
import MartletHTTP
import MartletHost
import MartletMediaChild
import MartletModel
import MartletPorts
import MartletScheduling
import MartletWorker

/// A coordinator with everything around it, from its start to its end.
struct CoordinatorProcess {
    /// What is asked for.
    let request: ServeRequest
    /// What encodes, reads and joins.
    let local: LocalEngine

    /// Whatever a film does to the libraries that read it, it does not do it to the coordinator.
    private let media: ChildMedia

    /// Makes a coordinator that does nothing yet.
    init(request: ServeRequest, local: LocalEngine) {
        self.request = request
        self.local = local
        media = ChildMedia(
            launcher: local.launcher, time: local.time, files: local.files, cacheDirectory: local.scanDirectory)
    }

    private var settings: ServeSettings { request.settings }
    private var directory: String { request.directory }

    /// Serves until the calling task is cancelled, and ends in order.
    ///
    /// - Parameter ready: called with the address as soon as requests are answered.
    /// - Throws: a `CodedError` when it cannot begin.
    func run(ready: @escaping @Sendable (String) -> Void) async throws {
        OpenFileLimit.raise()
        try local.files.makeDirectory(directory)
        let lock = try FileLock(path: "\(directory)/lock", subject: directory)
        defer { withExtendedLifetime(lock) {} }
        let previews = try Previews(
            with: Previews.Surroundings(
                packager: media, files: local.files, time: local.time, directory: "\(directory)/previews",
                jobsDirectory: "\(directory)/jobs"))
        var surroundings = surroundings()
        surroundings.previews = previews
        let service = ClusterService(configuration: try configuration(), surroundings: surroundings)
        try await service.begin()
        let api = try await api(of: service, previews: previews)
        let telling = Task { try await api.run() }
        let server = HTTPServer(configuration: serverConfiguration(), handler: api.router)
        let working: Task<Void, Never>?
        do {
            let port = try await server.start()
            ready(url(port: port))
            Self.rest()
            working = settings.works ? try await worker(for: service) : nil
        } catch {
            await service.stop()
            throw error
        }
        await Self.untilCancelled()
        working?.cancel()
        await working?.value
        await service.stop()
        // Readers of events have heard the end by now; streams and callbacks go on after the next start.
        telling.cancel()
        _ = await telling.result
        await server.stop()
    }

    /// Waits for the calling task's cancellation.
    static func untilCancelled() async {
        let (endless, end) = AsyncStream.makeStream(of: Void.self)
        await withTaskCancellationHandler {
            for await _ in endless {}
        } onCancel: {
            end.finish()
        }
    }

    // MARK: Parts

    private func configuration() throws -> ClusterConfiguration {
        let roots = try MediaRoots(
            settings.roots.map { ($0.name, FilePath($0.path).text) } + [("uploads", try uploads())], files: local.files)
        var configuration = ClusterConfiguration(directory: directory, roots: roots)
        configuration.requiredWorkers = settings.requiredWorkers
        configuration.chunkSize = settings.chunkSize
        configuration.scheduling.retry.maximumAttempts = settings.retries + 1
        configuration.scheduling.retry.delay = .milliseconds(Int64(settings.retryDelay * 1000))
        configuration.scheduling.heartbeatTimeout = .milliseconds(Int64(settings.heartbeatTimeout * 1000))
        configuration.scheduling.leaseDuration = configuration.scheduling.heartbeatTimeout
        configuration.scheduling.maximumConcurrentJobs = settings.concurrentJobs
        let interval = Int64(settings.heartbeatTimeout * 1000 / 6)
        configuration.heartbeatInterval = .milliseconds(min(max(interval, 100), 5000))
        configuration.scheduling.prefetches = true
        return configuration
    }

    /// Gives back what beginning, or a job, needed. Two threads decide and answer most of the time.
    @Sendable private static func rest() { OwnMemory.settle(arenas: 2) }

    /// Where films are kept that users send.
    private func uploads() throws -> String {
        let path = "\(directory)/uploads"
        try local.files.makeDirectory(path)
        return path
    }

    private func surroundings() -> ClusterSurroundings {
        var reader = SubmissionReader()
        reader.encoderOptions = request.encoderOptions
        reader.verification = settings.isExact ? .counts : .none
        reader.outputName = settings.outputName
        var surroundings = ClusterSurroundings(
            in: directory, media: media, scenes: local.scenes, meter: local.meter, files: local.files,
            time: local.time, read: { [reader] in try reader.order($0) })
        surroundings.rested = Self.rest
        return surroundings
    }

    private func api(of service: ClusterService, previews: Previews) async throws -> ClusterAPI {
        var configuration = ClusterAPI.Configuration(version: Program.version)
        configuration.tokens = request.tokens
        configuration.uploads = SourceUploads.Place(
            directory: try uploads(), unfinished: "\(directory)/unfinished-uploads")
        configuration.jobsDirectory = "\(directory)/jobs"
        var surroundings = ClusterAPI.Surroundings(
            control: service, files: local.files, time: local.time, obstacle: { await service.hindrance })
        let caller = CurlCaller()
        let streams = try plainWorkers(calling: caller)
        surroundings.plainWorkers = streams
        let meshes = try await self.meshes(of: service, streams, calling: caller)
        surroundings.meshes = meshes
        surroundings.telling = ClusterAPI.Telling(
            caller: caller, signer: HMACSigner(), secret: settings.callbackSecret.map { Array($0.utf8) },
            directory: "\(directory)/callbacks")
        return try ClusterAPI(
            configuration, with: surroundings
        ) { metrics in
            service.meter.connect { Self.count($0, in: metrics) }
            return TransferRoutes(service: service, streams: streams, meshes: meshes) { figure in
                switch figure {
                case .sent(let bytes): metrics.transferred(bytes, .down)
                case .received(let bytes): metrics.transferred(bytes, .up)
                case .refused(let reason): metrics.transferRefused(reason)
                }
            }.routes + PreviewRoutes(service: service, previews: previews).routes
        }
    }

    /// The workers that take whole streams, and serve them themselves.
    private func plainWorkers(calling caller: CurlCaller) throws -> PlainWorkers {
        let (roots, files, media) = (try self.configuration().roots, local.files, self.media)
        return PlainWorkers(
            with: PlainWorkers.Surroundings(
                caller: caller, records: RecordFiles(in: "\(directory)/streams", files: files), time: local.time,
                locate: { try roots.place(of: $0, files: files).address },
                length: { address in
                    guard let path = try? roots.place(of: address.description, files: files).path,
                        let source = try? await media.describe(path: path)
                    else { return nil }
                    return source.durationMicroseconds.map { .microseconds($0) }
                }, newID: { JobID(UUID().uuidString.lowercased()) }))
    }

    /// The streams that several workers make.
    private func meshes(
        of service: ClusterService, _ streams: PlainWorkers, calling caller: CurlCaller
    ) async throws -> Meshes {
        let (roots, files) = (try configuration().roots, local.files)
        let meshes = Meshes(
            service: service, plainWorkers: streams,
            with: Meshes.Surroundings(
                caller: caller, reader: media, files: files,
                records: RecordFiles(in: "\(directory)/meshes", files: files), time: local.time,
                locate: { name in
                    let place = try roots.place(of: name, files: files)
                    return (place.address, place.path)
                }, newID: { JobID(UUID().uuidString.lowercased()) }))
        try await meshes.begin()
        return meshes
    }

    private static func count(_ figure: WorkMeter.Figure, in metrics: ClusterMetrics) {
        switch figure {
        case .dispatched(let duration): metrics.dispatched(after: duration)
        case .heartbeat(let transport): metrics.heartbeat(over: transport)
        case .attemptEnded(let result, let encoder, let duration):
            let (end, isUsed): (ClusterMetrics.AttemptEnd, Bool) =
                switch result {
                case .completed: (.completed, true)
                case .failed: (.failed, false)
                case .interrupted: (.interrupted, false)
                }
            metrics.attemptEnded(end, encoder: encoder, after: duration, isUsed: isUsed)
        }
    }

    private func serverConfiguration() -> HTTPServerConfiguration {
        var configuration = HTTPServerConfiguration(host: settings.host, port: settings.port)
        if let certificate = settings.certificate, let key = settings.key {
            configuration.tls = ServerTLS(
                certificate: certificate, key: key, clientAuthorities: settings.clientAuthority)
        }
        return configuration
    }

    private func url(port: Int) -> String {
        "\(settings.certificate == nil ? "http" : "https")://\(Authority(settings.host, port: port))"
    }

    // MARK: Its own worker

    /// Works in this process, until the task is cancelled.
    private func worker(for service: ClusterService) async throws -> Task<Void, Never> {
        let build = try await local.abilities.build()
        let room = WorkerRoom(processors: local.facts.processors, memory: local.facts.memory)
        var profile = WorkerProfile(
            id: WorkerID(local.facts.hostName), slots: room.slots, memory: room.memory, buildDigest: build.digest)
        var speed: (@Sendable () async throws -> Double?)?
        if settings.benchmarkSeconds > 0 {
            let measurement = SpeedMeasurement(
                encoder: local.ffmpeg, files: local.files, time: local.time, slots: room.slots,
                duration: .milliseconds(Int64(settings.benchmarkSeconds * 1000)))
            let (processors, place) = (local.facts.processors, local.cacheDirectory)
            profile.speed = await measurement.known(build: build, processors: processors, in: place)
            if profile.speed == nil {
                speed = { try await measurement.remembered(build: build, processors: processors, in: place) }
            }
        }
        return OwnWorker(
            of: service, encoder: local.ffmpeg, prober: local.reader, files: local.files, time: local.time
        ).work(as: profile, with: build, speed: speed)
    }
}
