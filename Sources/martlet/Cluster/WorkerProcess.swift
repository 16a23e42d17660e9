// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletHTTP
import MartletHost
import MartletMedia
import MartletModel
import MartletPorts
import MartletStreaming
import MartletWorker

/// A worker with everything around it, from its start to its end.
struct WorkerProcess {
    /// What is asked for.
    let request: WorkRequest
    /// What encodes and reads.
    let local: LocalEngine

    private var settings: WorkSettings { request.settings }

    /// Where this machine has films, by name.
    private var mediaRoots: [String: String] {
        Dictionary(settings.roots.map { ($0.name, FilePath($0.path).text) }) { $1 }
    }

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
        let server = StreamServer(
            request: request, name: name, directory: "\(directory)/streams", mediaRoots: mediaRoots
        ) { [local] files, scratch in
            StreamMaker(
                reader: local.reader, encoder: local.ffmpeg, catalog: local.abilities, packager: MediaPackager(),
                files: files, scratch: scratch)
        }
        let streams = Task { await server.run(with: surroundings, told: told) }
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

    private func configuration(
        name: String, directory: String, told: @escaping @Sendable (WorkerNotice) -> Void
    ) -> RemoteWorker.Configuration {
        let connection = request.connection
        var configuration = RemoteWorker.Configuration(
            coordinator: CoordinatorAddress(connection.address, token: connection.token), id: WorkerID(name),
            directory: directory, version: Program.version)
        configuration.slots = settings.slots
        configuration.mediaRoots = mediaRoots
        configuration.cacheDirectory = local.cacheDirectory
        configuration.hardware = request.hardware
        configuration.benchmarkDuration = .milliseconds(Int64(settings.benchmarkSeconds * 1000))
        configuration.niceness = request.niceness
        configuration.yieldAbove = settings.yieldAbove.map { $0 / 100 }
        configuration.stallTimeout = .milliseconds(Int64(settings.stallSeconds * 1000))
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
