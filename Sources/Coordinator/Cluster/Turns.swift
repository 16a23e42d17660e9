// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletModel
import MartletScheduling

/// Whose turn it is: the jobs that wait to be begun, and those that are at work.
///
/// What was at work when the coordinator ended comes first, then the more urgent, then the older. As many may be at work
/// as the limit says, of a job's own priority and above: less urgent ones never hold it up. Everything costs O(log n).
struct Turns {
    /// A job that waits.
    private struct Entry: Comparable {
        var id: JobID
        var wasAtWork: Bool
        var priority: Priority
        var created: Int64

        static func < (left: Entry, right: Entry) -> Bool {
            if left.wasAtWork != right.wasAtWork { return left.wasAtWork }
            if left.priority != right.priority { return left.priority > right.priority }
            return (left.created, left.id.text) < (right.created, right.id.text)
        }
    }

    private let limit: Int
    private var waiting: [JobID: Entry] = [:]
    /// May hold entries that count no more: they are passed over when they come to the front.
    private var queue = BinaryHeap<Entry>()
    private var atWork: [JobID: Priority] = [:]
    private var counts: [Priority: Int] = [:]

    /// Makes it, with nobody in it.
    ///
    /// - Parameter limit: how many jobs of a priority and above may be at work at once.
    init(limit: Int) { self.limit = limit }

    /// A job waits for its turn; nothing happens when it is known.
    mutating func add(_ id: JobID, _ job: LiveJob) {
        guard waiting[id] == nil, atWork[id] == nil else { return }
        wait(Entry(id: id, wasAtWork: job.wasAtWork, priority: job.priority, created: job.created))
    }

    /// A job is over, or not wanted any more.
    mutating func remove(_ id: JobID) {
        waiting[id] = nil
        if let priority = atWork.removeValue(forKey: id) { counts[priority, default: 0] -= 1 }
    }

    /// A job became more, or less, urgent.
    mutating func setPriority(_ priority: Priority, of id: JobID) {
        if var entry = waiting[id] {
            entry.priority = priority
            wait(entry)
        } else if let before = atWork.updateValue(priority, forKey: id) {
            counts[before, default: 0] -= 1
            counts[priority, default: 0] += 1
        }
    }

    /// The job that may begin now, which is at work from now on; `nil` when none may.
    mutating func next() -> JobID? {
        while let first = queue.first {
            guard waiting[first.id] == first else {
                _ = queue.popFirst()
                continue
            }
            let active = counts.reduce(0) { $0 + ($1.key >= first.priority ? $1.value : 0) }
            guard active < limit else { return nil }
            _ = queue.popFirst()
            waiting[first.id] = nil
            atWork[first.id] = first.priority
            counts[first.priority, default: 0] += 1
            return first.id
        }
        return nil
    }

    private mutating func wait(_ entry: Entry) {
        waiting[entry.id] = entry
        queue.insert(entry)
    }
}
