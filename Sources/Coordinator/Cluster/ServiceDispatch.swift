// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletModel
package import MartletPorts
import MartletWire

/// The way of a worker in the coordinator's own process.
///
/// Its orders end when the coordinator stops, or has to begin anew; then the worker may register again.
package struct ServiceDispatch: TaskDispatch {
    private let service: ClusterService
    private let build: EncoderBuild
    /// What this way is called.
    static let transport = "local"

    /// Makes the way to a service.
    ///
    /// - Parameter build: the worker's ffmpeg.
    package init(service: ClusterService, build: EncoderBuild) {
        self.service = service
        self.build = build
    }

    package func register(
        _ worker: WorkerProfile, holding leases: [LeaseToken]
    ) async throws -> AsyncStream<WorkerOrder> {
        let registration = WorkerRegistration(profile: worker, build: build, instance: "local", holding: leases)
        let (stream, sink) = WorkerOrder.stream()
        _ = try await service.join(registration, over: nil, transport: Self.transport, orders: sink)
        return stream
    }

    package func heartbeat(
        _ worker: WorkerID, holding leases: [LeaseToken], load: WorkerLoad?
    ) async throws -> [LeaseToken] {
        service.meter.tell(.heartbeat(Self.transport))
        if let load { service.roster.heard(worker, load: load) }
        return try await service.working().coordinator.heartbeat(worker, holding: leases, load: load)
    }

    package func measured(_ worker: WorkerID, speed: Double?) async {
        service.roster.measured(worker, speed: speed)
        await service.engine?.coordinator.measured(worker, speed: speed)
    }

    package func report(_ lease: LeaseToken, progress: RunProgress) async {
        await service.engine?.coordinator.report(lease, progress: progress)
    }

    package func finish(_ lease: LeaseToken, result: AttemptResult) async throws -> Bool {
        let isTaken = try await service.working().coordinator.finish(lease, result: result)
        if isTaken { service.roster.ended(lease.worker, result) }
        return isTaken
    }

    package func unregister(_ worker: WorkerID) async {
        service.roster.left(worker)
        await service.engine?.coordinator.unregister(worker)
    }
}
