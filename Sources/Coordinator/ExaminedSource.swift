// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

package import MartletModel

/// A source that was read.
package struct ExaminedSource: Sendable, Equatable {
    /// What it holds.
    package var description: SourceDescription
    /// The main picture's frames; `nil` without a picture.
    package var index: FrameIndex?
    /// How it was made, when it is a copy with one clock of a source whose clock jumps.
    var restamping: Restamping?

    /// How often the picture's clock is set anew.
    package var clockJumps: Int { index?.clockJumps ?? 0 }
}

/// How a copy with one clock differs from its source.
struct Restamping: Sendable, Equatable {
    /// How often the source's clock jumps.
    var jumps: Int
    /// What the copy does not hold.
    var omissions: [Omission]

    /// The share of a job that the copy is taken for, 0 to 1.
    static let share = 0.05

    /// What the user should know.
    var warning: String {
        let times = jumps == 1 ? "once" : "\(jumps) times"
        return "The clock of the source jumps (\(times)): its times were joined into one time line, "
            + "and the result is checked against a copy with these times."
    }
}
