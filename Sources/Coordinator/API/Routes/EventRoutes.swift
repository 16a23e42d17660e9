// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import MartletModel
internal import MartletPorts

/// What tells others of events as they happen.
package struct EventRoutes: Sendable {
    private let hub: EventHub
    private let readers: ReaderCount

    /// Makes the routes.
    package init(hub: EventHub, readers: ReaderCount) {
        self.hub = hub
        self.readers = readers
    }

    /// The routes.
    package var routes: [Route] {
        let fields: [Operation.Field] = [
            .init("job_id", .text, "Only what is about this job."),
            .init(
                "last_event_id", .integer(0...Int64.max), "The last event that is known; what came after it follows."),
            .init("Last-Event-ID", .text, "Likewise, as browsers send it.", isHeader: true),
        ]
        return [
            Route(
                "GET", "/api/v1/events", access: .tokenOrQuery,
                Operation(
                    "readEvents", "Tells what happens as server-sent events, each an `Event`.", fields: fields,
                    answers: [.init(200, "Events without end.", .bytes("text/event-stream"))]),
                answer: stream),
            Route(
                "GET", "/api/v1/ws", access: .tokenOrQuery,
                Operation(
                    "openEvents", "Tells what happens as WebSocket messages, each an `Event`.", fields: fields,
                    answers: [.init(101, "The connection becomes a WebSocket.")]),
                answer: socket),
        ]
    }

    private func reader(for request: RoutedRequest) async throws -> EventReader {
        let query = request.request.query("last_event_id")
        var last: Int64?
        if let text = request.request.headers["Last-Event-ID"] ?? query, !text.isEmpty {
            guard let id = Int64(text), id >= 0 else {
                throw APIError.badField("last_event_id", "the id of an event is wanted.")
            }
            last = id
        }
        let reader = EventReader(
            of: hub, after: last, job: request.request.query("job_id").map { JobID($0) }, counted: readers)
        // From here on nothing is missed, however long the answer's way is.
        await reader.begin()
        return reader
    }

    private func stream(_ request: RoutedRequest) async throws -> HTTPResponse {
        let reader = try await reader(for: request)
        return HTTPResponse(
            status: 200,
            // A proxy that collects answers would hold events back.
            headers: ["Content-Type": "text/event-stream", "Cache-Control": "no-store", "X-Accel-Buffering": "no"],
            body: .stream(ServerSentEvents(reader)))
    }

    private func socket(_ request: RoutedRequest) async throws -> HTTPResponse {
        guard request.request.headers["Upgrade"]?.lowercased() == "websocket" else {
            throw APIError(
                .upgradeRequired, "This is a WebSocket.", advice: "Connect with a WebSocket client.",
                headers: ["Upgrade": "websocket"])
        }
        let reader = try await reader(for: request)
        return HTTPResponse(status: 101, body: .webSocket { await Self.tell(reader, over: $0) })
    }

    /// Sends events until the reader's or the connection's end.
    private static func tell(_ reader: EventReader, over connection: any WebSocketConnection) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                // Nothing is expected; only so is it seen that the other end has gone.
                while await connection.receive() != nil {}
            }
            group.addTask {
                do {
                    while let portion = await reader.next() {
                        switch portion {
                        case .entries(let entries):
                            for entry in entries { try await connection.send(.text(entry.text)) }
                        case .gap(let entry): try await connection.send(.text(entry.text))
                        case .stillHere: break
                        }
                    }
                } catch {
                    // The connection is gone, which is all that there is to know.
                }
                await connection.close(code: 1001, reason: "no more events")
            }
            await group.next()
            group.cancelAll()
        }
    }
}
