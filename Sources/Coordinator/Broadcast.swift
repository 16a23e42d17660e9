// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import MartletModel

/// Hands every event to every listener, in order.
struct Broadcast {
    private var listeners: [Int: AsyncStream<Event>.Continuation] = [:]
    private var nextListener = 0

    /// Adds a listener; the caller removes it when its stream ends.
    mutating func add(_ continuation: AsyncStream<Event>.Continuation) -> Int {
        nextListener += 1
        listeners[nextListener] = continuation
        return nextListener
    }

    /// Forgets a listener.
    mutating func remove(_ listener: Int) { listeners[listener] = nil }

    /// Tells everyone.
    func send(_ event: Event) {
        for listener in listeners.values { listener.yield(event) }
    }

    /// Ends every listener's stream.
    mutating func finish() {
        for listener in listeners.values { listener.finish() }
        listeners = [:]
    }
}
