// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletModel
package import MartletPorts

/// What a worker says when it joins, or comes back after its connection broke.
package struct WorkerRegistration: Sendable, Equatable, Codable {
    /// What it is.
    package var profile: WorkerProfile
    /// Its ffmpeg.
    package var build: EncoderBuild
    /// Drawn by chance when its process began: tells one that comes back from another of the same name.
    package var instance: String
    /// What it still runs.
    package var holding: [LeaseToken]
    /// `WorkerProtocol.version`.
    package var protocolVersion: Int

    /// Makes a registration.
    package init(
        profile: WorkerProfile, build: EncoderBuild, instance: String, holding: [LeaseToken] = [],
        protocolVersion: Int = WorkerProtocol.version
    ) {
        self.profile = profile
        self.build = build
        self.instance = instance
        self.holding = holding
        self.protocolVersion = protocolVersion
    }
}
