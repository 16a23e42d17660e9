// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import MartletModel
internal import MartletWire
internal import Synchronization

/// One who reads events: where they stand, and what they want.
actor EventReader {
    /// What the reader is to be sent.
    enum Portion: Sendable, Equatable {
        /// These.
        case entries([EventLog.Entry])
        /// Some events are lost to the reader; those from now on follow.
        case gap(EventLog.Entry)
        /// Nothing happened for a while.
        case stillHere
    }

    private let hub: EventHub
    private let job: JobID?
    private let count: ReaderCount
    /// Where the reader stands; `nil` before the first portion of one who wants only what is still to come.
    private var position: Int64?
    private var isFirst = true
    /// How many reports of tasks were known when the reader looked last.
    private var seenReports = 0

    /// Makes a reader.
    ///
    /// - Parameters:
    ///   - last: the id of the last event that they know; `nil` to begin now.
    ///   - job: only what is about this job.
    init(of hub: EventHub, after last: Int64?, job: JobID?, counted count: ReaderCount) {
        self.hub = hub
        self.job = job
        self.count = count
        position = last
        count.change(by: 1)
    }

    deinit { count.change(by: -1) }

    /// Takes its place at the newest event, unless it has one.
    func begin() async {
        if position == nil { position = await hub.newest }
    }

    /// Waits for the next portion; `nil` at the end.
    ///
    /// A gap can only come first. Whoever falls behind later reads too slowly, and comes to an end: they may come again
    /// with what they know.
    func next() async -> Portion? {
        await begin()
        while let position {
            let wasFirst = isFirst
            isFirst = false
            switch await hub.next(after: position, job: job) {
            case .entries(let entries, let reached):
                self.position = reached
                guard !entries.isEmpty else { continue }
                // The job's own progress comes twice a second at most, and the tasks' with it.
                guard let job else { return .entries(entries) }
                let tasks = await hub.tasks(of: job, after: seenReports, asOf: reached)
                seenReports = tasks.seen
                return .entries(entries + tasks.entries)
            case .gap(let oldest):
                guard wasFirst else { return nil }
                self.position = oldest - 1
                return Self.gap(before: oldest, at: hub.wallMilliseconds).map { .gap($0) }
            case .stillHere: return .stillHere
            case .end: return nil
            }
        }
        return nil
    }

    private static func gap(before oldest: Int64, at time: Int64) -> EventLog.Entry? {
        let record = EventRecord(id: oldest - 1, timeMs: time, content: .gap)
        return (try? JSONText.text(record)).map {
            EventLog.Entry(id: record.id, name: record.name, job: nil, text: $0)
        }
    }
}

/// How many read events now.
package final class ReaderCount: Sendable {
    private let number = Atomic(0)

    /// Makes a count of none.
    package init() {}

    /// How many there are.
    package var value: Int { number.load(ordering: .relaxed) }

    func change(by difference: Int) { number.add(difference, ordering: .relaxed) }
}
