// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletPorts

/// The whole API of a coordinator: its routes in one router, and what feeds them.
package struct ClusterAPI: Sendable {
    /// How the API is set up.
    package struct Configuration: Sendable {
        /// Who may ask; `nil` for everyone.
        package var tokens: AccessTokens?
        /// Where users' files go; `nil` takes none.
        package var uploads: SourceUploads.Place?
        /// Where the cluster keeps what its jobs make, one directory each, so that what is left of jobs that ended goes in
        /// time; `nil` leaves that alone.
        package var jobsDirectory: String?
        /// Martlet's version.
        package var version: String
        /// How many events are kept for readers who were away.
        package var eventCapacity = 10_000

        /// Makes a configuration.
        package init(version: String) { self.version = version }
    }

    /// How the ends of jobs are told to whoever asked for it.
    package struct Telling: Sendable {
        /// Calls.
        package var caller: any HTTPCaller
        /// Signs.
        package var signer: any MessageSigner
        /// What calls are signed with; `nil` leaves the signature out.
        package var secret: [UInt8]?
        /// The directory of what is still to be told.
        package var directory: String

        /// Makes it.
        package init(caller: any HTTPCaller, signer: any MessageSigner, secret: [UInt8]?, directory: String) {
            self.caller = caller
            self.signer = signer
            self.secret = secret
            self.directory = directory
        }
    }

    /// What the API works with.
    package struct Surroundings: Sendable {
        /// The cluster.
        package var control: any ClusterControl
        /// Keeps files.
        package var files: any FileStore
        /// Tells the time.
        package var time: any TimeSource
        /// Why no work can be taken in now, one sentence; `nil` when it can.
        package var obstacle: @Sendable () async -> String?
        /// The workers of the plain protocol; `nil` knows none.
        package var plainWorkers: PlainWorkers?
        /// Streams that several workers make; `nil` leaves each to one.
        package var meshes: Meshes?
        /// How ends of jobs are told; `nil` tells none.
        package var telling: Telling?

        /// Makes surroundings.
        package init(
            control: any ClusterControl, files: any FileStore, time: any TimeSource,
            obstacle: @escaping @Sendable () async -> String? = { nil }
        ) {
            self.control = control
            self.files = files
            self.time = time
            self.obstacle = obstacle
        }
    }

    /// Answers requests.
    package let router: Router
    /// Counts what happens; whoever moves tasks and bytes tells it.
    package let metrics: ClusterMetrics
    /// The cluster as the API shows it, streams included.
    package let control: any ClusterControl
    private let hub: EventHub
    private let plainWorkers: PlainWorkers?
    private let callbacks: Callbacks?
    private let retention: Retention

    /// Makes the API.
    ///
    /// - Parameter more: routes from elsewhere, such as those of the data plane, which count what they do.
    /// - Throws: what `APIDocument` throws.
    package init(
        _ configuration: Configuration, with surroundings: Surroundings,
        routes more: (ClusterMetrics) -> [Route] = { _ in [] }
    ) throws {
        let readers = ReaderCount()
        let metrics = ClusterMetrics(version: configuration.version, readers: readers)
        let hub = EventHub(capacity: configuration.eventCapacity, time: surroundings.time) { metrics.note($0) }
        var control = surroundings.control
        var routes = more(metrics)
        if let streams = surroundings.plainWorkers {
            control = ClusterWithStreams(films: control, streams: streams, meshes: surroundings.meshes)
            routes += PlainRoutes(workers: streams, meshes: surroundings.meshes, metrics: metrics).routes
            routes += surroundings.meshes.map { MeshRoutes(meshes: $0).routes } ?? []
        }
        let uploads = configuration.uploads.map { SourceUploads(at: $0, files: surroundings.files) }
        if let uploads { routes += SourceRoutes(uploads: uploads).routes }
        routes += JobRoutes(control: control, files: surroundings.files).routes
        routes += WorkerRoutes(control: control).routes
        routes += EventRoutes(hub: hub, readers: readers).routes
        routes += MetricsRoutes(metrics: metrics, control: control).routes
        routes += HealthRoutes(obstacle: surroundings.obstacle).routes
        router = Router(
            try APIDocument.serving(routes, version: configuration.version),
            door: Door(tokens: configuration.tokens, time: surroundings.time), time: surroundings.time
        ) { metrics.note($0) }
        self.metrics = metrics
        self.hub = hub
        self.control = control
        retention = Retention(
            uploads: uploads, jobsDirectory: configuration.jobsDirectory, control: control, files: surroundings.files,
            time: surroundings.time)
        plainWorkers = surroundings.plainWorkers
        callbacks = surroundings.telling.map { [control] telling in
            Callbacks(
                secret: telling.secret,
                with: .init(
                    control: control, caller: telling.caller, signer: telling.signer,
                    records: RecordFiles(in: telling.directory, files: surroundings.files), time: surroundings.time,
                    metrics: metrics))
        }
    }

    /// Passes on events, moves streams, tells ends of jobs and removes what nobody needs any more, until the cluster's
    /// end, or until the task is cancelled; then readers' streams end.
    ///
    /// - Throws: when what an earlier life left behind cannot be read.
    package func run() async throws {
        let events = await control.events()
        try await withThrowingTaskGroup(of: Void.self) { group in
            if let plainWorkers { group.addTask { try await plainWorkers.run() } }
            if let callbacks { group.addTask { try await callbacks.run() } }
            group.addTask { await hub.run(events) }
            let sweeping = Task { await retention.run() }
            defer { sweeping.cancel() }
            try await group.waitForAll()
        }
    }
}
