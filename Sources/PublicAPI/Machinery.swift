// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import FoundationEssentials
internal import MartletAssembly
internal import MartletCoordinator
internal import MartletFFmpeg
internal import MartletHost
internal import MartletMedia
internal import MartletMediaChild
internal import MartletModel
internal import MartletPorts
internal import MartletScheduling
internal import MartletWire
internal import MartletWorker
internal import Synchronization

/// Everything that a running coordinator consists of.
final class Machinery: Sendable {
    /// The coordinator itself.
    let service: ClusterService

    private let configuration: Coordinator.Configuration
    private let directory: String
    private let lock: FileLock
    private let files = LocalFiles()
    private let time = SystemTime()
    private let prober: any MediaProber
    private let runner: FFmpegRunner
    private let catalog: FFmpegCatalog
    private let work = Mutex(Work())

    private struct Work {
        var tasks: [String: Task<Void, Never>] = [:]
        var known: [String: WorkerInfo] = [:]
        var relay: Task<Void, Never>?
    }

    /// The name of the worker that is there from the start.
    private static let ownWorker = "local"

    /// Finds ffmpeg, and takes the directory.
    init(_ configuration: Coordinator.Configuration) throws {
        self.configuration = configuration
        let program =
            try configuration.ffmpeg.map { FFmpegProgram(path: $0) }
            ?? FFmpegProgram.locate(environment: ProcessInfo.processInfo.environment)
        let (files, time, launcher, cache) = (files, time, ProcessRunner(), configuration.cacheDirectory)
        let place =
            configuration.directory.map(Coordinator.absolute)
            ?? FileManager.default.temporaryDirectory.path + "/martlet-" + UUID().uuidString.lowercased()
        directory = place
        try files.makeDirectory(place)
        lock = try FileLock(path: place + "/lock", subject: place)
        runner = FFmpegRunner(program: program, launcher: launcher, time: time)
        catalog = FFmpegCatalog(program: program, launcher: launcher, time: time, cacheDirectory: cache)
        let scenes = SceneDetector(program: program, launcher: launcher, time: time)
        let media: any MediaProber & Assembler & Verifier & SourceRestamper =
            configuration.mediaProgram.map { executable in
                ChildMedia(
                    executable: executable, launcher: launcher, time: time, files: files, cacheDirectory: cache)
            } ?? OwnMedia(files: files, cacheDirectory: cache)
        prober = media
        var cluster = ClusterConfiguration(
            directory: place, roots: try MediaRoots([(name: "files", path: "/")], files: files))
        cluster.scheduling.maximumConcurrentJobs = configuration.maximumConcurrentJobs
        cluster.scheduling.retry.maximumAttempts = configuration.retries + 1
        service = ClusterService(
            configuration: cluster,
            surroundings: ClusterSurroundings(
                in: place, media: media, scenes: scenes,
                meter: FFmpegQualityMeter(program: program, launcher: launcher, time: time, catalog: catalog),
                files: files, time: time,
                read: { JobOrder(output: $0.output, parameters: MartletModel.TranscodeParameters()) }))
    }

    /// Begins to work.
    ///
    /// - Parameter tell: called with everything that happens.
    func begin(telling tell: @escaping @Sendable (Event) -> Void) async throws {
        let events = await service.events()
        let relay = Task {
            for await event in events { if let event = Event(event) { tell(event) } }
        }
        work.withLock { $0.relay = relay }
        try await service.begin()
        guard let slots = configuration.slots else { return }
        try await register(WorkerInfo(id: Self.ownWorker, capabilities: .init(slots: slots)))
    }

    /// Ends all work.
    func stop() async {
        let (tasks, relay) = work.withLock { (Array($0.tasks.values), $0.relay) }
        for task in tasks { task.cancel() }
        for task in tasks { await task.value }
        await service.stop()
        await relay?.value
        if configuration.directory == nil { try? files.remove(directory) }
    }

    /// The workers, by name.
    func workers() -> [WorkerInfo] { work.withLock { $0.known.values.sorted { $0.id < $1.id } } }

    /// Makes a worker known, and starts it when it is one of this process.
    func register(_ worker: WorkerInfo) async throws {
        let isNew = work.withLock { work in
            guard work.known[worker.id] == nil else { return false }
            work.known[worker.id] = worker
            return true
        }
        guard isNew else {
            throw MartletError(
                code: "library.worker_name_taken", message: "A worker named \(worker.id) is there already.",
                advice: "Give it another name.")
        }
        guard worker.address == nil else { return }
        let build = try await catalog.build()
        let facts = MachineProbe().facts()
        let room = WorkerRoom(
            requested: worker.capabilities.slots, processors: facts.processors, memory: facts.memory)
        let profile = WorkerProfile(
            id: WorkerID(worker.id), slots: room.slots, memory: room.memory, buildDigest: build.digest,
            encoders: worker.capabilities.encoders)
        let task = OwnWorker(of: service, encoder: runner, prober: prober, files: files, time: time)
            .work(as: profile, with: build)
        work.withLock { $0.tasks[profile.id.text] = task }
    }
}
