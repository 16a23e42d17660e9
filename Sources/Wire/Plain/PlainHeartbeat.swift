// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletModel

/// `POST /api/v1/workers/heartbeat`: a worker of the plain protocol says that it is there, every 10 or 15 s.
///
/// Only its name is wanted; other programs may know less, or more.
package struct PlainHeartbeat: Sendable, Equatable, Codable {
    /// The worker.
    package var workerID: WorkerID
    /// Where it listens; where the heartbeat came from when missing.
    package var ipAddress: String?
    /// The port that it listens on; 8080 when missing.
    package var port: Int?
    /// Such as `windows` or `linux`.
    package var os: String?
    /// The kinds of hardware that it can encode with, such as `nvenc`.
    package var hwAccel: [String]?
    /// `idle`, or what else it does.
    package var status: String?
    /// Percent of all processors.
    package var cpuUsage: Double?

    /// The status of a worker that goes, and says so.
    package static let offline = "offline"

    /// The JSON names.
    enum CodingKeys: String, CodingKey {
        case port, os, status
        case workerID = "worker_id"
        case ipAddress = "ip_address"
        case hwAccel = "hw_accel"
        case cpuUsage = "cpu_usage"
    }

    /// Makes a heartbeat.
    package init(
        workerID: WorkerID, ipAddress: String? = nil, port: Int? = nil, os: String? = nil, hwAccel: [String]? = nil,
        status: String? = nil, cpuUsage: Double? = nil
    ) {
        self.workerID = workerID
        self.ipAddress = ipAddress
        self.port = port
        self.os = os
        self.hwAccel = hwAccel
        self.status = status
        self.cpuUsage = cpuUsage
    }
}
