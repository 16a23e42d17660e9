// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletModel
package import MartletScheduling

/// How a cluster's coordinator behaves.
package struct ClusterConfiguration: Sendable {
    /// Where jobs keep their state and what their tasks make.
    package var directory: String
    /// What users may read and write.
    package var roots: MediaRoots
    /// The numbers that scheduling goes by; after a restart, workers have 15 s to come back with what they run.
    package var scheduling = SchedulingConfiguration()
    /// How many workers must be there before a job is planned, default 1.
    package var requiredWorkers = 1
    /// The most bytes of one part of an upload, default 1 MiB.
    package var chunkSize = 1 << 20
    /// How often a worker has to say that it is alive, default 5 s.
    package var heartbeatInterval: Duration = .seconds(5)
    /// Space that must stay free where results are kept, default 256 MiB; below it, nothing new is begun.
    package var spaceReserve: ByteCount = .mebibytes(256)
    /// How often free space is looked at while jobs are at work, default 5 s.
    package var spaceInterval: Duration = .seconds(5)

    /// Makes a configuration with default numbers.
    package init(directory: String, roots: MediaRoots) {
        self.directory = directory
        self.roots = roots
        scheduling.returnGrace = .seconds(15)
    }
}
