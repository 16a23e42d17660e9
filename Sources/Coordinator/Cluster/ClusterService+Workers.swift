// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletModel
package import MartletPorts
package import MartletWire

/// The workers' side.
extension ClusterService {
    /// Who conducts a worker's connection.
    package nonisolated func listener(to socket: any WebSocketConnection) -> any WebSocketListener {
        WorkerSession(service: self, socket: socket)
    }

    /// Lets a worker in.
    ///
    /// - Parameter orders: is given its orders, and `nil` when no more follow; never waits.
    /// - Returns: whom it works for.
    /// - Throws: `CoordinatorError` when it cannot work here.
    func join(
        _ registration: WorkerRegistration, over session: WorkerSession?, transport: String,
        orders: @escaping OrderSink
    ) async throws -> Coordinator {
        let engine = try working()
        guard registration.protocolVersion == WorkerProtocol.version else {
            throw CoordinatorError(
                .protocolMismatch,
                "the worker speaks version \(registration.protocolVersion), and this is \(WorkerProtocol.version)",
                advice: "Install the same release of martlet on both machines.")
        }
        let id = registration.profile.id
        guard removed[id] != registration.instance else {
            throw CoordinatorError(
                .workerRemoved, "this coordinator's users have taken the worker \(id) out",
                advice: "Start it anew, and it is let in.")
        }
        if let known = roster.entries[id], known.instance != registration.instance, sessions[id] != nil,
            await engine.coordinator.isConnected(id)
        {
            throw CoordinatorError(
                .workerNameTaken, "another worker named \(id) is at work",
                advice: "Give one of them another name with --worker-id.")
        }
        // A connection of the same worker that is still there is a dead one.
        let former = sessions[id]
        sessions[id] = session
        await former?.end()
        roster.joined(
            WorkerRoster.Entry(
                profile: registration.profile, build: registration.build, instance: registration.instance,
                transport: transport))
        await arrivals(of: Set(registration.holding.map(\.job)))
        await engine.coordinator.register(registration.profile, holding: registration.holding, orders: orders)
        return engine.coordinator
    }

    /// A worker's connection ended, and it did not say that it leaves.
    func disconnected(_ worker: WorkerID, session: WorkerSession, from coordinator: Coordinator) async {
        guard sessions[worker] === session else { return }
        sessions[worker] = nil
        roster.lost(worker)
        await coordinator.suspect(worker)
        // One that had been silent for long before is given up already, and no event says so again.
        if await !coordinator.knows(worker), sessions[worker] == nil { roster.left(worker) }
    }

    /// The scheduler knows a worker: it joined, or was heard of again after a long silence.
    func registered(_ worker: WorkerID) {
        // This may come late: the connection may be broken by now.
        if sessions[worker] != nil || roster.entries[worker]?.isLocal == true { roster.returned(worker) }
    }

    /// The scheduler has given a worker up; one that is connected may only be silent, and is heard of again.
    func givenUp(_ worker: WorkerID) {
        if sessions[worker] != nil || roster.entries[worker]?.isLocal == true {
            roster.lost(worker)
        } else {
            roster.left(worker)
        }
    }

    /// A worker leaves for good.
    func left(_ worker: WorkerID, session: WorkerSession, from coordinator: Coordinator) async {
        guard sessions[worker] === session else { return }
        sessions[worker] = nil
        roster.left(worker)
        await coordinator.unregister(worker)
    }

    /// Who holds a connection now and takes work, and the digest of each one's ffmpeg.
    func connectedBuilds() async -> [WorkerID: String] {
        let states = await engine?.coordinator.workerStates() ?? [:]
        return roster.entries.filter { id, entry in
            entry.isPresent && sessions[id] != nil && states[id].map { $0.state != .draining } ?? false
        }.mapValues(\.build.digest)
    }

    package func workers() async -> [WorkerView] {
        guard let engine else { return [] }
        let now = surroundings.time.now()
        let machines = await engine.coordinator.workerStates()
        return roster.entries.sorted { $0.key < $1.key }.compactMap { id, entry in
            machines[id].map { WorkerView(entry, standing: $0, now: now) }
        }
    }

    package func drain(_ worker: WorkerID) async throws -> WorkerView {
        let engine = try working()
        guard await engine.coordinator.drain(worker) else { throw Self.unknown(worker) }
        guard let view = await workers().first(where: { $0.id == worker }) else { throw Self.unknown(worker) }
        return view
    }

    package func remove(_ worker: WorkerID) async throws {
        let engine = try working()
        guard let entry = roster.entries[worker] else { throw Self.unknown(worker) }
        if !entry.isLocal { removed[worker] = entry.instance }
        roster.left(worker)
        let session = sessions.removeValue(forKey: worker)
        await engine.coordinator.remove(worker)
        await session?.end()
    }

    private static func unknown(_ worker: WorkerID) -> CoordinatorError {
        CoordinatorError(.unknownWorker, "there is no worker \(worker)")
    }
}

extension WorkerView {
    /// A worker as the roster and the scheduler know it.
    init(_ entry: WorkerRoster.Entry, standing: Coordinator.WorkerStanding, now: Moment) {
        self.init(
            id: entry.profile.id, state: standing.state, health: standing.health, slots: entry.profile.slots,
            running: standing.leases.map { RunningTask(job: $0.job, task: $0.task) },
            hwAccel: entry.profile.machine?.graphics ?? [], encoders: entry.profile.encoders.sorted(),
            lastHeardMs: (now - standing.lastHeard).nanoseconds / 1_000_000,
            tasksCompleted: entry.completed, tasksFailed: entry.failed, transport: entry.transport)
        os = entry.profile.machine?.operatingSystem
        ffmpeg = entry.build.version
        version = entry.profile.machine?.version
        speed = entry.profile.speed
        paused = entry.load?.takesTasks == false ? true : nil
        cpuUsage = entry.load.map { ($0.processors * 1000).rounded() / 10 }
        memoryBytes = entry.load?.memory.bytes ?? entry.profile.machine?.memory.bytes
        temperatureC = entry.load?.temperature
    }
}
