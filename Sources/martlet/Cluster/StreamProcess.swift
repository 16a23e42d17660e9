// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletAssembly
import MartletCoordinator
import MartletHost
import MartletMediaChild
import MartletModel
import MartletPorts
import MartletStreaming

/// A server of streams in a process of its own, from its start to its end.
struct StreamProcess {
    /// What is asked for.
    let request: StreamRequest
    /// What encodes and reads.
    let local: LocalEngine

    private var settings: StreamSettings { request.settings }

    /// Serves until the calling task is cancelled, and ends in order.
    ///
    /// - Parameter told: called with the address as soon as requests are answered, and for what its user should know.
    /// - Throws: a `CodedError` when it cannot begin.
    func run(told: @escaping @Sendable (StreamNotice) -> Void) async throws {
        OpenFileLimit.raise()
        // Whatever a film does to the libraries that read it, it does not do it to this process.
        let reader = ChildMedia(
            launcher: local.launcher, time: local.time, files: local.files, cacheDirectory: local.scanDirectory)
        let tools = StreamService.Tools(
            encoder: local.ffmpeg, catalog: local.abilities, reader: reader, time: local.time,
            processors: local.facts.processors)
        if request.tokens == nil, !ServeRequestBuilder.isLoopback(settings.host) {
            told(.warning("Everyone who reaches this address may watch every film here; `--token-file` changes that."))
        }
        let service = try await StreamService(configuration(), with: tools, told: told)
        OwnMemory.settle(arenas: 2)
        await CoordinatorProcess.untilCancelled()
        await service.stop()
    }

    private func configuration() -> StreamService.Configuration {
        var configuration = StreamService.Configuration(
            path: request.path, cacheDirectory: request.cacheDirectory, name: settings.name ?? local.facts.hostName)
        configuration.cacheLimit = ByteCount(Int64(settings.cacheLimit))
        configuration.host = settings.host
        configuration.port = settings.port
        configuration.redis = request.redis
        configuration.fallsBack = settings.fallsBack
        configuration.claimTime = .milliseconds(settings.claimMilliseconds)
        configuration.codec = settings.codec
        configuration.hardware = request.hardware
        configuration.container = settings.container
        configuration.segmentMilliseconds = settings.segmentMilliseconds
        configuration.slots = settings.slots
        configuration.routes.requestsPerSecond = settings.requestsPerSecond
        if let tokens = request.tokens {
            let time = local.time
            configuration.token = tokens.presentable(atMilliseconds: time.wallMilliseconds())
            configuration.routes.accepts = { tokens.accepts($0, atMilliseconds: time.wallMilliseconds()) }
        }
        return configuration
    }
}
