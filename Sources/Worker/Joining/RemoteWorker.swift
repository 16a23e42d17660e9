// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletModel
package import MartletPorts

/// A worker of a coordinator elsewhere, with all that belongs to it.
package struct RemoteWorker: Sendable {
    /// What the user decides.
    package struct Configuration: Sendable {
        /// Where the coordinator is.
        package var coordinator: CoordinatorAddress
        /// The worker's name.
        package var id: WorkerID
        /// How many tasks run at once; 0 for as many as fit.
        package var slots = 0
        /// The media roots that this machine has, too: names and paths.
        package var mediaRoots: [String: String] = [:]
        /// Where results and parts of sources lie; no other process uses it.
        package var directory: String
        /// Where the measured speed is kept; `nil` keeps it nowhere.
        package var cacheDirectory: String?
        /// Which hardware may encode.
        package var hardware = HardwareChoice.auto
        /// How long the speed is measured; zero does not measure. Default 10 s.
        package var benchmarkDuration: Duration = .seconds(10)
        /// How the connection is kept.
        package var connection = RemoteDispatch.Configuration()
        /// Added to the niceness of every run, 0 to 19.
        package var niceness = 0
        /// How long a run may go without a new frame. Default 120 s.
        package var stallTimeout: Duration = .seconds(120)
        /// The share of all processors that others may use before no new tasks are taken; `nil`: any.
        package var yieldAbove: Double?
        /// Martlet's version.
        package var version: String

        /// Makes a configuration with the defaults.
        package init(coordinator: CoordinatorAddress, id: WorkerID, directory: String, version: String) {
            self.coordinator = coordinator
            self.id = id
            self.directory = directory
            self.version = version
        }
    }

    /// What the worker needs of the world.
    package struct Surroundings: Sendable {
        package var encoder: any EncoderRunner
        package var catalog: any EncoderCatalog
        package var prober: any MediaProber
        package var files: any FileStore & FileParts
        package var caller: any HTTPCaller
        package var meter: any LoadMeter
        package var time: any TimeSource
        package var machine: MachineFacts
        /// The graphics processors' names.
        package var graphics: [String]
        /// Serves a handler on a free port of 127.0.0.1.
        package var serve: @Sendable (any HTTPHandler) async throws -> LoopbackService

        /// Makes surroundings from their parts.
        package init(
            encoder: any EncoderRunner, catalog: any EncoderCatalog, prober: any MediaProber,
            files: any FileStore & FileParts, caller: any HTTPCaller, meter: any LoadMeter, time: any TimeSource,
            machine: MachineFacts, graphics: [String],
            serve: @escaping @Sendable (any HTTPHandler) async throws -> LoopbackService
        ) {
            self.encoder = encoder
            self.catalog = catalog
            self.prober = prober
            self.files = files
            self.caller = caller
            self.meter = meter
            self.time = time
            self.machine = machine
            self.graphics = graphics
            self.serve = serve
        }
    }

    /// A server that listens on 127.0.0.1.
    package struct LoopbackService: Sendable {
        /// Its port.
        package var port: Int
        /// Ends it.
        package var stop: @Sendable () async -> Void

        /// Makes it from its parts.
        package init(port: Int, stop: @escaping @Sendable () async -> Void) {
            self.port = port
            self.stop = stop
        }
    }

    private let configuration: Configuration
    private let surroundings: Surroundings

    /// Makes a worker that is not at work yet.
    package init(configuration: Configuration, surroundings: Surroundings) {
        self.configuration = configuration
        self.surroundings = surroundings
    }

    /// Joins, measures the machine where it is not known, and works until the calling task is cancelled.
    ///
    /// - Parameter ready: called with what the worker said of itself, just before it joins.
    /// - Throws: the coordinator's code when it refuses the worker; a `CodedError` when there is no usable ffmpeg, when
    ///   the directory cannot be used, or when the coordinator is lost and the worker does not persist.
    package func run(ready: @Sendable (WorkerProfile) -> Void = { _ in }) async throws {
        let (configuration, surroundings) = (self.configuration, self.surroundings)
        let build = try await surroundings.catalog.build()
        let machine = surroundings.machine
        let room = WorkerRoom(requested: configuration.slots, processors: machine.processors, memory: machine.memory)
        var profile = await self.profile(build, room)
        var speed: (@Sendable () async throws -> Double?)?
        if configuration.benchmarkDuration > .zero, build.encoders.contains("libx264") {
            let measurement = SpeedMeasurement(
                encoder: surroundings.encoder, files: surroundings.files, time: surroundings.time, slots: room.slots,
                duration: configuration.benchmarkDuration, niceness: configuration.niceness)
            let place = configuration.cacheDirectory
            profile.speed = await measurement.known(build: build, processors: machine.processors, in: place)
            if profile.speed == nil {
                speed = { try await measurement.remembered(build: build, processors: machine.processors, in: place) }
            }
        }
        let cache = try SourceCache(
            directory: "\(configuration.directory)/sources", files: surroundings.files,
            coordinator: configuration.coordinator, caller: surroundings.caller, time: surroundings.time)
        let proxy = SourceProxy(cache: cache)
        let service = try await surroundings.serve(proxy)
        proxy.isServed(onPort: service.port)
        let workspace = Workspace(
            directory: configuration.directory, mediaRoots: configuration.mediaRoots, files: surroundings.files,
            coordinator: configuration.coordinator, caller: surroundings.caller, proxy: proxy, time: surroundings.time)
        let dispatch = RemoteDispatch(
            configuration: configuration.connection, build: build, coordinator: configuration.coordinator,
            caller: surroundings.caller, workspace: workspace, time: surroundings.time)
        let watch = LoadWatch(meter: surroundings.meter, limit: configuration.yieldAbove, time: surroundings.time)
        var behaviour = Worker.Configuration()
        behaviour.niceness = configuration.niceness
        behaviour.stallTimeout = configuration.stallTimeout
        let worker = Worker(
            profile: profile, configuration: behaviour, dispatch: dispatch, encoder: surroundings.encoder,
            prober: surroundings.prober, files: surroundings.files, time: surroundings.time,
            load: { await watch.load() }, speed: speed)
        ready(profile)
        let watching = Task { await watch.run() }
        let result: Result<Void, any Error>
        do { result = .success(try await worker.run()) } catch { result = .failure(error) }
        watching.cancel()
        await service.stop()
        await cache.close()
        try result.get()
        if let failure = await dispatch.failure { throw failure }
    }

    /// What the worker says of itself.
    private func profile(_ build: EncoderBuild, _ room: WorkerRoom) async -> WorkerProfile {
        let machine = surroundings.machine
        let encoders = await Abilities(catalog: surroundings.catalog, hardware: configuration.hardware)
            .encoders(of: build)
        return WorkerProfile(
            id: configuration.id, slots: room.slots, memory: room.memory,
            buildDigest: build.digest, encoders: encoders,
            machine: WorkerProfile.Machine(
                operatingSystem: machine.operatingSystem, processors: machine.processors, memory: machine.memory,
                graphics: surroundings.graphics, version: configuration.version, ffmpeg: build.version))
    }
}
