// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletModel

/// An event in the coordinator's record of events: what `GET /api/v1/events` and `/api/v1/ws` send, one flat object each.
package struct EventRecord: Sendable, Equatable, Codable {
    /// What is told.
    package enum Content: Sendable, Equatable {
        /// Something happened.
        case event(Event)
        /// Events before this one are not kept any more, and the reader missed some: under `event` stands `gap`.
        case gap
    }

    /// Grows from event to event, also over restarts; what to send as `Last-Event-ID`.
    package var id: Int64
    /// When it happened, in milliseconds since 1970.
    package var timeMs: Int64
    /// What is told.
    package var content: Content

    /// Makes a record.
    package init(id: Int64, timeMs: Int64, content: Content) {
        self.id = id
        self.timeMs = timeMs
        self.content = content
    }

    /// The name under `event`.
    package var name: String {
        switch content {
        case .event(let event): EventMessage(event).name
        case .gap: Self.gapName
        }
    }

    private static let gapName = "gap"

    private enum Key: String, CodingKey {
        case id, event
        case timeMs = "time_ms"
    }

    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: Key.self)
        id = try values.decode(Int64.self, forKey: .id)
        timeMs = try values.decode(Int64.self, forKey: .timeMs)
        let isGap = try values.decode(String.self, forKey: .event) == Self.gapName
        content = isGap ? .gap : .event(try EventMessage(from: decoder).event)
    }

    package func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: Key.self)
        try values.encode(id, forKey: .id)
        try values.encode(timeMs, forKey: .timeMs)
        switch content {
        case .event(let event): try EventMessage(event).encode(to: encoder)
        case .gap: try values.encode(Self.gapName, forKey: .event)
        }
    }
}
