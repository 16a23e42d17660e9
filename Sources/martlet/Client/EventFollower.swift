// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import FoundationEssentials
import MartletModel
import MartletPorts
import MartletWire

/// Follows what happens on a cluster, through broken connections and restarts of the coordinator.
struct EventFollower: Sendable {
    /// What is told.
    enum Notice: Sendable {
        /// Events follow from now on; what was between two connections may be missing.
        case connected
        case happened(Event)
        /// The connection is gone; it is tried again.
        case disconnected
    }

    /// How long the coordinator may be away.
    static let patience = Duration.seconds(300)

    /// Whom to ask.
    var client: ClusterClient
    /// Tells when to try again.
    var time: any TimeSource

    /// Follows until it is told to stop.
    ///
    /// - Parameter take: takes up what happens; `false` ends it.
    /// - Throws: what `take` throws; what the client throws at the first connection, or later when trying again does
    ///   not help; `ClusterError` `lost`; `CancellationError`.
    func follow(_ take: (Notice) async throws -> Bool) async throws {
        var lastID: String?
        var lastContact: Moment?
        var pause = Duration.milliseconds(250)
        while true {
            var reader = ServerSentEvents(lastID: lastID)
            do {
                let body = try await client.events(after: lastID)
                (lastContact, pause) = (time.now(), .milliseconds(250))
                guard try await tell(.connected, take) else { return }
                while let block = try await body.next() {
                    lastContact = time.now()
                    for item in reader.take(block) {
                        lastID = item.id
                        guard let event = Self.event(item.data) else { continue }
                        guard try await tell(.happened(event), take) else { return }
                    }
                }
                try Task.checkCancellation()
                throw Ended()
            } catch let error as Taken {
                throw error.reason
            } catch {
                try Task.checkCancellation()
                guard let contact = lastContact else { throw error }
                let reason = error as? any CodedError
                if let reason, !reason.isRetryable { throw error }
                guard time.now() - contact < Self.patience else {
                    throw ClusterError(
                        .lost, "The coordinator at \(client.connection.address) has not answered for 5 minutes.",
                        advice: "Its jobs are kept: `martlet watch` looks on when it is back.")
                }
                guard try await take(.disconnected) else { return }
                try await time.sleep(until: time.now() + pause)
                pause = min(pause + pause, .seconds(5))
            }
        }
    }

    /// The stream came to its end.
    private struct Ended: Error {}

    /// Whoever follows has thrown; that is not the connection's fault.
    private struct Taken: Error {
        var reason: any Error
    }

    private func tell(_ notice: Notice, _ take: (Notice) async throws -> Bool) async throws -> Bool {
        do { return try await take(notice) } catch let error as any CodedError where error.isRetryable {
            // The connection broke under a question that the event raised.
            throw error
        } catch { throw Taken(reason: error) }
    }

    /// The event of a message; `nil` for what a later release may have added.
    private static func event(_ text: String) -> Event? {
        try? JSONDecoder().decode(EventMessage.self, from: Data(text.utf8)).event
    }
}
