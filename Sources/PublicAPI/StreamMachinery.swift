// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import FoundationEssentials
internal import MartletFFmpeg
internal import MartletHTTP
internal import MartletHost
internal import MartletMedia
internal import MartletMediaChild
internal import MartletModel
internal import MartletPlanning
internal import MartletPorts
internal import MartletRedisStore
internal import MartletScheduling
internal import MartletStreaming

/// Everything that a running server of streams consists of.
final class StreamMachinery: Sendable {
    /// Where requests are answered.
    let url: String
    private let lock: FileLock
    private let controller: MartletStreaming.HLSController
    private let server: HTTPServer
    private let listening: Task<Void, Never>

    /// What it is made with, before it answers.
    private struct Tools {
        let files = LocalFiles()
        let time = SystemTime()
        let launcher = ProcessRunner()
        let metrics = StreamMetrics()
    }

    /// Begins to serve.
    ///
    /// - Parameters:
    ///   - path: the film or the directory; absolute.
    ///   - cacheDirectory: where segments are kept; absolute.
    init(
        serving path: String, host: String, port: Int, cacheDirectory: String,
        distributed: HLSController.Distributed, options: HLSController.Options
    ) async throws {
        let tools = Tools()
        let (files, time, metrics) = (tools.files, tools.time, tools.metrics)
        let environment = ProcessInfo.processInfo.environment
        let wanted = distributed.workerID ?? environment["HOSTNAME"] ?? MachineProbe().facts().hostName
        guard CacheName.isPlain(wanted) else {
            throw MartletError(
                code: "library.bad_worker_id", message: "\"\(wanted)\" cannot be the name of a node.",
                advice: "Use letters, digits, `.`, `-` and `_`.")
        }
        let place = try FileLock.takePlace(called: wanted, in: cacheDirectory + "/nodes")
        lock = place.lock
        let cache = SegmentCache(
            .init(directory: cacheDirectory, limit: ByteCount(options.cacheLimit), node: place.name),
            with: .init(files: files, inventory: files, time: time, metrics: metrics))
        let url = distributed.enabled ? distributed.redisURL ?? environment["REDIS_URL"] : nil
        let redis = try url.flatMap { $0.isEmpty ? nil : try RedisAddress($0) }
        var worker = PartWorker.Configuration(owner: "\(place.name) \(UUID().uuidString.prefix(8).lowercased())")
        worker.claimTime = distributed.claimTTL
        let claims = try await Self.claims(redis, fallsBack: distributed.fallbackToLocal, tools)
        let parts = PartWorker(
            worker, with: .init(claims: claims, cache: cache, caller: CurlCaller(), time: time, metrics: metrics))
        let maker = try Self.maker(options, scratch: cache.scratch, environment: environment, tools)
        var streams = try await maker.options(codec: VideoCodec(rawValue: options.codec.rawValue) ?? .h264).options
        streams.container = SegmentContainer(rawValue: options.container.rawValue) ?? .mp4
        streams.segmentMilliseconds = options.segmentDuration.nanoseconds / 1_000_000
        try streams.check()
        var configuration = MartletStreaming.HLSController.Configuration()
        configuration.patience = distributed.claimTTL + .seconds(30)
        configuration.demand.slots =
            options.slots > 0 ? options.slots : max(2, (MachineProbe().facts().processors + 1) / 2)
        controller = MartletStreaming.HLSController(
            options: streams, configuration: configuration,
            with: .init(
                maker: maker, worker: parts, cache: cache,
                records: FilmRecords(in: cacheDirectory, workplace: cache.workplace, files: files), files: files,
                inventory: files, time: time, metrics: metrics))
        try await controller.begin()
        let routes = StreamRoutes(
            with: .init(
                controller: controller,
                library: try await FilmLibrary(
                    serving: path, hiding: cacheDirectory, files: files, inventory: files),
                relief: parts, newName: { UUID().uuidString.lowercased().replacing("-", with: "") }, time: time,
                metrics: metrics))
        server = HTTPServer(configuration: HTTPServerConfiguration(host: host, port: port), handler: routes)
        let bound = try await server.start()
        self.url = "http://\(host.contains(":") ? "[\(host)]" : host):\(bound)"
        // Others reach it where its users do; an address for all interfaces is none.
        if redis != nil, host != "0.0.0.0", host != "::" { parts.isReached(at: self.url) }
        listening = Task { [controller] in await parts.listen(for: controller) }
    }

    /// Ends all work.
    func stop() async {
        listening.cancel()
        await controller.stop()
        await server.stop()
        withExtendedLifetime(lock) {}
    }

    private static func claims(
        _ redis: RedisAddress?, fallsBack: Bool, _ tools: Tools
    ) async throws -> any ClaimStore {
        let own = MemoryClaimStore(time: tools.time)
        guard let redis else { return own }
        let store = RedisClaimStore(at: redis)
        let shared = MeasuredClaimStore(store, time: tools.time, metrics: tools.metrics)
        guard fallsBack else {
            try await store.check()
            return shared
        }
        return FallbackClaimStore(shared, else: own, time: tools.time, metrics: tools.metrics)
    }

    private static func maker(
        _ options: HLSController.Options, scratch: String, environment: [String: String], _ tools: Tools
    ) throws -> StreamMaker {
        let program =
            try options.ffmpeg.map { FFmpegProgram(path: $0) } ?? FFmpegProgram.locate(environment: environment)
        let runner = FFmpegRunner(program: program, launcher: tools.launcher, time: tools.time)
        let catalog = FFmpegCatalog(
            program: program, launcher: tools.launcher, time: tools.time, cacheDirectory: nil)
        let reader: any MediaProber & SoundScanner =
            options.mediaProgram.map { executable in
                ChildMedia(
                    executable: executable, launcher: tools.launcher, time: tools.time, files: tools.files,
                    cacheDirectory: nil)
            } ?? MediaReader(files: tools.files, cacheDirectory: nil)
        return StreamMaker(
            reader: reader, encoder: runner, catalog: catalog, packager: MediaPackager(), files: tools.files,
            scratch: scratch)
    }
}
