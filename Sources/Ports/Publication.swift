// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletModel

/// A result that is proved and about to be put in place.
///
/// It is kept before the rename: after a crash it tells the job's own output,
/// which is there already, from a stranger's.
package struct Publication: Codable, Sendable, Equatable {
    /// Which content the output has; a rename does not change it.
    package var fingerprint: Fingerprint
    /// How much of it was checked.
    package var level: VerificationLevel
    /// What the job amounts to.
    package var finished: FinishedJob

    /// Makes it from its parts.
    package init(fingerprint: Fingerprint, level: VerificationLevel, finished: FinishedJob) {
        self.fingerprint = fingerprint
        self.level = level
        self.finished = finished
    }
}
