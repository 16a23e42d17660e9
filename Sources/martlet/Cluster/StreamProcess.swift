// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import FoundationEssentials
import MartletCoordinator
import MartletHTTP
import MartletHost
import MartletMedia
import MartletMediaChild
import MartletModel
import MartletPlanning
import MartletPorts
import MartletScheduling
import MartletStreaming

/// A server of streams with everything around it, from its start to its end.
struct StreamProcess {
    /// What is asked for.
    let request: StreamRequest
    /// What encodes and reads.
    let local: LocalEngine

    private var settings: StreamSettings { request.settings }
    private var files: LocalFiles { local.files }

    /// Serves until the calling task is cancelled, and ends in order.
    ///
    /// - Parameter told: called with the address as soon as requests are answered, and for what its user should know.
    /// - Throws: a `CodedError` when it cannot begin.
    func run(told: @escaping @Sendable (StreamNotice) -> Void) async throws {
        OpenFileLimit.raise()
        let metrics = StreamMetrics()
        let (node, lock) = try FileLock.takePlace(
            called: settings.name ?? local.facts.hostName, in: request.cacheDirectory + "/nodes")
        defer { withExtendedLifetime(lock) {} }
        let cache = SegmentCache(
            .init(directory: request.cacheDirectory, limit: ByteCount(Int64(settings.cacheLimit)), node: node),
            with: .init(files: files, inventory: files, time: local.time, metrics: metrics))
        let streamNode = StreamNode(request: request, name: node, time: local.time, cache: cache, metrics: metrics)
        let worker = try await streamNode.worker(told: told)
        let reader = ChildMedia(
            launcher: local.launcher, time: local.time, files: files, cacheDirectory: local.scanDirectory)
        let maker = maker(reader, scratch: cache.scratch)
        let (options, warnings) = try await options(of: maker)
        for warning in warnings { told(.warning(warning)) }
        let controller = HLSController(
            options: options, configuration: configuration(),
            with: .init(
                maker: maker, worker: worker, cache: cache,
                records: FilmRecords(in: request.cacheDirectory, workplace: cache.workplace, files: files),
                files: files, inventory: files, time: local.time, metrics: metrics))
        try await controller.begin()
        let extras = ExtraFiles(
            with: .init(
                cache: cache, worker: worker, encoder: local.ffmpeg, packager: MediaPackager(), files: files,
                time: local.time))
        let routes = StreamRoutes(
            routing(),
            with: .init(
                controller: controller,
                library: try await FilmLibrary(
                    serving: request.path, hiding: request.cacheDirectory, files: files, inventory: files),
                extras: FilmExtras(making: extras, reader: reader, files: files),
                relief: worker,
                newName: { UUID().uuidString.lowercased().replacing("-", with: "") }, time: local.time,
                metrics: metrics))
        let server = HTTPServer(
            configuration: HTTPServerConfiguration(host: settings.host, port: settings.port), handler: routes)
        let port = try await server.start()
        let host = settings.host.contains(":") ? "[\(settings.host)]" : settings.host
        worker.isReached(at: await streamNode.address(port: port))
        let listening = Task { await worker.listen(for: controller) }
        told(.listening("http://\(host):\(port)"))
        OwnMemory.settle(arenas: 2)
        await CoordinatorProcess.untilCancelled()
        listening.cancel()
        await controller.stop()
        await server.stop()
        try? files.remove(cache.scratch)
    }

    /// Whatever a film does to the libraries that read it, it does not do it to this process.
    private func maker(_ reader: ChildMedia, scratch: String) -> StreamMaker {
        StreamMaker(
            reader: reader, encoder: local.ffmpeg, catalog: local.abilities, packager: MediaPackager(), files: files,
            scratch: scratch)
    }

    private func options(of maker: StreamMaker) async throws -> (StreamOptions, [String]) {
        var (options, warnings) = try await maker.options(codec: settings.codec, hardware: request.hardware)
        options.container = settings.container
        options.segmentMilliseconds = settings.segmentMilliseconds
        try options.check()
        return (options, warnings)
    }

    private func configuration() -> HLSController.Configuration {
        var configuration = HLSController.Configuration()
        // Another node may hold a claim for so long, and then its segment is made here.
        configuration.patience = .milliseconds(settings.claimMilliseconds) + .seconds(30)
        configuration.demand.slots =
            settings.slots > 0 ? settings.slots : max(2, (local.facts.processors + 1) / 2)
        return configuration
    }

    private func routing() -> StreamRoutes.Configuration {
        var configuration = StreamRoutes.Configuration()
        configuration.requestsPerSecond = settings.requestsPerSecond
        if let tokens = request.tokens {
            let time = local.time
            configuration.accepts = { tokens.accepts($0, atMilliseconds: time.wallMilliseconds()) }
        }
        return configuration
    }
}
