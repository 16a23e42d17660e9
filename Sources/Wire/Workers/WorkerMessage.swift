// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletModel
package import MartletPorts

/// What a worker says to its coordinator, one JSON text message each.
///
/// Large messages are held by reference: a waiting task has room for every value that it will handle.
package enum WorkerMessage: Sendable, Equatable, Codable {
    /// It joins, or comes back. The first message of every connection.
    indirect case register(WorkerRegistration)
    /// It is alive, and so are these leases.
    case heartbeat(holding: [LeaseToken], load: WorkerLoad?)
    /// It joined before it knew how fast it is; now it does, unless that is `nil`, and takes work.
    case measured(speed: Double?)
    /// How far a task is.
    case progress(LeaseToken, RunProgress)
    /// A task ended; its artifact, if there is one, has been uploaded. Said again after a broken connection until
    /// `taken` answers it.
    indirect case finished(LeaseToken, AttemptResult)
    /// It leaves for good; what it holds is given back.
    case leaving
}

/// What a coordinator says to a worker, one JSON text message each; large ones are held by reference.
package enum CoordinatorMessage: Sendable, Equatable, Codable {
    /// The worker is in. The most bytes of one part of an upload, and how often the worker must say that it is alive.
    case welcome(chunkSize: Int, heartbeatMilliseconds: Int64)
    /// The worker cannot join; the connection is closed after this.
    case refused(code: String, message: String)
    /// Run this task. Source path and directory are the coordinator's own, and of no use elsewhere.
    indirect case run(TaskAssignment)
    /// This task may come soon: the worker may fetch what it reads. Nobody holds it yet, and no answer follows.
    indirect case prefetch(TaskAssignment)
    /// Stop this task; its result is no longer wanted.
    case stop(LeaseToken)
    /// These leases of a heartbeat are not the worker's own any more.
    case lost([LeaseToken])
    /// The answer to `finished`: whether the result counts.
    case taken(LeaseToken, Bool)
}

/// The number that both ends of a worker's connection must agree in.
package enum WorkerProtocol {
    /// The version of the messages.
    package static let version = 1
    /// The path of the WebSocket.
    package static let path = "/api/v1/workers/connect"
}
