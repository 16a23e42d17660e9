// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import MartletModel
internal import MartletWire

/// The latest events, for readers who come late or were away.
///
/// It holds a fixed number of events and readers hold nothing: however many read, and however slowly, it never grows.
struct EventLog: Sendable {
    /// One event, ready to be sent.
    struct Entry: Sendable, Equatable {
        var id: Int64
        /// The event's name.
        var name: String
        /// The job that it is about; `nil` for those of workers.
        var job: JobID?
        /// The whole as JSON.
        var text: String
    }

    /// What a reader is given.
    enum Reading: Sendable, Equatable {
        /// These, in order; the reader then stands at `position`.
        case entries([Entry], position: Int64)
        /// What follows the reader's position is not kept any more; the oldest event that is kept has this id.
        case gap(oldest: Int64)
    }

    /// An event as it is kept. Most are never read, so their JSON is made for the first reader.
    private struct Kept: Sendable {
        var event: Event
        var time: Int64
        var entry: Entry?
    }

    /// How far a task is.
    private struct Report: Sendable {
        var event: Event
        var time: Int64
        /// Its place among all reports.
        var number: Int
    }

    /// A ring: the event of an id is at the id's remainder.
    private var ring: [Kept?]
    /// How far running tasks are, by job; what was reported last.
    private var running: [JobID: [TaskID: Report]] = [:]
    /// How many reports there were.
    private(set) var reports = 0
    /// The id of the next event.
    private(set) var nextID: Int64
    private var oldestID: Int64

    /// Makes an empty log.
    ///
    /// - Parameters:
    ///   - capacity: how many events are kept.
    ///   - firstID: the id of the first; larger than any that was given out before.
    init(capacity: Int, firstID: Int64) {
        ring = Array(repeating: nil, count: capacity)
        nextID = firstID
        oldestID = firstID
    }

    /// The id of the newest event; a reader who stands there has read everything.
    var newest: Int64 { nextID - 1 }

    /// Keeps an event, in place of the oldest when there are too many.
    ///
    /// Of how far single tasks are only the newest report is kept, for `tasks(of:after:asOf:)`: they come by the dozen a
    /// second, and would drive everything else out. An event with a figure that JSON cannot say is left out.
    ///
    /// - Parameter time: in milliseconds since 1970.
    /// - Returns: whether it is kept as an event, and readers have something to read.
    mutating func append(_ event: Event, at time: Int64) -> Bool {
        note(event, at: time)
        switch event {
        case .taskProgress: return false
        case .progress(_, _, let fraction, let rate, let remaining)
        where !fraction.isFinite || !rate.isFinite || remaining?.isFinite == false:
            return false
        default: break
        }
        ring[Int(nextID % Int64(ring.count))] = Kept(event: event, time: time)
        nextID += 1
        oldestID = max(oldestID, nextID - Int64(ring.count))
        return true
    }

    private mutating func note(_ event: Event, at time: Int64) {
        switch event {
        case .taskProgress(let job, let task, _, _):
            reports += 1
            running[job, default: [:]][task] = Report(event: event, time: time, number: reports)
        case .taskCompleted(let job, let task, _, _), .taskFailed(let job, let task, _),
            .taskRetried(let job, let task, _, _):
            running[job]?[task] = nil
        case .jobStateChanged(let job, let state) where state.isFinal: running[job] = nil
        case .jobCompleted(let job), .jobFailed(let job, _, _): running[job] = nil
        case .jobSubmitted, .jobStateChanged, .taskStarted, .progress, .workerRegistered, .workerStateChanged,
            .workerUnregistered, .warning:
            break
        }
    }

    /// How far the running tasks of a job are, where that is news.
    ///
    /// - Parameters:
    ///   - seen: the count of `reports` when the reader looked last.
    ///   - position: the event that the reader has read last; its id stands in what is returned, which has none.
    func tasks(of job: JobID, after seen: Int, asOf position: Int64) -> [Entry] {
        (running[job] ?? [:]).sorted { $0.key < $1.key }.compactMap { _, report in
            guard report.number > seen else { return nil }
            let record = EventRecord(id: position, timeMs: report.time, content: .event(report.event))
            return (try? JSONText.text(record)).map {
                Entry(id: position, name: record.name, job: job, text: $0)
            }
        }
    }

    /// What comes after a position.
    ///
    /// - Parameters:
    ///   - limit: the most entries at once.
    ///   - job: only what is about this job.
    mutating func read(after position: Int64, limit: Int, job: JobID?) -> Reading {
        guard position >= oldestID - 1, position < nextID else { return .gap(oldest: oldestID) }
        var entries: [Entry] = []
        var position = position
        while position < newest, entries.count < limit {
            position += 1
            let index = Int(position % Int64(ring.count))
            guard let kept = ring[index], job == nil || kept.event.job == job else { continue }
            guard let entry = kept.entry ?? Self.entry(kept, id: position) else { continue }
            ring[index]?.entry = entry
            entries.append(entry)
        }
        return .entries(entries, position: position)
    }

    private static func entry(_ kept: Kept, id: Int64) -> Entry? {
        let record = EventRecord(id: id, timeMs: kept.time, content: .event(kept.event))
        guard let text = try? JSONText.text(record) else { return nil }
        return Entry(id: id, name: record.name, job: kept.event.job, text: text)
    }
}
