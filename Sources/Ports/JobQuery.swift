// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletModel

/// Which jobs are wanted of a store.
package struct JobQuery: Sendable, Equatable {
    /// A place in the order of jobs, newest first.
    package struct Place: Sendable, Equatable {
        /// When a job was submitted, in milliseconds since 1970.
        package var createdMilliseconds: Int64
        /// Its name, which decides among those of one millisecond.
        package var id: JobID

        /// Makes a place.
        package init(createdMilliseconds: Int64, id: JobID) {
            self.createdMilliseconds = createdMilliseconds
            self.id = id
        }
    }

    /// The states that are wanted; empty for all.
    package var states: Set<JobState>
    /// Only jobs that come after this place; `nil` for all.
    package var after: Place?
    /// The most jobs that are wanted.
    package var limit: Int

    /// Makes a query.
    package init(states: Set<JobState> = [], after: Place? = nil, limit: Int = .max) {
        self.states = states
        self.after = after
        self.limit = limit
    }
}
