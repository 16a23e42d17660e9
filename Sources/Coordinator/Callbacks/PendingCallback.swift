// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletModel

/// A callback that is still owed.
package struct PendingCallback: Codable, Sendable, Equatable {
    /// The job.
    package var job: JobID
    /// Where its end is told.
    package var url: String
    /// What is sent; `nil` while the job goes on.
    package var body: String?
    /// How often it was tried.
    package var tries = 0
}
