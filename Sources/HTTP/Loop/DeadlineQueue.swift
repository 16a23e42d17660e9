// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import MartletModel

/// What is to happen at which time: a binary heap.
///
/// Cancelled entries stay in the heap until their time, so whoever puts his
/// deadline off again and again keeps one entry and asks for a new one only when
/// that fires.
struct DeadlineQueue {
    /// Names one deadline.
    typealias ID = UInt64

    private struct Entry {
        var due: Moment
        var id: ID
    }

    private var heap: [Entry] = []
    private var actions: [ID: () -> Void] = [:]
    private var nextID: ID = 1

    /// When the next deadline comes; `nil` without one.
    mutating func next() -> Moment? {
        while let first = heap.first, actions[first.id] == nil { removeFirst() }
        return heap.first?.due
    }

    /// Adds a deadline.
    mutating func add(_ due: Moment, _ action: @escaping () -> Void) -> ID {
        let id = nextID
        nextID += 1
        actions[id] = action
        heap.append(Entry(due: due, id: id))
        var index = heap.count - 1
        while index > 0, heap[index].due < heap[(index - 1) / 2].due {
            heap.swapAt(index, (index - 1) / 2)
            index = (index - 1) / 2
        }
        return id
    }

    /// Takes a deadline back; nothing happens when it has passed.
    mutating func cancel(_ id: ID) { actions[id] = nil }

    /// Takes out one action that is due.
    mutating func takeDue(now: Moment) -> (() -> Void)? {
        guard let due = next(), due <= now, let id = heap.first?.id else { return nil }
        removeFirst()
        return actions.removeValue(forKey: id)
    }

    private mutating func removeFirst() {
        heap.swapAt(0, heap.count - 1)
        heap.removeLast()
        var index = 0
        while true {
            var least = index
            for child in [2 * index + 1, 2 * index + 2]
            where child < heap.count && heap[child].due < heap[least].due { least = child }
            guard least != index else { return }
            heap.swapAt(index, least)
            index = least
        }
    }
}
