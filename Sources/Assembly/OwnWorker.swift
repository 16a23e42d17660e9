// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletCoordinator
package import MartletModel
package import MartletPorts
internal import MartletWorker

/// A worker in the process of its coordinator.
package struct OwnWorker: Sendable {
    /// The coordinator.
    private let service: ClusterService
    private let encoder: any EncoderRunner
    private let prober: any MediaProber
    private let files: any FileStore
    private let time: any TimeSource

    /// Makes a worker that does nothing yet.
    package init(
        of service: ClusterService, encoder: any EncoderRunner, prober: any MediaProber, files: any FileStore,
        time: any TimeSource
    ) {
        self.service = service
        self.encoder = encoder
        self.prober = prober
        self.files = files
        self.time = time
    }

    /// Works until the task that is returned is cancelled.
    ///
    /// - Parameters:
    ///   - profile: what it can do.
    ///   - build: its ffmpeg.
    ///   - speed: measures how fast it is once it is in; `nil` for what its profile says.
    package func work(
        as profile: WorkerProfile, with build: EncoderBuild, speed: (@Sendable () async throws -> Double?)? = nil
    ) -> Task<Void, Never> {
        let worker = Worker(
            profile: profile, dispatch: ServiceDispatch(service: service, build: build), encoder: encoder,
            prober: prober, files: files, time: time, speed: speed)
        return Task { [time] in
            while !Task.isCancelled {
                // The service begins anew when its records failed; until then there is nothing to do.
                try? await worker.run()
                try? await time.sleep(until: time.now() + .seconds(1))
            }
        }
    }
}
