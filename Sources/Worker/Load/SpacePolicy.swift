// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletModel

/// When a worker takes no tasks because its disk is full.
///
/// After a task failed for that, somebody has to make space first. What helps
/// that cannot be seen, such as a larger quota, is tried after ten minutes.
package struct SpacePolicy: Sendable, Equatable {
    /// What must be free for anything to be worth a try.
    package static let reserve = ByteCount.mebibytes(64)
    /// How long a failure counts.
    package static let memory: Duration = .seconds(600)

    private var failure: (free: ByteCount, at: Moment)?

    /// Makes a policy of a worker whose disk was never full.
    package init() {}

    package static func == (left: SpacePolicy, right: SpacePolicy) -> Bool {
        left.failure?.free == right.failure?.free && left.failure?.at == right.failure?.at
    }

    /// Notes that a task failed for lack of space, and what was free afterwards.
    package mutating func ranOut(free: ByteCount, now: Moment) { failure = (free, now) }

    /// Whether new tasks are welcome.
    package mutating func takesTasks(free: ByteCount, now: Moment) -> Bool {
        if let failure, free >= failure.free + Self.reserve || now - failure.at >= Self.memory { self.failure = nil }
        return failure == nil && free >= Self.reserve
    }
}
