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
        /// Events of the coordinator at this address follow from now on; some before may be missing.
        case connected(String)
        case happened(Event)
        /// The connection is gone; it is tried again.
        case disconnected
    }

    /// Whom to ask.
    var client: ClusterClient
    /// Tells when to try again.
    var time: any TimeSource
    /// The job whose events are told alone; `nil` for everything.
    var job: JobID?

    private var connected: Notice { .connected(client.connection.address) }

    /// Follows until it is told to stop.
    ///
    /// - Parameter take: takes up what happens; `false` ends it.
    /// - Throws: what `take` throws; what the client throws at the first connection, or later when trying again does
    ///   not help; `ClusterError` `lost`; `CancellationError`.
    func follow(_ take: (Notice) async throws -> Bool) async throws {
        var lastID: String?
        var perseverance: Perseverance?
        while true {
            var reader = ServerSentEvents(lastID: lastID)
            do {
                let body = try await client.events(after: lastID, job: job)
                perseverance = Perseverance(time: time)
                guard try await tell(connected, take) else { return }
                while let block = try await body.next() {
                    perseverance?.heard()
                    for item in reader.take(block) {
                        lastID = item.id
                        guard let notice = notice(item.data) else { continue }
                        guard try await tell(notice, take) else { return }
                    }
                }
                try Task.checkCancellation()
                throw ClusterError(.lost, "The coordinator ended the connection.", isRetryable: true)
            } catch let error as Taken {
                throw error.reason
            } catch {
                // Nobody who has never answered is waited for.
                guard perseverance != nil, Perseverance.mayPass(error) else { throw error }
                guard try await take(.disconnected) else { return }
                do { try await perseverance?.wait(after: error) } catch  where Perseverance.mayPass(error) {
                    throw ClusterError(
                        .lost, "The coordinator at \(client.connection.address) has not answered for 5 minutes.",
                        advice: "Its jobs are kept: `martlet watch` looks on when it is back.")
                }
            }
        }
    }

    /// Whoever follows has thrown; that is not the connection's fault.
    private struct Taken: Error {
        var reason: any Error
    }

    private func tell(_ notice: Notice, _ take: (Notice) async throws -> Bool) async throws -> Bool {
        do { return try await take(notice) } catch  where Perseverance.mayPass(error) {
            // The connection broke under a question that the event raised.
            throw error
        } catch { throw Taken(reason: error) }
    }

    /// What a message tells; `nil` for what a later release may have added.
    private func notice(_ text: String) -> Notice? {
        guard let record = try? JSONDecoder().decode(EventRecord.self, from: Data(text.utf8)) else { return nil }
        switch record.content {
        case .event(let event): return .happened(event)
        case .gap: return connected
        }
    }
}
