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

    /// Makes an entry from its parts.
    package init(id: JobID, priority: Priority = .normal, buildDigest: String? = nil, state: JobState = .queued) {
        self.id = id
        self.priority = priority
        self.buildDigest = buildDigest
        self.state = state
    }
}
