// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletHTTP
import MartletHost
import MartletModel
import MartletPorts
import MartletStreaming
import MartletWorker
import Synchronization

/// The part of a worker's process that takes streams, which this machine serves itself.
struct StreamServer {
    /// What is asked for.
    let request: WorkRequest
    /// The worker's name.
    let name: String
    /// Where streams are kept while they are served.
    let directory: String
    /// Where this machine has films, by name.
    let mediaRoots: [String: String]
    /// Makes parts of streams, with files and a directory for what ffmpeg writes.
    let maker: @Sendable (any FileStore, String) -> StreamMaker

    /// Takes streams until the calling task is cancelled.
    ///
    /// A port that is taken, by another worker of this machine, costs the streams alone.
    ///
    /// - Parameter told: called for what its user should know.
    func run(with surroundings: RemoteWorker.Surroundings, told: @escaping @Sendable (WorkerNotice) -> Void) async {
        let host = await address()
        let isAlone = host.hasPrefix("127.") || host == "::1"
        let relay = LateHandler(callers: await coordinatorAddresses())
        // Who reaches the coordinator from outside is reached from outside.
        let server = HTTPServer(
            configuration: HTTPServerConfiguration(host: isAlone ? host : "0.0.0.0", port: request.settings.httpPort),
            handler: relay)
        let port: Int
        do {
            port = try await server.start()
        } catch {
            return told(.warning("This worker serves no streams: \(error)"))
        }
        var configuration = PlainWorker.Configuration(
            coordinator: CoordinatorAddress(request.connection.address, token: request.connection.token),
            id: WorkerID(name), address: host, port: port, directory: directory)
        configuration.hardware = request.hardware
        configuration.mediaRoots = mediaRoots
        configuration.niceness = request.niceness
        let url = "http://\(Authority(host, port: port))"
        configuration.joined = { told(.listening(url)) }
        let worker = PlainWorker(configuration: configuration, surroundings: surroundings)
        do {
            let node = try meshNode(of: worker, surroundings)
            relay.handlers.withLock { $0 = (worker, node) }
        } catch {
            await server.stop()
            return told(.warning("This worker serves no streams: \(error)"))
        }
        do { try await worker.run() } catch { told(.warning("This worker serves no streams: \(error)")) }
        await server.stop()
    }

    /// What makes parts of streams that several workers make.
    private func meshNode(of worker: PlainWorker, _ surroundings: RemoteWorker.Surroundings) throws -> MeshNode {
        let (maker, scratch) = (self.maker, "\(directory)/parts")
        return try MeshNode(
            slots: max(1, surroundings.machine.processors / 4),
            with: MeshNode.Surroundings(
                maker: { maker($0, scratch) }, build: { try await surroundings.catalog.build().digest },
                order: { try await worker.meshOrder(of: $0) },
                open: { job, path in
                    let film = try await worker.openFilm(of: job, sourcePath: path)
                    return MeshSource(input: film.input, content: film.content, close: film.close)
                }, files: surroundings.files, directory: "\(directory)/mesh"))
    }

    /// The address that others reach this machine at: the one that it reaches its coordinator from.
    private func address() async -> String {
        await OwnAddress.reaching(Authority(of: request.connection.address).host) ?? "127.0.0.1"
    }

    /// Where the coordinator's calls come from.
    private func coordinatorAddresses() async -> Set<String> {
        await OwnAddress.addresses(of: Authority(of: request.connection.address).host)
    }
}

/// Answers as soon as there is somebody who does: a worker must know its port before it is made.
///
/// Everyone may watch; only the coordinator may begin and end streams, since its protocol knows no tokens.
private final class LateHandler: HTTPHandler {
    let handlers = Mutex<(streams: any HTTPHandler, parts: any HTTPHandler)?>(nil)
    private let callers: Set<String>

    init(callers: Set<String>) { self.callers = callers }

    func respond(to request: HTTPRequest) async -> HTTPResponse {
        // To ask for the head of a part has it made.
        let isPart = request.path.hasPrefix("/mesh/")
        let isWatching = request.method == "GET" || request.method == "HEAD" && !isPart
        guard isWatching || callers.contains(request.peer) else { return HTTPResponse(status: 403) }
        guard let handlers = handlers.withLock({ $0 }) else { return HTTPResponse(status: 503) }
        return await (isPart ? handlers.parts : handlers.streams).respond(to: request)
    }
}
