// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

internal import MartletModel

/// The requests that wait for parts.
struct PartWaiters {
    /// One of them.
    struct Waiter {
        /// What is waited for.
        var part: StreamPart
        /// Who waits.
        var viewer: String
        /// Whether any part of the rendition will do: each has the same beginning.
        var wantsInitialization: Bool
        /// Until when.
        var deadline: Moment
        /// Goes on with it.
        var continuation: CheckedContinuation<Void, any Error>
    }

    private var waiters: [Int: Waiter] = [:]
    private var lastNumber = 0

    /// How many wait.
    var count: Int { waiters.count }
    /// Who waits.
    var viewers: Set<String> { Set(waiters.values.map(\.viewer)) }
    /// When the first of them has waited long enough; `nil` when nobody waits.
    var nextDeadline: Moment? { waiters.values.map(\.deadline).min() }
    /// All of them.
    var numbers: [Int] { Array(waiters.keys) }

    /// How many requests of a viewer wait.
    func count(of viewer: String) -> Int { waiters.values.count { $0.viewer == viewer } }

    /// Whether somebody waits for a part.
    func areThere(for part: StreamPart) -> Bool { waiters.values.contains { $0.part == part } }

    /// A number that nobody has.
    mutating func newNumber() -> Int {
        lastNumber += 1
        return lastNumber
    }

    /// Takes in who waits from now on.
    mutating func add(_ waiter: Waiter, as number: Int) { waiters[number] = waiter }

    /// What somebody waits for; `nil` when he does not.
    func part(of number: Int) -> StreamPart? { waiters[number]?.part }

    /// Lets somebody go on, or tells him why not; does nothing when he does not wait.
    mutating func end(_ number: Int, _ result: Result<Void, any Error>) {
        waiters.removeValue(forKey: number)?.continuation.resume(with: result)
    }

    /// Who has waited long enough, and for what.
    func late(at now: Moment) -> [(number: Int, part: StreamPart)] {
        waiters.filter { $0.value.deadline <= now }.map { ($0.key, $0.value.part) }
    }

    /// Who waits for what stands before all segments of a part's rendition, and for which part.
    func forInitialization(of part: StreamPart) -> [(number: Int, part: StreamPart)] {
        waiters.filter { _, waiter in
            waiter.wantsInitialization && waiter.part.film == part.film && waiter.part.rendition == part.rendition
        }.map { ($0.key, $0.value.part) }
    }
}
