// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletModel

/// What scheduling needs to know of a job.
package struct JobEntry: Equatable, Sendable {
    /// The job's name.
    package var id: JobID
    /// How urgent it is.
    package var priority: Priority
    /// The digest of the ffmpeg build that every task must run on; `nil` for any.
    package var buildDigest: String?
    /// The state that was kept; `queued` for a new job.
    package var state: JobState
    /// The share of the job that is done before its first task, 0 to 1: by an earlier plan, or a copy of the source.
    package var doneBefore: Double
    /// The effort that is expected of tasks that are not planned yet, in reference seconds.
    package var laterCost: Double
    /// Whether software may take over when the hardware that it is planned for fails.
    package var mayFallBack: Bool
    /// Whether somebody watches it, so that its tasks are given out in the order of the film.
    package var isWatched = false

    /// Makes an entry from its parts.
    package init(
        id: JobID, priority: Priority = .normal, buildDigest: String? = nil, state: JobState = .queued,
        doneBefore: Double = 0, laterCost: Double = 0, mayFallBack: Bool = false
    ) {
        self.id = id
        self.priority = priority
        self.buildDigest = buildDigest
        self.state = state
        self.doneBefore = doneBefore
        self.laterCost = laterCost
        self.mayFallBack = mayFallBack
    }
}
