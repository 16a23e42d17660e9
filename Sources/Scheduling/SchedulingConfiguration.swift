// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

/// The numbers that scheduling goes by.
package struct SchedulingConfiguration: Equatable, Sendable {
    /// How failed tasks are tried again.
    package var retry = RetryPolicy()
    /// How long a lease lasts without a message about it, default 30 s.
    package var leaseDuration: Duration = .seconds(30)
    /// After how long without a message a worker counts as lost, default 30 s.
    package var heartbeatTimeout: Duration = .seconds(30)
    /// How long a worker whose connection broke keeps its leases, default 1 s.
    package var reconnectGrace: Duration = .seconds(1)
    /// How long, after the coordinator started again, a task that was running
    /// is left to its worker, so that nothing is encoded twice, default 0: for
    /// workers that end with their coordinator. A service of remote workers wants 15 s.
    package var returnGrace: Duration = .zero
    /// How many jobs of a priority and above are worked on at once; the others stay queued. At least 1, default 10.
    package var maximumConcurrentJobs = 10
    /// After how many failed attempts in a row a worker is set aside, at least 1, default 3.
    package var quarantineAfterFailures = 3
    /// How long it is set aside the first time, default 60 s; doubled every further time, up to 15 times that.
    package var quarantine: Duration = .seconds(60)
    /// When a job gives up its hardware.
    package var hardware = HardwarePolicy()
    /// When late tasks are copied to idle workers.
    package var copies = CopyPolicy()
    /// Whether workers are told what to fetch while they still encode, default no: for workers that read the source.
    package var prefetches = false
    /// The shortest time between two progress events of one job, default 500 ms.
    package var progressInterval: Duration = .milliseconds(500)

    /// Makes the default configuration.
    package init() {}
}
