// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletModel
package import MartletPorts

/// Takes tasks from a coordinator and runs them, as many at once as it has slots.
///
/// It decides nothing: what runs, when and how often is the coordinator's
/// business. A worker only proves each result before it reports it.
package actor Worker {
    /// How a worker behaves.
    package struct Configuration: Sendable {
        /// How often the worker says that it is alive, unless its coordinator asks for something else. Default 10 s.
        package var heartbeatInterval: Duration = .seconds(10)
        /// How long a run may go without a new frame. Default 120 s.
        package var stallTimeout: Duration = .seconds(120)
        /// Added to the niceness of every run, 0 to 19. Default 0.
        package var niceness = 0

        /// Makes the default configuration.
        package init() {}
    }

    private let profile: WorkerProfile
    private let configuration: Configuration
    private let dispatch: any TaskDispatch
    private let runner: TaskRunner
    private let time: any TimeSource
    private let load: @Sendable () async -> WorkerLoad?
    private let speed: (@Sendable () async throws -> Double?)?
    private var running: [LeaseToken: Task<Void, Never>] = [:]

    /// Makes a worker that is not at work yet.
    ///
    /// - Parameters:
    ///   - load: how busy its machine is, for heartbeats.
    ///   - speed: measures how fast the machine is, between joining and the first task; `nil` when that is not wanted, or
    ///     known.
    package init(
        profile: WorkerProfile, configuration: Configuration = Configuration(), dispatch: any TaskDispatch,
        encoder: any EncoderRunner, prober: any MediaProber, files: any FileStore, time: any TimeSource,
        load: @escaping @Sendable () async -> WorkerLoad? = { nil },
        speed: (@Sendable () async throws -> Double?)? = nil
    ) {
        self.profile = profile
        self.speed = speed
        self.configuration = configuration
        self.dispatch = dispatch
        self.runner = TaskRunner(
            encoder: encoder, prober: prober, files: files, stallTimeout: configuration.stallTimeout,
            niceness: configuration.niceness)
        self.time = time
        self.load = load
    }

    /// Works until the coordinator has no more orders or the calling task is
    /// cancelled; then every run is killed and its lease given back.
    ///
    /// - Throws: what the coordinator throws when it refuses the worker.
    package func run() async throws {
        var profile = self.profile
        profile.isMeasuring = speed != nil
        let orders = try await dispatch.register(profile, holding: Array(running.keys))
        let heart = Task { await self.beat() }
        let measuring = Task { await self.measure() }
        for await order in orders {
            switch order {
            case .run(let assignment): start(assignment)
            case .stop(let lease): running[lease]?.cancel()
            // Whoever brings the orders over a network fetches by itself.
            case .prefetch: break
            }
        }
        heart.cancel()
        measuring.cancel()
        await measuring.value
        for task in running.values { task.cancel() }
        for task in running.values { await task.value }
        await dispatch.unregister(profile.id)
    }

    private func measure() async {
        guard let speed else { return }
        let result = try? await speed()
        if !Task.isCancelled { await dispatch.measured(profile.id, speed: result ?? nil) }
    }

    private func start(_ assignment: TaskAssignment) {
        running[assignment.lease] = Task { await self.perform(assignment) }
    }

    private func perform(_ assignment: TaskAssignment) async {
        let dispatch = self.dispatch
        let (reports, sink) = AsyncStream.makeStream(of: RunProgress.self, bufferingPolicy: .bufferingNewest(1))
        let reporting = Task {
            for await report in reports { await dispatch.report(assignment.lease, progress: report) }
        }
        let result = await runner.run(assignment) { sink.yield($0) }
        sink.finish()
        await reporting.value
        // A result that the coordinator cannot take now is lost with the
        // lease: the task is then run again by whoever gets it next.
        _ = try? await dispatch.finish(assignment.lease, result: result)
        running[assignment.lease] = nil
    }

    private func beat() async {
        while !Task.isCancelled {
            let interval = await dispatch.heartbeatInterval() ?? configuration.heartbeatInterval
            do { try await time.sleep(until: time.now() + interval) } catch { return }
            // When a beat does not get through, the next one tries again; leases run out if none does.
            let lost = try? await dispatch.heartbeat(profile.id, holding: Array(running.keys), load: await load())
            for lease in lost ?? [] { running[lease]?.cancel() }
        }
    }
}
