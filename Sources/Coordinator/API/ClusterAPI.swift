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
        /// Martlet's version.
        package var version: String
        /// How many events are kept for readers who were away.
        package var eventCapacity = 10_000

        /// Makes a configuration.
        package init(version: String) { self.version = version }
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
    private let hub: EventHub
    private let control: any ClusterControl

    /// Makes the API.
    ///
    /// - Parameter more: routes from elsewhere, such as those of the data plane.
    /// - Throws: what `APIDocument` throws.
    package init(_ configuration: Configuration, with surroundings: Surroundings, routes more: [Route] = []) throws {
        let readers = ReaderCount()
        let metrics = ClusterMetrics(version: configuration.version, readers: readers)
        let control = surroundings.control
        let hub = EventHub(capacity: configuration.eventCapacity, time: surroundings.time) { metrics.note($0) }
        var routes =
            JobRoutes(control: control, files: surroundings.files).routes + WorkerRoutes(control: control).routes
            + EventRoutes(hub: hub, readers: readers).routes + MetricsRoutes(metrics: metrics, control: control).routes
            + HealthRoutes(obstacle: surroundings.obstacle).routes + more
        if let place = configuration.uploads {
            routes += SourceRoutes(uploads: SourceUploads(at: place, files: surroundings.files)).routes
        }
        router = Router(
            try APIDocument.serving(routes, version: configuration.version),
            door: Door(tokens: configuration.tokens, time: surroundings.time), time: surroundings.time
        ) { metrics.note($0) }
        self.metrics = metrics
        self.hub = hub
        self.control = control
    }

    /// Passes on events until the cluster's end, or until the task is cancelled; then readers' streams end.
    package func run() async { await hub.run(await control.events()) }
}
