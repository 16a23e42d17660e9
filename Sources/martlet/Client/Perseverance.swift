// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletModel
import MartletPorts

/// Tries again what broken connections and restarts of the coordinator interrupt.
struct Perseverance: Sendable {
    /// How long the coordinator may be away.
    static let patience = Duration.seconds(300)

    private let time: any TimeSource
    private var lastContact: Moment
    private var pause = Self.firstPause
    private static let firstPause = Duration.milliseconds(250)

    /// Begins when the coordinator has just been heard.
    init(time: any TimeSource) {
        self.time = time
        lastContact = time.now()
    }

    /// The coordinator has been heard.
    mutating func heard() {
        lastContact = time.now()
        pause = Self.firstPause
    }

    /// Whether an error comes of a coordinator that is away, and may be back.
    static func mayPass(_ error: any Error) -> Bool {
        guard let error = error as? any CodedError else { return false }
        return error.isRetryable && error.exitStatus == .clusterUnavailable
    }

    /// Waits until it is time to try again, a little longer each time.
    ///
    /// - Parameter error: what came instead of an answer.
    /// - Throws: the error, when trying again does not help or the coordinator was away for too long;
    ///   `CancellationError`.
    mutating func wait(after error: any Error) async throws {
        try Task.checkCancellation()
        guard Self.mayPass(error), time.now() - lastContact < Self.patience else { throw error }
        try await time.sleep(until: time.now() + pause)
        pause = min(pause + pause, .seconds(5))
    }
}
