// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletModel

/// When something happens without an event, soonest first.
///
/// Deadlines move later all the time (every message renews a lease), and seldom
/// sooner. So a later one is not written down: it is looked up when the one that
/// was written down is reached.
struct Deadlines: Equatable, Sendable {
    /// What has a deadline.
    enum Key: Hashable, Sendable {
        case worker(WorkerID)
        case task(JobID, TaskID)
        case hardware(JobID)
    }

    private struct Entry: Comparable, Sendable {
        var moment: Moment
        var key: Key

        static func < (left: Entry, right: Entry) -> Bool { left.moment < right.moment }
    }

    private var heap = BinaryHeap<Entry>()
    private var noted: [Key: Moment] = [:]

    /// Something has a deadline, perhaps sooner than before.
    mutating func note(_ key: Key, _ moment: Moment) {
        if let known = noted[key], known <= moment { return }
        noted[key] = moment
        heap.insert(Entry(moment: moment, key: key))
    }

    /// A moment before which nothing happens; `nil` when there is no deadline. Costs nothing.
    var earliest: Moment? { heap.first?.moment }

    /// The soonest deadline; `nil` when there is none.
    ///
    /// - Parameter actual: the present deadline of something; `nil` when it has none any more.
    mutating func next(actual: (Key) -> Moment?) -> Moment? {
        while let entry = heap.first {
            guard noted[entry.key] == entry.moment else {
                _ = heap.popFirst()
                continue
            }
            let moment = actual(entry.key)
            if let moment, moment <= entry.moment { return moment }
            _ = heap.popFirst()
            noted[entry.key] = nil
            if let moment { note(entry.key, moment) }
        }
        return nil
    }

    /// Takes out what has reached its deadline.
    mutating func due(now: Moment, actual: (Key) -> Moment?) -> [Key] {
        var keys: [Key] = []
        while let moment = next(actual: actual), moment <= now, let entry = heap.popFirst() {
            noted[entry.key] = nil
            keys.append(entry.key)
        }
        return keys
    }
}
