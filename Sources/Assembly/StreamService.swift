// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import FoundationEssentials
internal import MartletHTTP
package import MartletHost
internal import MartletMedia
package import MartletModel
internal import MartletPlanning
package import MartletPorts
package import MartletRedisStore
internal import MartletScheduling
package import MartletStreaming

/// A server of streams that runs, with everything that it consists of.
package final class StreamService: Sendable {
    /// What is asked for.
    package struct Configuration: Sendable {
        /// The film, or the directory of films; absolute.
        package var path: String
        /// Where segments are kept; absolute.
        package var cacheDirectory: String
        /// How many bytes of them at the most. Default 20 GB.
        package var cacheLimit = ByteCount(20_000_000_000)
        /// The address that it listens on. Default 127.0.0.1.
        package var host = "127.0.0.1"
        /// The port that it listens on. Default 0, any that is free.
        package var port = 0
        /// What the node is called; such that `CacheName.isPlain`.
        package var name: String
        /// Through which Redis nodes share their work; `nil` for none.
        package var redis: RedisAddress?
        /// Whether it goes on alone while Redis cannot be reached. Default true.
        package var fallsBack = true
        /// How long a claim is valid without being renewed. Default 60 s.
        package var claimTime: Duration = .seconds(60)
        /// What the other nodes want to be shown.
        package var token: String?
        /// What the picture is encoded in. Default H.264.
        package var codec = VideoCodec.h264
        /// Which hardware may encode. Default any.
        package var hardware = HardwareChoice.auto
        /// How segments are wrapped. Default MP4.
        package var container = SegmentContainer.mp4
        /// The wanted length of a segment, in milliseconds. Default 4 s.
        package var segmentMilliseconds: Int64 = 4_000
        /// How many segments are made at once; 0, the default, goes by processors.
        package var slots = 0
        /// Who is let in, and how often.
        package var routes = StreamRoutes.Configuration()

        /// Makes a configuration.
        package init(path: String, cacheDirectory: String, name: String) {
            self.path = path
            self.cacheDirectory = cacheDirectory
            self.name = name
        }
    }

    /// What it works with, besides the network and the disk.
    package struct Tools: Sendable {
        /// Runs ffmpeg.
        package var encoder: any EncoderRunner
        /// Knows that ffmpeg.
        package var catalog: any EncoderCatalog
        /// Reads films, in a child process where they are not trusted.
        package var reader: any MediaProber & SoundScanner
        /// Tells the time.
        package var time: SystemTime
        /// How many processors the machine has.
        package var processors: Int

        /// Makes a set of tools.
        package init(
            encoder: any EncoderRunner, catalog: any EncoderCatalog, reader: any MediaProber & SoundScanner,
            time: SystemTime, processors: Int
        ) {
            self.encoder = encoder
            self.catalog = catalog
            self.reader = reader
            self.time = time
            self.processors = processors
        }
    }

    /// Where requests are answered.
    package let url: String
    /// Held as long as the node has its name.
    private let lock: FileLock
    private let controller: HLSController
    private let server: HTTPServer
    private let listening: Task<Void, Never>
    private let scratch: String
    private let files = LocalFiles()

    /// Begins to serve.
    ///
    /// - Parameter told: called with the address as soon as requests are answered, and for what its user should know; from
    ///   any thread.
    /// - Throws: a `CodedError` when it cannot begin.
    package init(
        _ configuration: Configuration, with tools: Tools,
        told: @escaping @Sendable (StreamNotice) -> Void = { _ in }
    ) async throws {
        let (time, metrics) = (tools.time, StreamMetrics())
        let (name, lock) = try FileLock.takePlace(
            called: configuration.name, in: configuration.cacheDirectory + "/nodes")
        self.lock = lock
        let cache = SegmentCache(
            .init(directory: configuration.cacheDirectory, limit: configuration.cacheLimit, node: name),
            with: .init(files: files, inventory: files, time: time, metrics: metrics))
        scratch = cache.scratch
        let node = StreamNode(configuration: configuration, name: name, time: time, cache: cache, metrics: metrics)
        let worker = try await node.worker(told: told)
        let maker = StreamMaker(
            reader: tools.reader, encoder: tools.encoder, catalog: tools.catalog, packager: MediaPackager(),
            files: files, scratch: cache.scratch)
        let (options, warnings) = try await Self.options(configuration, of: maker)
        for warning in warnings { told(.warning(warning)) }
        controller = HLSController(
            options: options, configuration: Self.figures(configuration, processors: tools.processors),
            with: .init(
                maker: maker, worker: worker, cache: cache,
                records: FilmRecords(in: configuration.cacheDirectory, workplace: cache.workplace, files: files),
                files: files, inventory: files, time: time, metrics: metrics))
        try await controller.begin()
        let extras = ExtraFiles(
            with: .init(
                cache: cache, worker: worker, encoder: tools.encoder, packager: MediaPackager(), files: files,
                time: time))
        let routes = StreamRoutes(
            configuration.routes,
            with: .init(
                controller: controller,
                library: try await FilmLibrary(
                    serving: configuration.path, hiding: configuration.cacheDirectory, files: files, inventory: files),
                extras: FilmExtras(making: extras, reader: tools.reader, files: files), relief: worker,
                readiness: { await worker.readiness() },
                newName: { UUID().uuidString.lowercased().replacing("-", with: "") }, time: time, metrics: metrics))
        server = HTTPServer(
            configuration: HTTPServerConfiguration(host: configuration.host, port: configuration.port),
            handler: routes)
        let port = try await server.start()
        worker.isReached(at: await node.address(port: port))
        listening = Task { [controller] in await worker.listen(for: controller) }
        url = "http://\(Authority(configuration.host, port: port))"
        told(.listening(url))
    }

    /// Ends all work; what was made is kept.
    package func stop() async {
        listening.cancel()
        await controller.stop()
        await server.stop()
        try? files.remove(scratch)
        withExtendedLifetime(lock) {}
    }

    private static func options(
        _ configuration: Configuration, of maker: StreamMaker
    ) async throws -> (options: StreamOptions, warnings: [String]) {
        var (options, warnings) = try await maker.options(
            codec: configuration.codec, hardware: configuration.hardware)
        options.container = configuration.container
        options.segmentMilliseconds = configuration.segmentMilliseconds
        try options.check()
        return (options, warnings)
    }

    private static func figures(_ configuration: Configuration, processors: Int) -> HLSController.Configuration {
        var figures = HLSController.Configuration()
        // Another node may hold a claim for so long where it is not missed, and then its segment is made here.
        figures.patience = max(figures.patience, configuration.claimTime + .seconds(30))
        figures.demand.slots = configuration.slots > 0 ? configuration.slots : max(2, (processors + 1) / 2)
        return figures
    }
}
