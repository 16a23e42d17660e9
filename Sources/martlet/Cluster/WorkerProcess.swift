// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import Dispatch
import MartletHTTP
import MartletHost
import MartletModel
import MartletPorts
import MartletWorker
import Synchronization

/// A worker with everything around it, from its start to its end.
struct WorkerProcess {
    /// What is asked for.
    let request: WorkRequest
    /// What encodes and reads.
    let local: LocalEngine

    private var settings: WorkSettings { request.settings }

    /// Works until the calling task is cancelled, or until it is not wanted any more.
    ///
    /// - Parameter told: called for what its user should know.
    /// - Throws: a `CodedError` when it cannot begin, or was refused.
    func run(told: @escaping @Sendable (WorkerNotice) -> Void) async throws {
        OpenFileLimit.raise()
        let name = settings.name ?? local.facts.hostName
        let directory = workDirectory(of: name)
        try local.files.makeDirectory(directory)
        let lock = try FileLock(path: "\(directory)/lock", subject: directory)
        defer { withExtendedLifetime(lock) {} }
        let surroundings = await surroundings()
        let streams = Task { await serveStreams(name: name, directory: directory, with: surroundings, told: told) }
        let result: Result<Void, any Error>
        do {
            let worker = RemoteWorker(
                configuration: configuration(name: name, directory: directory, told: told), surroundings: surroundings)
            result = .success(try await worker.run())
        } catch {
            result = .failure(error)
        }
        streams.cancel()
        await streams.value
        try result.get()
    }

    /// Takes streams, too, that this machine serves itself, until the calling task is cancelled.
    ///
    /// A port that is taken, by another worker of this machine, costs the streams alone.
    private func serveStreams(
        name: String, directory: String, with surroundings: RemoteWorker.Surroundings,
        told: @escaping @Sendable (WorkerNotice) -> Void
    ) async {
        let host = await address()
        let isAlone = host.hasPrefix("127.") || host == "::1"
        let relay = LateHandler(callers: await coordinatorAddresses())
        // Who reaches the coordinator from outside is reached from outside.
        let server = HTTPServer(
            configuration: HTTPServerConfiguration(host: isAlone ? host : "0.0.0.0", port: settings.httpPort),
            handler: relay)
        let port: Int
        do {
            port = try await server.start()
        } catch {
            return told(.warning("This worker serves no streams: \(error)"))
        }
        var configuration = PlainWorker.Configuration(
            coordinator: CoordinatorAddress(request.connection.address, token: request.connection.token),
            id: WorkerID(name), address: host, port: port, directory: "\(directory)/streams")
        configuration.hardware = request.hardware
        configuration.mediaRoots = Dictionary(settings.roots.map { ($0.name, FilePath($0.path).text) }) { $1 }
        configuration.niceness = request.niceness
        let worker = PlainWorker(configuration: configuration, surroundings: surroundings)
        relay.handler.withLock { $0 = worker }
        do { try await worker.run() } catch { told(.warning("This worker serves no streams: \(error)")) }
        await server.stop()
    }

    /// The address that others reach this machine at: the one that it reaches its coordinator from.
    private func address() async -> String {
        let host = Self.host(of: request.connection.address)
        return await Self.resolving { OwnAddress.reaching(host) ?? "127.0.0.1" }
    }

    /// Where the coordinator's calls come from.
    private func coordinatorAddresses() async -> Set<String> {
        let host = Self.host(of: request.connection.address)
        return await Self.resolving { OwnAddress.addresses(of: host) }
    }

    /// Runs what may wait for a name server for long.
    private static func resolving<Result: Sendable>(_ body: @escaping @Sendable () -> Result) async -> Result {
        await withCheckedContinuation { continuation in
            DispatchQueue(label: "martlet host names").async { continuation.resume(returning: body()) }
        }
    }

    /// The host in a URL, without its port.
    private static func host(of url: String) -> String {
        var rest = Substring(url)
        if let scheme = rest.firstRange(of: "://") { rest = rest[scheme.upperBound...] }
        rest = rest.prefix { $0 != "/" }
        if rest.hasPrefix("[") { return String(rest.dropFirst().prefix { $0 != "]" }) }
        return String(rest.prefix { $0 != ":" })
    }

    private func configuration(
        name: String, directory: String, told: @escaping @Sendable (WorkerNotice) -> Void
    ) -> RemoteWorker.Configuration {
        let connection = request.connection
        var configuration = RemoteWorker.Configuration(
            coordinator: CoordinatorAddress(connection.address, token: connection.token), id: WorkerID(name),
            directory: directory, version: Program.version)
        configuration.slots = settings.slots
        configuration.mediaRoots = Dictionary(settings.roots.map { ($0.name, FilePath($0.path).text) }) { $1 }
        configuration.cacheDirectory = local.cacheDirectory
        configuration.hardware = request.hardware
        configuration.benchmarkDuration = .milliseconds(Int64(settings.benchmarkSeconds * 1000))
        configuration.niceness = request.niceness
        configuration.yieldAbove = settings.yieldAbove.map { $0 / 100 }
        configuration.connection.reconnectDelay = .milliseconds(Int64(settings.reconnectDelay * 1000))
        configuration.connection.isPersistent = settings.isPersistent
        configuration.connection.changed = { isConnected in
            told(
                isConnected ? .connected(WorkerID(name)) : .disconnected("it is made anew as soon as that is possible"))
        }
        return configuration
    }

    private func surroundings() async -> RemoteWorker.Surroundings {
        RemoteWorker.Surroundings(
            encoder: local.ffmpeg, catalog: local.abilities, prober: local.reader, files: local.files,
            caller: CurlCaller(to: request.connection), meter: LoadProbe(), time: local.time, machine: local.facts,
            graphics: await GraphicsProbe(launcher: local.launcher).names(),
            serve: { handler in
                var configuration = HTTPServerConfiguration()
                // An encoder may be busy with a frame for long.
                configuration.idleTimeout = .seconds(3600)
                let server = HTTPServer(configuration: configuration, handler: handler)
                return RemoteWorker.LoopbackService(port: try await server.start(), stop: { await server.stop() })
            })
    }

    /// Every worker of a machine has a place of its own.
    private func workDirectory(of name: String) -> String {
        let place =
            settings.temporaryDirectory.map { FilePath($0).text } ?? "\(local.temporaryDirectory)/martlet-worker"
        return place + "/" + String(name.map { $0.isLetter || $0.isNumber || $0 == "-" ? $0 : "_" })
    }
}

/// Answers as soon as there is somebody who does: a worker must know its port before it is made.
///
/// Everyone may watch; only the coordinator may begin and end streams, since its protocol knows no tokens.
private final class LateHandler: HTTPHandler {
    let handler = Mutex<(any HTTPHandler)?>(nil)
    private let callers: Set<String>

    init(callers: Set<String>) { self.callers = callers }

    func respond(to request: HTTPRequest) async -> HTTPResponse {
        guard ["GET", "HEAD"].contains(request.method) || callers.contains(request.peer) else {
            return HTTPResponse(status: 403)
        }
        guard let handler = handler.withLock({ $0 }) else { return HTTPResponse(status: 503) }
        return await handler.respond(to: request)
    }
}
