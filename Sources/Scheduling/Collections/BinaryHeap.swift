// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

/// Values of which the least is at hand. Adding and taking cost O(log n).
package struct BinaryHeap<Element: Comparable & Sendable>: Equatable, Sendable {
    private var elements: [Element] = []

    /// Makes an empty one.
    package init() {}

    /// Whether it is empty.
    package var isEmpty: Bool { elements.isEmpty }

    /// How many values it holds.
    package var count: Int { elements.count }

    /// The least value; `nil` when it is empty.
    package var first: Element? { elements.first }

    /// Adds a value.
    package mutating func insert(_ element: Element) {
        elements.append(element)
        var child = elements.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard elements[child] < elements[parent] else { return }
            elements.swapAt(child, parent)
            child = parent
        }
    }

    /// Takes the least value out; `nil` when it is empty.
    package mutating func popFirst() -> Element? {
        guard let last = elements.popLast() else { return nil }
        guard let first = elements.first else { return last }
        elements[0] = last
        var parent = 0
        while true {
            var least = parent
            let left = 2 * parent + 1
            if left < elements.count, elements[left] < elements[least] { least = left }
            if left + 1 < elements.count, elements[left + 1] < elements[least] { least = left + 1 }
            if least == parent { return first }
            elements.swapAt(parent, least)
            parent = least
        }
    }
}
