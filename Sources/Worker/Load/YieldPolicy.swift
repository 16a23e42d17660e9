// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletModel

/// When a worker leaves its machine to the people who use it.
///
/// It takes no new tasks once others have used more than `limit` of the
/// processors for ten seconds, and takes them again once they have used clearly
/// less for thirty.
package struct YieldPolicy: Sendable, Equatable {
    /// The share of all processors, 0 to 1.
    package let limit: Double
    /// Whether new tasks are welcome.
    package private(set) var takesTasks = true
    /// Since when the share has been on the other side.
    private var since: Moment?

    /// How long others must be above the limit.
    package static let patience: Duration = .seconds(10)
    /// How long they must be below it.
    package static let rest: Duration = .seconds(30)

    /// Makes a policy of a worker that takes tasks.
    package init(limit: Double) { self.limit = limit }

    /// Notes which share others used until now; answers whether new tasks are welcome.
    package mutating func note(others: Double, now: Moment) -> Bool {
        let isChanging = takesTasks ? others > limit : others <= limit * 0.8
        guard isChanging else {
            since = nil
            return takesTasks
        }
        let start = since ?? now
        since = start
        if now - start >= (takesTasks ? Self.patience : Self.rest) {
            takesTasks.toggle()
            since = nil
        }
        return takesTasks
    }
}
