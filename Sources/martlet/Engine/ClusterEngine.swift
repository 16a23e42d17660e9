// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletAssembly
import MartletCoordinator
import MartletModel
import MartletRedisStore

/// Runs parts of a cluster in this process, until the calling task is cancelled.
protocol ClusterEngine: Sendable {
    /// Runs a coordinator.
    ///
    /// - Parameter ready: called once with its URL, when requests are answered.
    /// - Throws: a `CodedError`, when it cannot begin or cannot go on; `CancellationError`.
    func serve(_ request: ServeRequest, ready: @escaping @Sendable (String) -> Void) async throws

    /// Runs a worker. Returns when it may not come back: the coordinator is gone, and the worker is not persistent.
    ///
    /// - Parameter told: called for what its user should know, from any thread.
    /// - Throws: a `CodedError`, when it cannot begin, or the coordinator refuses it; `CancellationError`.
    func work(_ request: WorkRequest, told: @escaping @Sendable (WorkerNotice) -> Void) async throws

    /// Serves streams.
    ///
    /// - Parameter told: called with the address when requests are answered, and for what its user should know; from any
    ///   thread.
    /// - Throws: a `CodedError`, when it cannot begin; `CancellationError`.
    func stream(_ request: StreamRequest, told: @escaping @Sendable (StreamNotice) -> Void) async throws
}

/// What a coordinator is to do.
struct ServeRequest: Sendable {
    /// What options say; checked.
    var settings: ServeSettings
    /// Encoder options of jobs that name none.
    var encoderOptions: [EncoderOption]
    /// Who is let in; `nil` for everyone.
    var tokens: AccessTokens?
    /// Where jobs, what they have made and uploads are kept; absolute.
    var directory: String
}

/// What a worker is to do.
struct WorkRequest: Sendable, Equatable {
    /// What options say; checked.
    var settings: WorkSettings
    /// How the coordinator is reached.
    var connection: Connection
    /// Which hardware may encode.
    var hardware: HardwareChoice
    /// Added to the niceness of ffmpeg, 0 to 19.
    var niceness: Int
}

/// What a worker tells its user.
enum WorkerNotice: Sendable, Equatable {
    /// The coordinator has taken it in, under this name.
    case connected(WorkerID)
    /// The connection is gone, for this reason; it is tried again.
    case disconnected(String)
    /// It serves streams at this URL, and the coordinator knows.
    case listening(String)
    /// Something that the user should know, one sentence.
    case warning(String)
}

/// What a server of streams is to do.
struct StreamRequest: Sendable {
    /// What options say; checked.
    var settings: StreamSettings
    /// The film, or the directory of films; absolute.
    var path: String
    /// Who is let in; `nil` for everyone.
    var tokens: AccessTokens?
    /// Which hardware may encode.
    var hardware: HardwareChoice
    /// Where segments are kept; absolute.
    var cacheDirectory: String
    /// Through which Redis nodes share their work; `nil` for none.
    var redis: RedisAddress?
}
